package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestMain stops the server that tests started.
func TestMain(m *testing.M) {
	code := m.Run()
	if server.stop != nil {
		server.stop()
	}
	os.Exit(code)
}

// server is the throwaway Postgres of this process.
var server struct {
	once sync.Once
	dsn  string
	err  error
	stop func()
	last atomic.Int64
}

// database returns the address of a fresh database on a real server, with the
// roles of Supabase. It is called outside of bubbles.
func database(t testing.TB) string {
	t.Helper()
	server.once.Do(func() { server.dsn, server.stop, server.err = startServer() })
	if errors.Is(server.err, errNoPostgres) {
		t.Skip("no Postgres: initdb and pg_ctl are not installed")
	}
	require.NoError(t, server.err)
	name := fmt.Sprintf("test_%d", server.last.Add(1))
	root := connect(t, server.dsn+" dbname=postgres")
	_, err := root.Exec(t.Context(), `create database `+name)
	require.NoError(t, err)
	return server.dsn + " dbname=" + name
}

// connect opens a connection that the test closes.
func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

var errNoPostgres = errors.New("no Postgres")

func startServer() (dsn string, stop func(), err error) {
	initdb := newest("/usr/lib/postgresql/*/bin/initdb")
	if initdb == "" {
		return "", nil, errNoPostgres
	}
	home, err := os.MkdirTemp("/tmp", "simcity-pg-")
	if err != nil {
		return "", nil, err
	}
	var as *syscall.Credential
	if os.Geteuid() == 0 {
		owner, err := user.Lookup("postgres")
		if err != nil {
			return "", nil, err
		}
		uid, _ := strconv.Atoi(owner.Uid)
		gid, _ := strconv.Atoi(owner.Gid)
		as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(home, uid, gid); err != nil {
			return "", nil, err
		}
	}
	run := func(name string, args ...string) error {
		command := exec.Command(filepath.Join(filepath.Dir(initdb), name), args...)
		command.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		command.Dir = home
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, output)
		}
		return nil
	}
	data := filepath.Join(home, "data")
	stop = func() {
		_ = run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
		_ = os.RemoveAll(home)
	}
	if err := run("initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync"); err != nil {
		return "", stop, err
	}
	options := "-c listen_addresses='' -c fsync=off -c autovacuum=off -c jit=off -c shared_buffers=32MB -c unix_socket_directories=" + home
	if err := run("pg_ctl", "-D", data, "-l", filepath.Join(home, "log"), "-o", options, "-w", "start"); err != nil {
		return "", stop, err
	}
	dsn = "host=" + home + " user=postgres"
	conn, err := pgx.Connect(context.Background(), dsn+" dbname=postgres")
	if err == nil {
		_, err = conn.Exec(context.Background(), `create role anon nologin; create role authenticated nologin; create role service_role nologin bypassrls`)
		err = errors.Join(err, conn.Close(context.Background()))
	}
	return dsn, stop, err
}

func newest(pattern string) string {
	found, _ := filepath.Glob(pattern)
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}
