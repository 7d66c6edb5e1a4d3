package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/sqlite"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

func TestFilesThatCannotBeStoresSayWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, text []byte, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, text, 0o600))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	for _, c := range []struct{ path, want, fix string }{
		{"", "is no path", "give one, such as sqlite:simcity.db"},
		{":memory:", "is no path", "telemetry.NewMemory()"},
		{dir, "is a folder", "give the path of a file in it"},
		{filepath.Join(dir, "none", "x.db"), "has no folder", "make the folder " + filepath.Join(dir, "none")},
		{write("sealed.db", nil, 0o400), "is read-only", "chmod u+w"},
		{write("notes.txt", bytes.Repeat([]byte("no database "), 1000), 0o600), "file is not a database", "move it away, or give another path"},
	} {
		_, err := sqlite.OpenOrCreate(c.path)
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, c.fix)
		require.False(t, telemetry.Transient(err))
	}
}

func TestDamagedFileSaysSo(t *testing.T) {
	t.Parallel()
	path := file(t)
	store, err := sqlite.OpenOrCreate(path)
	require.NoError(t, err)
	run := telemetrytest.NewRun(1)
	require.NoError(t, store.BeginRun(t.Context(), run))
	require.NoError(t, store.Append(t.Context(), telemetrytest.History(run, 0, 5000)))
	require.NoError(t, store.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := 4096; i < len(text); i++ { // its first page tells that it is one
		text[i] ^= 0x5a
	}
	require.NoError(t, os.WriteFile(path, text, 0o600))
	_, err = sqlite.OpenOrCreate(path)
	require.ErrorContains(t, err, "it is damaged, or no SQLite file: move it away, or give another path")
}

func TestSchemaThatDoesNotFitSaysSoEverywhere(t *testing.T) {
	t.Parallel()
	path := file(t)
	store, err := sqlite.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	ctx := t.Context()
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
		}
	}
	var mismatch *telemetry.SchemaError
	for method, err := range errs() {
		require.ErrorAs(t, err, &mismatch, method)
		require.ErrorContains(t, err, "call Migrate", method)
	}
	require.NoError(t, store.Migrate(ctx))
	require.NoError(t, store.BeginRun(ctx, telemetrytest.NewRun(1)))

	db, err := sql.Open("sqlite", filepath.Join(filepath.Dir(path), "newer.db"))
	require.NoError(t, err)
	_, err = db.ExecContext(ctx, "CREATE TABLE simcity_schema_version (version INTEGER, name TEXT); INSERT INTO simcity_schema_version VALUES (99, 'later')")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = sqlite.OpenOrCreate(filepath.Join(filepath.Dir(path), "newer.db"))
	require.ErrorAs(t, err, &mismatch)
	require.ErrorContains(t, err, "version 99 of the schema, and this SimCity needs 1: it was written by a newer SimCity: update this one")
}

// A table that somebody dropped is told before the run, and Migrate makes it anew.
func TestMissingTableIsToldBeforeTheRun(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "holes.db")
	store, ctx := create(t, path), t.Context()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	for n, table := range []string{"simcity_runs", "simcity_run_events", "simcity_run_snapshots", "simcity_run_live", "simcity_run_requests"} {
		_, err := db.ExecContext(ctx, "DROP TABLE "+table)
		require.NoError(t, err)
		run := telemetrytest.NewRun(n)
		require.ErrorContains(t, store.BeginRun(ctx, run), "has no table "+table+": call Migrate, or run")
		require.NoError(t, store.Migrate(ctx))
		require.NoError(t, store.BeginRun(ctx, run))
		require.NoError(t, store.Append(ctx, telemetrytest.History(run, 0, 20)))
	}
}

// Another process that holds the file for too long is trouble that passes.
func TestBusyFileIsTransient(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "busy.db")
	store := create(t, path)
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	err = store.BeginRun(t.Context(), telemetrytest.NewRun(1))
	require.ErrorContains(t, err, "locked")
	require.True(t, telemetry.Transient(err))
	_, err = store.Runs(t.Context(), telemetry.RunFilter{})
	require.NoError(t, err, "reading goes on")
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, store.BeginRun(context.Background(), telemetrytest.NewRun(1)))
}
