package supabase_test

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/parts"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

func TestSupabaseConforms(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"with a secret key": secretKey, "with a JWT": serviceKey} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			telemetrytest.Run(t, func(t *testing.T) telemetry.Store { return open(t, project(t, schema.Database(t)), key) })
		})
	}
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
