package pgtest

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMissingPostgresIsASkipByName(t *testing.T) {
	t.Parallel()
	_, err := start(places{path: []string{t.TempDir()}, globs: []string{"/nowhere/*/bin"}})
	const why = "no initdb, pg_ctl and postgres in PATH, pg_config --bindir, /nowhere/*/bin: install the server (apt-get install postgresql, dnf install postgresql-server, brew install postgresql) or set SIMCITY_TEST_DATABASE_URL"
	require.EqualError(t, err, why)

	w := told(t, func(tb testing.TB) { refuse(tb, err, false) })
	require.Equal(t, "Postgres is missing: "+why, w.skipped)
	require.Empty(t, w.failed)

	w = told(t, func(tb testing.TB) { refuse(tb, err, true) })
	require.Equal(t, "Postgres is missing, and SIMCITY_REQUIRE asks for it: "+why, w.failed)
	require.Empty(t, w.skipped)
}

// A Postgres that is there and does not work is never a skip.
func TestBrokenPostgresFails(t *testing.T) {
	t.Parallel()
	w := told(t, func(tb testing.TB) { refuse(tb, errors.New("disk full"), false) })
	require.Equal(t, "disk full", w.failed)
	require.Empty(t, told(t, func(tb testing.TB) { refuse(tb, nil, true) }).failed)
}

// A server from outside that does not answer is a failure: somebody asked for it.
func TestGivenServerThatIsAwayFails(t *testing.T) {
	t.Parallel()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDatabasesAreApart$", "-test.v")
	command.Env = append(os.Environ(), "SIMCITY_TEST_DATABASE_URL=postgres:///nothing?host=/nowhere")
	output, err := command.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(output), "--- FAIL: TestDatabasesAreApart")
	require.Contains(t, string(output), "/nowhere")
}
