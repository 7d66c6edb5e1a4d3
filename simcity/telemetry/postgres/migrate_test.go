package postgres_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/postgres"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// Both readers of the files split them into statements: goose at semicolons unless
// told otherwise, the Supabase CLI by itself. Down there is none.
func TestMigrationsAreOnesOfGooseAndSupabase(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(postgres.Migrations(), "*.sql")
	require.NoError(t, err)
	require.Len(t, names, postgres.SchemaVersion())
	for _, name := range names {
		require.Regexp(t, `^20\d{12}_simcity_\w+\.sql$`, name)
		text, err := fs.ReadFile(postgres.Migrations(), name)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(text), "-- +goose Up\n"), name)
		require.NotContains(t, string(text), "+goose Down")
		parts := strings.Split(string(text), "-- +goose StatementBegin\n")
		require.NotContains(t, parts[0], "$$", name)
		for _, part := range parts[1:] {
			inside, outside, closed := strings.Cut(part, "-- +goose StatementEnd\n")
			require.True(t, closed, name)
			require.Equal(t, 2, strings.Count(inside, "$$"), name)
			require.NotContains(t, outside, "$$", name)
		}
	}
}

// Each file may be applied again, by whatever tool, at any time.
func TestMigrationsAreIdempotent(t *testing.T) {
	t.Parallel()
	address := schema.Database(t)
	store := open(t, address)
	run := telemetrytest.NewRun(1)
	require.NoError(t, store.BeginRun(t.Context(), run))
	require.NoError(t, store.Append(t.Context(), telemetrytest.History(run, 0, 20)))
	names, err := fs.Glob(postgres.Migrations(), "*.sql")
	require.NoError(t, err)
	for range 2 {
		for _, name := range names {
			text, err := fs.ReadFile(postgres.Migrations(), name)
			require.NoError(t, err)
			execute(t, address, string(text))
		}
	}
	chain, err := telemetry.Verify(t.Context(), store, run.ID)
	require.NoError(t, err)
	require.EqualValues(t, 20, chain.Events())
	require.NoError(t, store.BeginRun(t.Context(), telemetrytest.NewRun(2)))
}

// A project that had tables of its own under the same names, with narrower columns,
// narrower checks, and a policy that lets every role write.
const older = `
CREATE TABLE simcity_runs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tier text NOT NULL, seed bigint NOT NULL, concurrency int NOT NULL,
	max_events int NOT NULL, duration_seconds int NOT NULL, started_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz,
	result text CHECK (result IN ('PASS', 'FAIL')), fail_invariant text, fail_event_index int);
CREATE TABLE simcity_run_events (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), run_id uuid NOT NULL REFERENCES simcity_runs (id), event_index int NOT NULL,
	event_type text NOT NULL, event_payload jsonb NOT NULL, observed_at timestamptz NOT NULL DEFAULT now(), state_digest_before text NOT NULL,
	state_digest_after text NOT NULL, invariant_context jsonb);
CREATE UNIQUE INDEX ON simcity_run_events (run_id, event_index);
CREATE TABLE simcity_run_requests (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), requested_by text NOT NULL, tier text NOT NULL, seed bigint NOT NULL,
	concurrency int NOT NULL, max_events int NOT NULL, duration_seconds int NOT NULL, status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'RUNNING')),
	created_at timestamptz NOT NULL DEFAULT now(), started_at timestamptz, ended_at timestamptz, run_id uuid REFERENCES simcity_runs (id));
ALTER TABLE simcity_runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY "service writes" ON simcity_runs USING (true) WITH CHECK (true);
GRANT ALL ON ALL TABLES IN SCHEMA public TO anon, authenticated, service_role;
INSERT INTO simcity_runs (tier, seed, concurrency, max_events, duration_seconds, result) VALUES ('old', 1, 1, 1, 1, 'PASS');
INSERT INTO simcity_run_requests (requested_by, tier, seed, concurrency, max_events, duration_seconds, status) VALUES ('ops', 'old', 1, 1, 1, 1, 'RUNNING');
`

func TestOlderTablesAreBroughtUpToDate(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t, pgtest.Supabase)
	execute(t, address, older)
	store, ctx := open(t, address), t.Context()
	require.NoError(t, store.Migrate(ctx))
	run := telemetrytest.NewRun(1)
	require.NoError(t, store.BeginRun(ctx, run))
	require.NoError(t, store.Append(ctx, telemetrytest.History(run, 0, 20)))
	require.NoError(t, store.Append(ctx, telemetrytest.History(run, 0, 20)))
	require.NoError(t, store.EndRun(ctx, telemetrytest.End(run, "INCONCLUSIVE")))
	stuck, err := store.Claim(ctx, "anna", run.StartedAt, 1)
	require.NoError(t, err)
	require.Equal(t, "old", stuck.Tier, "RUNNING for ever, without a lease")
	require.NoError(t, as(t, address, "authenticated", "SELECT FROM simcity_runs"))
	require.Error(t, as(t, address, "anon", "INSERT INTO simcity_runs (tier, seed, concurrency, max_events, duration_seconds) VALUES ('x', 1, 1, 1, 1)"))
	purged, err := store.Purge(ctx, telemetry.PurgePolicy{Synthetic: true})
	require.NoError(t, err)
	require.Len(t, purged.Runs, 2)
}

// as says a statement as PostgREST does for a role.
func as(t *testing.T, address, role, statement string) error {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	require.NoError(t, err)
	config.User = "authenticator"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "select set_config('role', $1, true)", role); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), statement)
		return err
	})
}

// service_role writes, authenticated reads, anon nothing; events and snapshots are
// never changed by anybody but the owner.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	address := schema.Database(t)
	store := open(t, address)
	run := telemetrytest.NewRun(1)
	require.NoError(t, store.BeginRun(t.Context(), run))
	require.NoError(t, store.Append(t.Context(), telemetrytest.History(run, 0, 20)))
	changes := map[string]string{
		"simcity_runs": "tier", "simcity_run_live": "status", "simcity_run_requests": "tier",
		"simcity_run_events": "event_type", "simcity_run_snapshots": "metrics", "simcity_schema_version": "name",
	}
	for table, column := range changes {
		read, change, remove := "SELECT FROM "+table, "UPDATE "+table+" SET "+column+" = "+column, "DELETE FROM "+table+" WHERE false"
		for _, c := range []struct {
			role, statement string
			may             bool
		}{
			{"service_role", read, true}, {"authenticated", read, true}, {"anon", read, false},
			{"authenticated", change, false}, {"anon", change, false}, {"authenticated", remove, false}, {"anon", remove, false},
			{"service_role", remove, table != "simcity_schema_version"},
			{"service_role", change, table == "simcity_runs" || table == "simcity_run_live" || table == "simcity_run_requests"},
		} {
			err := as(t, address, c.role, c.statement)
			if c.may {
				require.NoError(t, err, "%s: %s", c.role, c.statement)
				continue
			}
			var refused *pgconn.PgError
			require.ErrorAs(t, err, &refused, "%s: %s", c.role, c.statement)
			require.Equal(t, "42501", refused.Code)
		}
	}
}

// A Postgres without Supabase has none of the roles.
func TestPlainPostgresIsEnough(t *testing.T) {
	t.Parallel()
	store := open(t, pgtest.Database(t))
	require.NoError(t, store.Migrate(t.Context()))
	require.NoError(t, store.BeginRun(t.Context(), telemetrytest.NewRun(1)))
}
