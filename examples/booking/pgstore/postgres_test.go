package pgstore_test

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
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking/pgstore"
)

// cluster is a throwaway Postgres of this test binary.
var cluster struct {
	once   sync.Once
	dir    string
	err    error
	serial atomic.Int64
}

func TestMain(m *testing.M) {
	code := m.Run()
	if cluster.dir != "" {
		_ = as(cluster.dir, "pg_ctl", "-D", cluster.dir+"/data", "-m", "immediate", "stop").Run()
		_ = os.RemoveAll(cluster.dir)
	}
	os.Exit(code)
}

// database makes an empty database and returns how to connect to it.
func database(t testing.TB) string {
	t.Helper()
	cluster.once.Do(func() { cluster.err = start() })
	if errors.Is(cluster.err, exec.ErrNotFound) {
		t.Skipf("no Postgres: %v", cluster.err)
	}
	require.NoError(t, cluster.err)
	conn, err := pgx.Connect(t.Context(), dsn("postgres"))
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	name := fmt.Sprintf("test_%d", cluster.serial.Add(1))
	_, err = conn.Exec(t.Context(), "create database "+name)
	require.NoError(t, err)
	return dsn(name)
}

func dsn(name string) string {
	return fmt.Sprintf("host=%s user=postgres dbname=%s", cluster.dir, name)
}

func start() error {
	dir, err := os.MkdirTemp("", "pgstore")
	if err != nil {
		return err
	}
	if os.Getuid() == 0 {
		id, err := credential()
		if err != nil {
			return err
		}
		if err := os.Chown(dir, int(id.Uid), int(id.Gid)); err != nil {
			return err
		}
	}
	cluster.dir = dir
	initdb := as(dir, "initdb", "-D", dir+"/data", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	options := fmt.Sprintf("-k %s -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200", dir)
	run := as(dir, "pg_ctl", "-D", dir+"/data", "-w", "-l", dir+"/log", "-o", options, "start")
	if err := run.Run(); err != nil {
		return fmt.Errorf("pg_ctl: %w", err)
	}
	conn, err := pgx.Connect(context.Background(), dsn("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(context.Background(), `create role anon; create role authenticated; create role service_role bypassrls`)
	return errors.Join(err, conn.Close(context.Background()))
}

// as is a command of Postgres, which does not run as root.
func as(dir, name string, args ...string) *exec.Cmd {
	path, err := exec.LookPath(name)
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
		if len(found) > 0 {
			path = found[len(found)-1]
		}
	}
	command := exec.Command(name, args...)
	if path != "" {
		command = exec.Command(path, args...)
	}
	command.Dir = dir
	if os.Getuid() == 0 {
		id, _ := credential()
		command.SysProcAttr = &syscall.SysProcAttr{Credential: id}
	}
	return command
}

func credential() (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// migrated makes a database with the schema.
func migrated(t testing.TB) string {
	t.Helper()
	url := database(t)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	require.NoError(t, pgstore.Migrate(t.Context(), conn))
	return url
}

// connect makes a pool of four connections that keeps no time of its own.
func connect(ctx context.Context, url string, change ...func(*pgxpool.Config)) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	const never = 10_000 * time.Hour
	config.MaxConns = 4
	config.MaxConnLifetime, config.MaxConnIdleTime, config.HealthCheckPeriod = never, never, never
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	for _, c := range change {
		c(config)
	}
	return pgxpool.NewWithConfig(ctx, config)
}

// bench is a store with the pool it uses.
type bench struct {
	*pgstore.Store
	pool *pgxpool.Pool
}

// setup opens a store in a database of its own.
func setup(t testing.TB, bugs ...pgstore.Bug) bench {
	t.Helper()
	return open(t, migrated(t), pgstore.Config{Bugs: bugs})
}

func open(t testing.TB, url string, config pgstore.Config, change ...func(*pgxpool.Config)) bench {
	t.Helper()
	pool, err := connect(t.Context(), url, change...)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	config.Pool = pool
	store, err := pgstore.Open(t.Context(), config)
	require.NoError(t, err)
	return bench{store, pool}
}

// exec runs statements as the owner.
func (b bench) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	_, err := b.pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}
