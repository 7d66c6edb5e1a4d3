package sqlite_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

const (
	pagesFew  = 30
	pagesMany = 1 << 20
)

// A disk that is full takes no part of a batch, and is trouble that passes.
func TestFullDiskIsTransient(t *testing.T) {
	t.Parallel()
	store, run := create(t, file(t)), telemetrytest.NewRun(1)
	require.NoError(t, store.BeginRun(t.Context(), run))
	require.NoError(t, store.Fill(t.Context(), pagesFew))
	err := store.Append(t.Context(), telemetrytest.History(run, 0, 5000))
	require.ErrorContains(t, err, "full")
	require.True(t, telemetry.Transient(err))
	events, err := store.Events(t.Context(), run.ID, 0, 1)
	require.NoError(t, err)
	require.Empty(t, events)
	require.NoError(t, store.Fill(t.Context(), pagesMany))
	require.NoError(t, store.Append(t.Context(), telemetrytest.History(run, 0, 5000)))
}

// A run whose disk is full for a while goes on, and its history is whole when there is
// room again.
func TestHistoryIsWholeAfterAFullDisk(t *testing.T) {
	t.Parallel()
	store, dir := create(t, file(t)), t.TempDir()
	require.NoError(t, store.Fill(t.Context(), pagesFew))
	ended, took := make(chan struct{}), make(chan int64)
	go func() { // outside of the run, which waits
		<-ended
		took <- events(t, store)
		assert.NoError(t, store.Fill(context.Background(), pagesMany))
		close(took)
	}()
	running, err := baseline(7, morning).Report(telemetry.NewReporter(store, telemetry.Options{SpillDir: dir, QueueEvents: 150, BatchRows: 50, BackoffMax: 50 * time.Millisecond})).
		Watch(func(e simcity.Event) {
			if e.Type != simcity.EventRunEnded {
				return
			}
			close(ended)
			require.Less(t, <-took, e.Index, "it was full")
			<-took
		}).Start(t.Context())
	require.NoError(t, err)
	res := running.Wait()
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	require.Equal(t, res.Events, events(t, store))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

// events is how many the store has of its one run, each of which must follow another.
func events(t *testing.T, store telemetry.Store) int64 {
	t.Helper()
	runs, err := store.Runs(context.Background(), telemetry.RunFilter{})
	assert.NoError(t, err)
	chain, err := telemetry.Verify(context.Background(), store, runs[0].ID)
	assert.NoError(t, err)
	return chain.Events()
}
