package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

func TestSimulationKeepsItsDigestAndItsHistory(t *testing.T) {
	store, dir := create(t, file(t)), t.TempDir()
	silent := baseline(7, morning).Simulate(t)
	var watched []simcity.Event
	res := baseline(7, morning).Report(telemetry.NewReporter(store, telemetry.Options{SpillDir: dir})).
		Watch(func(e simcity.Event) { watched = append(watched, e) }).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	require.Equal(t, silent.Digest, res.Digest)

	runs, err := store.Runs(t.Context(), telemetry.RunFilter{})
	require.NoError(t, err)
	require.Len(t, runs, 1)
	run := runs[0]
	require.Equal(t, res.Digest.String(), run.Digest)
	require.Equal(t, "baseline", run.Scenario)
	require.Equal(t, "PASS", run.Result)
	chain, err := telemetry.Verify(t.Context(), store, run.ID)
	require.NoError(t, err)
	require.Equal(t, res.Events, chain.Events())
	for from := int64(0); from < res.Events; from += telemetry.LimitMax {
		page, err := store.Events(t.Context(), run.ID, from, telemetry.LimitMax)
		require.NoError(t, err)
		for _, e := range page {
			want := watched[e.Index]
			require.Equal(t, want.Actor, e.Actor)
			require.Equal(t, want.At, e.At)
			require.Equal(t, want.Type, e.Type)
			require.Equal(t, string(want.Payload), string(e.Payload))
			require.Equal(t, want.After.String(), e.After)
		}
	}
	last, err := store.Snapshots(t.Context(), run.ID, res.Events-1, 10)
	require.NoError(t, err)
	require.Len(t, last, 1, "one at the end")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "the journal is gone")
}

func TestTelemetryFromTheEnvironment(t *testing.T) {
	path := file(t)
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	below, err := filepath.Rel(root, path)
	require.NoError(t, err)
	t.Setenv("SIMCITY_TELEMETRY", "sqlite:"+below) // seen from the module's root
	t.Run("run", func(t *testing.T) { baseline(7, 0).Run(t) })
	store := create(t, path)
	runs, err := store.Runs(t.Context(), telemetry.RunFilter{})
	require.NoError(t, err)
	require.Len(t, runs, 1)
	_, err = telemetry.Verify(t.Context(), store, runs[0].ID)
	require.NoError(t, err)
}

// Tests of one package that run at a time share the file.
func TestRunsOfOneProcessShareAFile(t *testing.T) {
	t.Parallel()
	path := file(t)
	done := make(chan *simcity.Result)
	for seed := range uint64(3) {
		store := create(t, path)
		running, err := baseline(seed, morning).Report(telemetry.NewReporter(store, telemetry.Options{SpillDir: t.TempDir()})).Start(t.Context())
		require.NoError(t, err)
		go func() { done <- running.Wait() }()
	}
	for range 3 {
		res := <-done
		require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	}
	store := create(t, path)
	runs, err := store.Runs(t.Context(), telemetry.RunFilter{})
	require.NoError(t, err)
	require.Len(t, runs, 3)
	for _, run := range runs {
		_, err := telemetry.Verify(t.Context(), store, run.ID)
		require.NoError(t, err)
	}
}
