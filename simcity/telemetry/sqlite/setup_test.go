package sqlite_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/sqlite"
)

// morning is long enough for a history of more than a thousand events.
const morning = 8 * time.Hour

// baseline is an ordinary day on the reference app, or a part of it, in which what is
// rare may not happen.
func baseline(seed uint64, duration time.Duration) *simcity.Simulation {
	day := scenarios.Baseline()
	if duration > 0 {
		day.Duration, day.AllowEmpty = duration, []string{"*"}
	}
	return simcity.New(day).Seed(seed).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		return booking.New(booking.Config{Store: booking.NewMemoryStore(), Logger: w.Logger()})
	}))
}

// The settings of a child process: the store's file, the folder of its spill file,
// the seed, and how many hours of simulated time.
const (
	childFile  = "SIMCITY_TEST_CHILD_FILE"
	childSpill = "SIMCITY_TEST_CHILD_SPILL"
	childSeed  = "SIMCITY_TEST_CHILD_SEED"
	childHours = "SIMCITY_TEST_CHILD_HOURS"
)

// TestMain runs a simulation instead of the tests in a process that a test has
// started to kill it.
func TestMain(m *testing.M) {
	if os.Getenv(childFile) == "" {
		os.Exit(m.Run())
	}
	if err := child(); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

// child prints the index of each event before it is recorded, and at last the
// verdict.
func child() error {
	store, err := sqlite.OpenOrCreate(os.Getenv(childFile))
	if err != nil {
		return err
	}
	defer store.Close()
	seed, _ := strconv.ParseUint(os.Getenv(childSeed), 10, 64)
	hours, _ := strconv.Atoi(os.Getenv(childHours))
	running, err := baseline(seed, time.Duration(hours)*time.Hour).
		Report(telemetry.NewReporter(store, telemetry.Options{SpillDir: os.Getenv(childSpill)})).
		Watch(func(e simcity.Event) { os.Stdout.WriteString("event " + strconv.FormatInt(e.Index, 10) + "\n") }).
		Start(context.Background())
	if err != nil {
		return err
	}
	res := running.Wait()
	fmt.Println("end", res.Verdict, strings.Join(res.Reasons, "; "))
	return nil
}

// process is a child.
type process struct {
	*exec.Cmd
	out    *bufio.Reader
	stderr *bytes.Buffer
}

func start(t *testing.T, file, spill string, seed, hours int) *process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.Command(self), stderr: new(bytes.Buffer)}
	p.Env = append(os.Environ(), childFile+"="+file, childSpill+"="+spill, fmt.Sprint(childSeed, "=", seed), fmt.Sprint(childHours, "=", hours))
	p.Stderr = p.stderr
	out, err := p.StdoutPipe()
	require.NoError(t, err)
	p.out = bufio.NewReader(out)
	require.NoError(t, p.Start())
	return p
}

// line reads the next line, or io.EOF.
func (p *process) line(t *testing.T) (string, error) {
	t.Helper()
	text, err := p.out.ReadString('\n')
	if err != nil && err != io.EOF {
		require.NoError(t, err)
	}
	return strings.TrimSuffix(text, "\n"), err
}
