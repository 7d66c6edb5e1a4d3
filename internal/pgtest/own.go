package pgtest

import (
	"fmt"
	"net/url"
	"os/exec"
	"syscall"
	"testing"

	"github.com/bookiji/simcity/internal/parts"
)

// A Server is one that a test has for itself, to stop it and to start it again.
// It keeps what was committed, also when it crashes.
type Server struct {
	*server
	bin string
}

// NewServer starts a server that ends with t. Without Postgres it skips t, as
// [Database] does; a server that is given from outside is left alone.
func NewServer(t testing.TB) *Server {
	t.Helper()
	places := installed()
	bin, err := places.find()
	refuse(t, err, parts.Required(t, "postgres"))
	started, err := start(places)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(started.stop)
	// The shared servers forget their last transactions in a crash, for speed.
	for _, statement := range []string{"ALTER SYSTEM SET synchronous_commit = on", "SELECT pg_reload_conf()"} {
		if err := administer(t.Context(), started.address, statement); err != nil {
			t.Fatalf("pgtest: %v", err)
		}
	}
	return &Server{server: started, bin: bin}
}

// Database makes a database on the server, which the setups fill, and returns its
// address.
func (s *Server) Database(t testing.TB, setups ...Setup) string {
	t.Helper()
	name := newName("test")
	if err := administer(t.Context(), s.address, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	if err := fill(t.Context(), in(s.address, name), setups); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return in(s.address, name)
}

// Crash stops the server at once, without telling anybody: pg_ctl stop -m
// immediate. It returns when the server is gone.
func (s *Server) Crash(t testing.TB) {
	t.Helper()
	s.control(t, "-m", "immediate", "stop")
}

// Restart starts the server that has crashed, and returns when it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.control(t, "-l", s.home()+"/server.log", "-t", "60", "start")
}

func (s *Server) home() string {
	parsed, _ := url.Parse(s.address) // which start has written
	return parsed.Query().Get("host")
}

// control runs pg_ctl as whoever owns the server.
func (s *Server) control(t testing.TB, arguments ...string) {
	t.Helper()
	command := exec.Command(s.bin+"/pg_ctl", append([]string{"-D", s.home() + "/data", "-w", "-s"}, arguments...)...)
	command.Dir, command.Env = s.home(), s.keeper.Env
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: s.keeper.SysProcAttr.Credential}
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("pgtest: pg_ctl: %v", fmt.Errorf("%w: %s", err, said))
	}
}
