package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/postgres"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

func TestMigrateAndPurge(t *testing.T) {
	t.Parallel()
	for kind, address := range addresses(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			status, _, complaints := say("purge", "-store", address, "-all")
			require.Equal(t, exitFailed, status)
			require.Contains(t, complaints, "simcity migrate")
			require.Contains(t, done(t, "migrate", "-store", address), "is up to date")
			require.Contains(t, done(t, "migrate", "-store", address), "is up to date")

			store, ctx := opened(t, address), t.Context()
			old, young := telemetrytest.NewRun(1), telemetrytest.NewRun(2)
			young.StartedAt = time.Now()
			for _, run := range []telemetry.Run{old, young} {
				require.NoError(t, store.BeginRun(ctx, run))
				require.NoError(t, store.Append(ctx, telemetrytest.History(run, 0, 20)))
				require.NoError(t, store.EndRun(ctx, telemetrytest.End(run, "PASS")))
			}
			days := fmt.Sprint(int(time.Since(began).Hours()/24)-1, "d")
			require.Contains(t, done(t, "purge", "-store", address, "-older-than", days), "1 runs, 20 events, 2 snapshots to be deleted with -yes")
			require.Contains(t, done(t, "purge", "-store", address, "-older-than", days, "-yes"), "1 runs, 20 events, 2 snapshots deleted")
			require.Contains(t, done(t, "purge", "-store", address, "-older-than", "12h", "-yes"), "0 runs")
			require.Contains(t, done(t, "purge", "-store", address, "-all", "-yes"), "1 runs")
			_, err := store.Run(ctx, young.ID)
			require.ErrorIs(t, err, telemetry.ErrNoRun)
		})
	}
}

func TestMigrationsAreWritten(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "supabase", "migrations")
	require.Contains(t, done(t, "migrate", "-write", folder), "20251222200000_simcity_control_plane_phase1.sql is written")
	names, err := fs.Glob(os.DirFS(folder), "*.sql")
	require.NoError(t, err)
	require.Len(t, names, postgres.SchemaVersion())
	mine := filepath.Join(folder, names[0])
	require.NoError(t, os.WriteFile(mine, []byte("-- mine"), 0o600))
	told := done(t, "migrate", "-write", folder)
	require.Contains(t, told, mine+" is there and differs")
	require.Contains(t, told, names[1]+" is there\n")
	text, err := os.ReadFile(mine)
	require.NoError(t, err)
	require.Equal(t, "-- mine", string(text))
}

func TestReplaySpillDeliversWhatIsLeft(t *testing.T) {
	t.Parallel()
	for kind, address := range addresses(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.Contains(t, done(t, "replay-spill", "-store", address, "-dir", dir), "no spill files are left")
			done(t, "migrate", "-store", address)
			store := opened(t, address)
			running, err := day(7).Report(telemetry.NewReporter(down{store}, telemetry.Options{SpillDir: dir, FlushTimeout: time.Millisecond})).Start(t.Context())
			require.NoError(t, err)
			res := running.Wait()
			require.Equal(t, simcity.Inconclusive, res.Verdict)

			told := done(t, "replay-spill", "-store", address, "-dir", dir)
			require.Contains(t, told, fmt.Sprint(res.Events, " events"))
			require.Contains(t, told, "INCONCLUSIVE")
			runs, err := store.Runs(t.Context(), telemetry.RunFilter{})
			require.NoError(t, err)
			require.Len(t, runs, 1)
			_, err = telemetry.Verify(t.Context(), store, runs[0].ID)
			require.NoError(t, err)
			require.Contains(t, done(t, "replay-spill", "-store", address, "-dir", dir), "no spill files are left")
			status, _, complaints := say("replay-spill", "-store", address, filepath.Join(dir, "none"))
			require.Equal(t, exitFailed, status)
			require.Contains(t, complaints, "none")
		})
	}
}

// The runner drives an app over the network: one paced run, short, and one request
// for what is not there.
func TestRunnerMakesWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	address := "sqlite:" + filepath.Join(t.TempDir(), "history.db")
	done(t, "migrate", "-store", address)
	app, err := booking.New(booking.Config{Store: booking.NewMemoryStore()})
	require.NoError(t, err)
	server := httptest.NewServer(http.Handler(app))
	t.Cleanup(server.Close)
	store := opened(t, address)
	requests := store.(telemetry.Requests)
	for n, scenario := range []string{"baseline", "carnival"} {
		require.NoError(t, requests.AddRequest(t.Context(), telemetry.RunRequest{
			ID: telemetrytest.RunID(n), RequestedBy: "ops", Tier: "simulation", Scenario: scenario, Seed: 7, DurationSeconds: 60, CreatedAt: began,
		}))
	}
	told := done(t, "runner", "-store", address, "-target", server.URL, "-once", "-name", "anna")
	require.Contains(t, told, "there is no scenario \"carnival\" in the pack: ask for one of baseline,")
	made, err := requests.Request(t.Context(), telemetrytest.RunID(0))
	require.NoError(t, err)
	require.Equal(t, "anna", made.Runner)
	run, err := store.Run(t.Context(), made.RunID)
	require.NoError(t, err)
	require.True(t, run.Ended())
	_, err = telemetry.Verify(t.Context(), store, run.ID)
	require.NoError(t, err)
}

func TestWrongCommandLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arguments []string
		status    int
		want      string
	}{
		{nil, exitUsage, "usage: simcity migrate"},
		{[]string{"fly"}, exitUsage, `there is no command "fly"`},
		{[]string{"migrate"}, exitFailed, "no store is given: set -store"},
		{[]string{"migrate", "up"}, exitUsage, `migrate takes no "up"`},
		{[]string{"migrate", "-store", "mysql://root:secret@db/x"}, exitFailed, `there is no store of the kind "mysql"`},
		{[]string{"migrate", "-store", "host=db password=secret"}, exitFailed, "that is no address of a store, and may hold a password"},
		{[]string{"migrate", "-store", "runs.db"}, exitFailed, "give sqlite:runs.db"},
		{[]string{"migrate", "-store", "postgres://me:secret@db:what/x"}, exitFailed, "it cannot be read; write postgres://user:password@host:5432/database"},
		{[]string{"migrate", "-store", "supabase"}, exitFailed, "SUPABASE_URL: it is not set"},
		{[]string{"purge"}, exitUsage, "say either -older-than"},
		{[]string{"purge", "-all", "-older-than", "1d"}, exitUsage, "say either -older-than"},
		{[]string{"purge", "-older-than", "soon"}, exitUsage, "write 30d or 12h"},
		{[]string{"purge", "-older-than", "0d"}, exitUsage, "use -all for every run"},
		{[]string{"purge", "-older-than", "-5h"}, exitUsage, "use -all for every run"},
		{[]string{"runner"}, exitUsage, "say with -target"},
		{[]string{"runner", "-target", "http://x", "-store", "sqlite:" + filepath.Join(t.TempDir(), "x.db"), "-lease", "1ms"}, exitFailed, "too short to be renewed"},
	} {
		status, out, complaints := say(c.arguments...)
		require.Equal(t, c.status, status, "%v: %s", c.arguments, complaints)
		require.Contains(t, complaints, c.want, c.arguments)
		require.NotContains(t, complaints+out, "secret")
	}
}
