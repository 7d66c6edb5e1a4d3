package runner_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/postgres"
	"github.com/bookiji/simcity/simcity/telemetry/runner"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// town makes the runs of the reference app.
func town(r telemetry.RunRequest) (*simcity.Simulation, error) {
	if r.Scenario != "baseline" {
		return nil, fmt.Errorf("there is no scenario %q here", r.Scenario)
	}
	day := scenarios.Baseline()
	day.AllowEmpty = []string{"*"} // what is rare may not happen in a part of it
	return simcity.New(day).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		return booking.New(booking.Config{Store: booking.NewMemoryStore(), Logger: w.Logger()})
	})), nil
}

func opened(t *testing.T, dsn string) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

// Two runners share what is asked for, one of them in the place of a third that has
// died; every request has one whole run.
func TestTwoRunnersOnPostgres(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t, func(ctx context.Context, conn *pgx.Conn) error {
		store, err := postgres.Open(conn.Config().ConnString())
		if err != nil {
			return err
		}
		defer store.Close()
		return store.Migrate(ctx)
	})
	store, ctx := opened(t, dsn), t.Context()
	const requests = 6
	for n := range requests {
		r := telemetry.RunRequest{
			ID: telemetrytest.RunID(n), RequestedBy: "ops", Tier: "drill", Scenario: "baseline", Seed: uint64(n), Concurrency: 40,
			DurationSeconds: 28800, Policies: []byte(`{"cancelChance":0.25}`), CreatedAt: time.Now().Add(time.Duration(n) * time.Millisecond),
		}
		if n == 1 {
			r.MaxEvents = 50
		}
		require.NoError(t, store.AddRequest(ctx, r))
	}
	dead := telemetrytest.NewRun(100) // it claimed the first request an hour ago
	_, err := store.Claim(ctx, "dora", time.Now().Add(-time.Hour), time.Minute)
	require.NoError(t, err)
	require.NoError(t, store.BeginRun(ctx, dead))
	_, err = store.Renew(ctx, telemetrytest.RunID(0), "dora", dead.ID, time.Now().Add(-time.Hour), time.Minute)
	require.NoError(t, err)

	done := make(chan error)
	for _, name := range []string{"anna", "bert"} {
		r, err := runner.New(opened(t, dsn), town, runner.Options{Name: name, Telemetry: telemetry.Options{SpillDir: t.TempDir()}})
		require.NoError(t, err)
		go func() {
			for {
				worked, err := r.Next(ctx)
				if err != nil || !worked {
					done <- err
					return
				}
			}
		}()
	}
	require.NoError(t, <-done)
	require.NoError(t, <-done)

	for n := range requests {
		r := request(t, store, telemetrytest.RunID(n))
		require.Equal(t, telemetry.StatusCompleted, r.Status, r.Message)
		require.Contains(t, []string{"anna", "bert"}, r.Runner)
		run, err := store.Run(ctx, r.RunID)
		require.NoError(t, err)
		require.Equal(t, uint64(n), run.Seed)
		require.Equal(t, "drill", run.Tier)
		require.Equal(t, 40, run.Concurrency)
		require.EqualValues(t, 28800, run.DurationSeconds)
		require.Contains(t, string(run.Policies), `"cancelChance": 0.25`)
		if n == 1 {
			require.Equal(t, "STOPPED", run.Result)
			require.GreaterOrEqual(t, run.EventCount, int64(50))
			require.Less(t, run.EventCount, int64(100), "the command to stop, the end, and what was underway come on top")
		}
		_, err = telemetry.Verify(ctx, store, run.ID)
		require.NoError(t, err)
	}
	buried, err := store.Run(ctx, dead.ID)
	require.NoError(t, err)
	require.Equal(t, "INCONCLUSIVE", buried.Result)
	runs, err := store.Runs(ctx, telemetry.RunFilter{})
	require.NoError(t, err)
	require.Len(t, runs, requests+1)
}
