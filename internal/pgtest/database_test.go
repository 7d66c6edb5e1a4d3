package pgtest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// statement is a setup of one statement.
func statement(sql string) Setup {
	return func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	}
}

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	one := connect(t, Database(t, statement("create table things as select 1 as n")))
	other := connect(t, Database(t))
	require.Equal(t, 1, ask[int](t, one, "select n from things"))
	require.True(t, ask[bool](t, other, "select to_regclass('things') is null"))
	require.Equal(t, "UTF8 C UTC", ask[string](t, one,
		"select concat_ws(' ', getdatabaseencoding(), datcollate, current_setting('timezone')) from pg_database where datname = current_database()"))
}

// A database goes away at its test's end, even when a host forgot to close its
// connections.
func TestDatabaseIsDroppedWhoeverUsesIt(t *testing.T) {
	t.Parallel()
	watcher := connect(t, Database(t))
	var name string
	var forgotten *pgx.Conn
	t.Run("the test", func(t *testing.T) {
		address := Database(t)
		var err error
		forgotten, err = pgx.Connect(context.Background(), address)
		require.NoError(t, err)
		name = forgotten.Config().Database
	})
	require.False(t, ask[bool](t, watcher, "select exists (select from pg_database where datname = $1)", name))
	require.Error(t, forgotten.Ping(t.Context()))
}

// A database that was given back goes to the next subtest, emptied.
func TestLentDatabasesAreUsedAgain(t *testing.T) {
	t.Parallel()
	template := Template{Setup: []Setup{statement("create table things(n int)")}}
	used := map[string]bool{}
	t.Run("all", func(t *testing.T) {
		lend := template.Lend(t, statement("truncate things"))
		for _, name := range []string{"first", "second", "third"} {
			t.Run(name, func(t *testing.T) {
				address := lend(t)
				used[address] = true
				lent := connect(t, address)
				require.Zero(t, ask[int](t, lent, "select count(*) from things"))
				_, err := lent.Exec(t.Context(), "insert into things values (1)")
				require.NoError(t, err)
			})
		}
		require.Len(t, used, 1)
		t.Run("two at once", func(t *testing.T) { require.NotEqual(t, lend(t), lend(t)) })
	})
	for address := range used {
		_, err := pgx.Connect(t.Context(), address)
		require.ErrorContains(t, err, "does not exist", "it is dropped")
	}
}

func TestTemplateIsSetUpOnce(t *testing.T) {
	t.Parallel()
	setUp := 0
	template := Template{Setup: []Setup{
		statement("create table things(n int)"),
		func(context.Context, *pgx.Conn) error { setUp++; return nil },
	}}
	for range 3 {
		copied := connect(t, template.Database(t, statement("insert into things values (1)")))
		require.Equal(t, 1, ask[int](t, copied, "select count(*) from things"))
	}
	require.Equal(t, 1, setUp)
}

func TestFailedSetupFailsTheTest(t *testing.T) {
	t.Parallel()
	_ = Database(t)
	template := Template{Setup: []Setup{statement("select 1"), statement("selec 1")}}
	for range 2 { // a template that failed once is never copied
		w := told(t, func(tb testing.TB) { template.Database(tb) })
		require.Regexp(t, `^pgtest: the template: setup 2 of simcity_template_\w+: ERROR: syntax error`, w.failed)
	}
	w := told(t, func(tb testing.TB) {
		Database(tb, func(context.Context, *pgx.Conn) error { return errors.New("no migrations") })
	})
	require.Regexp(t, `^pgtest: setup 1 of simcity_test_\w+: no migrations$`, w.failed)
}

func TestAddressOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]string{
		"postgres://postgres@/postgres?host=%2Ftmp%2Fx": "postgres://postgres@/mine?host=%2Ftmp%2Fx",
		"postgresql://me:pw@db:5433/a?sslmode=disable":  "postgresql://me:pw@db:5433/mine?sslmode=disable",
		"host=/tmp/x user=postgres dbname=postgres":     "host=/tmp/x user=postgres dbname=postgres dbname=mine",
		"postgres://db": "postgres://db/mine",
	} {
		require.Equal(t, want, in(server, "mine"))
		config, err := pgx.ParseConfig(in(server, "mine"))
		require.NoError(t, err)
		require.Equal(t, "mine", config.Database)
	}
}

// The databases of a server that was given from outside are made there.
func TestGivenServerIsUsed(t *testing.T) {
	t.Parallel()
	given := Database(t)
	for _, address := range []string{given, "host=" + connect(t, given).Config().Host + " user=postgres dbname=postgres"} {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDatabasesAreApart$")
		command.Env = append(os.Environ(), "SIMCITY_TEST_DATABASE_URL="+address, "PATH=")
		output, err := command.CombinedOutput()
		require.NoError(t, err, string(output))
	}
}
