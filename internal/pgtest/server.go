package pgtest

import (
	"bytes"
	_ "embed" // the keeper's script
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

//go:embed keeper.sh
var keeperScript string

// server is a throwaway Postgres.
type server struct {
	address string // of its database postgres, as a superuser
	held    io.Closer
	keeper  *exec.Cmd
}

// shared is the one server of this process.
var shared struct {
	once   sync.Once
	server *server
	err    error
}

// address returns that of the server that tests share, and starts it if none is
// given from outside.
func address() (string, error) {
	if given := os.Getenv("SIMCITY_TEST_DATABASE_URL"); given != "" {
		return given, nil
	}
	shared.once.Do(func() { shared.server, shared.err = start(installed()) })
	if shared.err != nil {
		return "", shared.err
	}
	return shared.server.address, nil
}

// Main runs the tests of a package and waits until their server, if they needed
// one, is gone. It is all that a TestMain does:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
func Main(m *testing.M) {
	m.Run() // the testing package keeps its result for when TestMain returns
	if shared.server != nil {
		shared.server.stop()
	}
}

// start makes a new cluster and waits until it answers.
func start(p places) (*server, error) {
	bin, err := p.find()
	if err != nil {
		return nil, err
	}
	home, owner, err := newHome()
	if err != nil {
		return nil, err
	}
	s := &server{
		address: "postgres://postgres@/postgres?host=" + url.QueryEscape(home),
		keeper:  exec.Command("/bin/sh", "-c", keeperScript, "keeper", bin, home),
	}
	s.keeper.Dir = home
	s.keeper.Env = []string{"PATH=" + bin + ":/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	// A session of its own: the interrupt key and a signal to the test's group
	// reach the test alone, and the keeper lives to tidy up.
	s.keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: owner}
	if err := s.await(); err != nil {
		return nil, errors.Join(fmt.Errorf("pgtest: Postgres of %s did not start: %w", bin, err), os.RemoveAll(home))
	}
	return s, nil
}

// await starts the keeper and reads until it says that the server is ready.
func (s *server) await() error {
	in, err := s.keeper.StdinPipe()
	if err != nil {
		return err
	}
	out, err := s.keeper.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.keeper.Start(); err != nil {
		return err
	}
	s.held = in
	ready, said := []byte("ready\n"), []byte(nil)
	for buffer := make([]byte, 4096); !bytes.HasSuffix(said, ready); {
		n, err := out.Read(buffer)
		said = append(said, buffer[:n]...)
		if err != nil {
			return errors.Join(errors.New(string(said)), s.keeper.Wait())
		}
	}
	return nil
}

// stop ends the server and returns when its folder is gone.
func (s *server) stop() {
	_ = s.held.Close()  // the keeper's sign; closing a pipe twice does no harm
	_ = s.keeper.Wait() // all it has to say is on the disk that it removes
}

// plain are paths that need no quoting, neither in a shell nor in Postgres'
// configuration.
var plain = regexp.MustCompile(`^[A-Za-z0-9/_.-]*$`)

// socketPathMax is what fits into an address of a unix socket on every system.
const socketPathMax = 103

// newHome makes the server's folder, with the one who will own it: nil for
// ourselves. As root that is somebody else, who may be kept out of the folder
// that TMPDIR names.
func newHome() (string, *syscall.Credential, error) {
	base := os.TempDir()
	if len(base)+len("/simcity-pg-1234567890/.s.PGSQL.5432") > socketPathMax || !plain.MatchString(base) || os.Geteuid() == 0 {
		base = "/tmp"
	}
	home, err := os.MkdirTemp(base, "simcity-pg-")
	if err != nil || os.Geteuid() != 0 {
		return filepath.Clean(home), nil, err
	}
	owner, err := lesser()
	if err == nil {
		err = os.Chown(home, int(owner.Uid), int(owner.Gid))
	}
	if err != nil {
		return "", nil, errors.Join(err, os.Remove(home))
	}
	return home, owner, nil
}

// lesser is whom root becomes: Postgres refuses to run as root.
func lesser() (*syscall.Credential, error) {
	var missing error
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			missing = errors.Join(missing, err)
			continue
		}
		uid, err := strconv.ParseUint(found.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(found.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("pgtest: Postgres refuses root, and there is nobody else to run it as: %w", missing)
}
