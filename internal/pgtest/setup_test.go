package pgtest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// A test binary that finds this in its environment plays the test process that
// dies in the middle of its work.
const victimSetting = "PGTEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victimSetting) != "" {
		fall()
	}
	Main(m)
}

// fall starts a server, tells its address, and dies the way it is told to.
func fall() {
	server, err := start(installed())
	if err != nil {
		panic(err)
	}
	fmt.Println(server.address)
	_, _ = io.Copy(io.Discard, os.Stdin)
	if os.Getenv(victimSetting) == "panic" {
		panic("planted")
	}
	os.Exit(1)
}

// startVictim returns such a process, how to tell it to die, and the address of
// its server.
func startVictim(t *testing.T, death string) (victim *exec.Cmd, die io.Closer, address string) {
	t.Helper()
	victim = exec.CommandContext(t.Context(), os.Args[0])
	victim.Env = append(os.Environ(), victimSetting+"="+death)
	in, err := victim.StdinPipe()
	require.NoError(t, err)
	out, err := victim.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, victim.Start())
	address, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return victim, in, strings.TrimSpace(address)
}

// witness is a test as the package sees it, which keeps what it is told.
type witness struct {
	testing.TB
	skipped, failed string
}

func (w *witness) Helper() {}

func (w *witness) Skipf(format string, args ...any) {
	w.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (w *witness) Fatalf(format string, args ...any) {
	w.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// told runs do with a witness and returns what it was told.
func told(t *testing.T, do func(testing.TB)) *witness {
	t.Helper()
	w, done := &witness{TB: t}, make(chan struct{})
	go func() {
		defer close(done)
		do(w)
	}()
	<-done
	return w
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) }) // the server may be gone
	return conn
}

// ask returns the one value of a query.
func ask[T any](t *testing.T, conn *pgx.Conn, query string, args ...any) (value T) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), query, args...).Scan(&value))
	return value
}
