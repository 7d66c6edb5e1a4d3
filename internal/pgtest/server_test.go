package pgtest

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// However the test process ends, the keeper stops the server: who is connected
// loses the connection, and the folder goes away.
func TestServerDoesNotOutliveItsProcess(t *testing.T) {
	t.Parallel()
	_ = Database(t) // skips where there is no Postgres
	if os.Getenv("SIMCITY_TEST_DATABASE_URL") != "" {
		t.Skip("Postgres is given from outside, perhaps without being installed here")
	}
	for _, death := range []string{"kill -9", "panic", "os.Exit"} {
		t.Run(death, func(t *testing.T) {
			t.Parallel()
			victim, die, address := startVictim(t, death)
			conn := connect(t, address)
			parsed, err := url.Parse(address)
			require.NoError(t, err)
			home := parsed.Query().Get("host")
			require.DirExists(t, home)

			if death == "kill -9" {
				require.NoError(t, victim.Process.Kill())
			} else {
				require.NoError(t, die.Close())
			}
			_ = victim.Wait() // it did not end well, on purpose
			_, err = conn.WaitForNotification(t.Context())
			require.Error(t, err)
			require.NoError(t, t.Context().Err(), "the server ended the session, nobody else")
			require.Eventually(t, func() bool {
				_, err := os.Stat(home)
				return os.IsNotExist(err)
			}, time.Minute, 10*time.Millisecond)
		})
	}
}

func TestStoppedServerLeavesNothing(t *testing.T) {
	t.Parallel()
	_ = Database(t)
	server, err := start(installed())
	refuse(t, err, false)
	parsed, err := url.Parse(server.address)
	require.NoError(t, err)
	home := parsed.Query().Get("host")
	require.FileExists(t, filepath.Join(home, ".s.PGSQL.5432.lock"))
	server.stop()
	server.stop()
	require.NoDirExists(t, home)
}

// A server that cannot start says why, in its own words, and leaves no folder.
func TestServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	bin := broken(t)
	_, err := start(places{globs: []string{bin}})
	require.ErrorContains(t, err, "pgtest: Postgres of "+bin+" did not start: initdb: no space left on Mars")
}

// broken is a folder with commands that do not work, for whoever runs them.
func broken(t *testing.T) string {
	t.Helper()
	bin, err := os.MkdirTemp("/tmp", "simcity-broken-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(bin)) })
	require.NoError(t, os.Chmod(bin, 0o755))
	commands(t, bin, "#!/bin/sh\necho initdb: no space left on Mars\nexit 1\n", "initdb", "pg_ctl", "postgres")
	return bin
}

func commands(t *testing.T, folder, text string, names ...string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o755))
	for _, name := range names {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755))
	}
}

func TestHomeFitsASocketAddress(t *testing.T) {
	deep := filepath.Join(t.TempDir(), strings.Repeat("deep/", 20))
	require.NoError(t, os.MkdirAll(deep, 0o755))
	for _, base := range []string{deep, "/tmp/it's here"} {
		t.Setenv("TMPDIR", base)
		home, _, err := newHome()
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, os.Remove(home)) })
		require.Regexp(t, `^/tmp/simcity-pg-\d+$`, home)
	}
}
