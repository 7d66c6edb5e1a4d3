package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/postgres"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

func TestWrongDSNsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for dsn, fix := range map[string]string{
		"":                                       "",
		"postgres://me:secret@db:what/x":         "it cannot be read; write postgres://user:password@host:5432/database",
		"postgres://me:sec ret@db/x":             "it cannot be read",
		"postgres://me:secret@db":                "it names no database; write postgres://user:password@db/database",
		"postgres://me:secret@db/x?sslmode=what": "it cannot be read",
	} {
		if dsn == "" {
			continue
		}
		_, err := postgres.Open(dsn)
		require.ErrorContains(t, err, fix, dsn)
		require.NotContains(t, err.Error(), "sec", dsn)
	}
}

// What is wrong with an address is told before the run, by the first call.
func TestFirstCallSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	address := schema.Database(t)
	config, err := pgx.ParseConfig(address)
	require.NoError(t, err)
	for _, c := range []struct {
		dsn, want, fix string
		transient      bool
	}{
		{strings.Replace(address, config.Database, "nowhere", 1), `database "nowhere" does not exist`, "create the database, or correct its name", false},
		{strings.Replace(address, "postgres@", "nobody:secret@", 1), `role "nobody" does not exist`, "correct the user", false},
		{strings.Replace(address, "postgres@", "authenticator:secret@", 1), "permission denied", "the rights of service_role", false},
		{"postgres://me:secret@127.0.0.1:1/x?sslmode=disable", "connection refused", "see that the server runs, and that host and port in the DSN are right", true},
	} {
		err := open(t, c.dsn).BeginRun(t.Context(), telemetrytest.NewRun(1))
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, c.fix)
		require.Equal(t, c.transient, telemetry.Transient(err), "%v", err)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestSchemaThatDoesNotFitSaysSoEverywhere(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	store, ctx := open(t, address), t.Context()
	errs := func() map[string]error {
		run := telemetrytest.NewRun(1)
		_, run1 := store.Run(ctx, run.ID)
		_, runs := store.Runs(ctx, telemetry.RunFilter{})
		_, live := store.Live(ctx, run.ID)
		_, events := store.Events(ctx, run.ID, 0, 1)
		_, snapshots := store.Snapshots(ctx, run.ID, 0, 1)
		_, purged := store.Purge(ctx, telemetry.PurgePolicy{Synthetic: true})
		_, claimed := store.Claim(ctx, "x", run.StartedAt, 1)
		_, request := store.Request(ctx, run.ID)
		return map[string]error{
			"BeginRun": store.BeginRun(ctx, run), "Append": store.Append(ctx, telemetry.Batch{RunID: run.ID}), "EndRun": store.EndRun(ctx, run),
			"Run": run1, "Runs": runs, "Live": live, "Events": events, "Snapshots": snapshots, "Purge": purged, "Claim": claimed, "Request": request,
			"AddRequest": store.AddRequest(ctx, telemetry.RunRequest{ID: run.ID, CreatedAt: run.StartedAt}),
		}
	}
	var mismatch *telemetry.SchemaError
	for method, err := range errs() {
		require.ErrorAs(t, err, &mismatch, method)
		require.ErrorContains(t, err, "call Migrate", method)
		require.False(t, telemetry.Transient(err), method)
	}
	require.NoError(t, store.Migrate(ctx))
	require.NoError(t, store.BeginRun(ctx, telemetrytest.NewRun(1)))
	execute(t, address, "INSERT INTO simcity_schema_version (version, name) VALUES (99, 'later')")
	for method, err := range map[string]error{"Migrate": store.Migrate(ctx), "BeginRun": store.BeginRun(ctx, telemetrytest.NewRun(2))} {
		require.ErrorAs(t, err, &mismatch, method)
		require.ErrorContains(t, err, "version 99 of the schema, and this SimCity needs 4: it was written by a newer SimCity")
	}
}

// A table that somebody dropped is told before the run, and Migrate makes it anew
// without touching the others.
func TestMissingTableIsToldBeforeTheRun(t *testing.T) {
	t.Parallel()
	address := schema.Database(t)
	store, ctx := open(t, address), t.Context()
	require.NoError(t, store.AddRequest(ctx, telemetry.RunRequest{ID: telemetrytest.RunID(9), CreatedAt: time.Now()}))
	for n, table := range []string{"simcity_runs", "simcity_run_events", "simcity_run_snapshots", "simcity_run_live"} {
		execute(t, address, "DROP TABLE "+table+" CASCADE")
		run := telemetrytest.NewRun(n)
		err := store.BeginRun(ctx, run)
		require.ErrorContains(t, err, "has no table "+table+": call Migrate, or run")
		require.False(t, telemetry.Transient(err))
		require.NoError(t, store.Migrate(ctx))
		require.NoError(t, store.BeginRun(ctx, run))
		require.NoError(t, store.Append(ctx, telemetrytest.History(run, 0, 20)))
		require.ErrorIs(t, store.Append(ctx, telemetrytest.History(telemetrytest.NewRun(404), 0, 1)), telemetry.ErrNoRun, "rows belong to a run again")
	}
	_, err := store.Request(ctx, telemetrytest.RunID(9))
	require.NoError(t, err)
}

// execute says statements to a database, as its superuser.
func execute(t testing.TB, address, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.PgConn().Exec(t.Context(), statements).ReadAll()
	require.NoError(t, err)
}

func TestTextsThatAreNoUUIDsAreUnknown(t *testing.T) {
	t.Parallel()
	store, ctx := open(t, schema.Database(t)), t.Context()
	for _, id := range []string{"", "x", "' OR true --"} {
		_, err := store.Run(ctx, id)
		require.ErrorIs(t, err, telemetry.ErrNoRun)
		_, err = store.Events(ctx, id, 0, 1)
		require.ErrorIs(t, err, telemetry.ErrNoRun)
		require.ErrorIs(t, store.Append(ctx, telemetry.Batch{RunID: id}), telemetry.ErrNoRun)
		_, err = store.Request(ctx, id)
		require.ErrorIs(t, err, telemetry.ErrNoRequest)
		require.ErrorIs(t, store.AskStop(ctx, id, telemetrytest.NewRun(1).StartedAt), telemetry.ErrNoRequest)
	}
}

// What a server says when its disk is full, when it has no connection left, when it
// ends, and the like: with each of them Append adds nothing, and the delivery knows
// whether to try again.
func TestTroubleOfTheServerIsTransient(t *testing.T) {
	t.Parallel()
	address := schema.Database(t)
	store, run := open(t, address), telemetrytest.NewRun(1)
	require.NoError(t, store.BeginRun(t.Context(), run))
	execute(t, address, `CREATE TABLE trouble (code text);
		CREATE FUNCTION make_trouble() RETURNS trigger LANGUAGE plpgsql AS $$
		DECLARE wanted text; BEGIN
			SELECT code INTO wanted FROM trouble;
			IF wanted <> '' AND NEW.event_index = 7 THEN RAISE EXCEPTION 'planted' USING ERRCODE = wanted; END IF;
			RETURN NEW;
		END $$;
		CREATE TRIGGER planted BEFORE INSERT ON simcity_run_events FOR EACH ROW EXECUTE FUNCTION make_trouble();
		INSERT INTO trouble VALUES ('')`)
	for code, passes := range map[string]bool{
		"53100": true /* disk full */, "53200": true /* out of memory */, "53300": true /* too many connections */, "57014": true, /* statement timeout */
		"57P01": true /* shutdown */, "57P03": true /* starting */, "40001": true, "40P01": true /* deadlock */, "58030": true /* I/O error */, "55P03": true,
		"25006": true /* a standby */, "23514": false, "22001": false, "42501": false, "P0001": false,
	} {
		execute(t, address, "UPDATE trouble SET code = '"+code+"'")
		err := store.Append(t.Context(), telemetrytest.History(run, 0, 20))
		require.ErrorContains(t, err, code)
		require.Equal(t, passes, telemetry.Transient(err), "%v", err)
		events, err := store.Events(t.Context(), run.ID, 0, 1)
		require.NoError(t, err)
		require.Empty(t, events, code)
	}
	execute(t, address, "UPDATE trouble SET code = ''")
	require.NoError(t, store.Append(t.Context(), telemetrytest.History(run, 0, 20)))
	_, err := telemetry.Verify(t.Context(), store, run.ID)
	require.NoError(t, err)
}

// A statement that the server ends for its length, as a Supabase project does, is
// trouble that passes.
func TestStatementTimeoutIsTransient(t *testing.T) {
	t.Parallel()
	address := schema.Database(t)
	store, calm := open(t, address+"&statement_timeout=50"), open(t, address)
	run := telemetrytest.NewRun(1)
	require.NoError(t, calm.BeginRun(t.Context(), run))
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "LOCK TABLE simcity_run_events IN EXCLUSIVE MODE")
	require.NoError(t, err)
	err = store.Append(t.Context(), telemetrytest.History(run, 0, 10))
	require.ErrorContains(t, err, "statement timeout")
	require.True(t, telemetry.Transient(err))
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, calm.Append(t.Context(), telemetrytest.History(run, 0, 10)))
}
