package supabase_test

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/parts"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

func TestSupabaseConforms(t *testing.T) {
	t.Parallel()
	lend := schema.Lend(t, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "TRUNCATE simcity_runs, simcity_run_requests CASCADE")
		return err
	})
	var opened atomic.Int64
	telemetrytest.Run(t, func(t *testing.T) telemetry.Store {
		key := []string{secretKey, serviceKey}[opened.Add(1)%2] // both kinds do the same
		return open(t, project(t, lend(t)), key)
	})
}

// Against a real project: one run with its rows, which is deleted again. Nothing
// else in the project is touched.
func TestLiveProject(t *testing.T) {
	address, key := os.Getenv("SIMCITY_TEST_SUPABASE_URL"), os.Getenv("SIMCITY_TEST_SUPABASE_KEY")
	if address == "" || key == "" {
		parts.Demand(t, "supabase", errors.New("no project is given"))
		t.Skip("Supabase is not given: set SIMCITY_TEST_SUPABASE_URL and SIMCITY_TEST_SUPABASE_KEY to a project with our migrations")
	}
	store, ctx := open(t, address, key), t.Context()
	run := telemetrytest.NewRun(1)
	run.ID = "5e5e5e5e-0000-4000-8000-00000000c17e"
	run.Scenario = "simcity live test"
	require.NoError(t, store.BeginRun(ctx, run))
	batch := telemetrytest.History(run, 0, 2500)
	require.NoError(t, store.Append(ctx, batch))
	require.NoError(t, store.Append(ctx, batch))
	chain, err := telemetry.Verify(ctx, store, run.ID)
	require.NoError(t, err)
	require.EqualValues(t, 2500, chain.Events())
	end := telemetrytest.End(run, "PASS")
	end.Digest, end.EventCount = chain.Digest(), chain.Events()
	require.NoError(t, store.EndRun(ctx, end))
	_, err = telemetry.Verify(ctx, store, run.ID)
	require.NoError(t, err)
	require.NoError(t, store.Delete(ctx, run.ID))
	_, err = store.Run(ctx, run.ID)
	require.ErrorIs(t, err, telemetry.ErrNoRun)
}
