package sqlite_test

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// A process that is killed at any moment leaves a history that is whole up to the
// last event it recorded, in the store and the journal together.
func TestKilledProcessLosesNoRecordedEvent(t *testing.T) {
	t.Parallel()
	path, spill := file(t), t.TempDir()
	for round, at := range []int64{0, 700, 2500} {
		t.Log("killed at event", at)
		p := start(t, path, spill, round+1, 24*7)
		told := int64(-1)
		for told < at {
			line, err := p.line(t)
			require.NoError(t, err, "%s", p.stderr)
			told, err = strconv.ParseInt(strings.TrimPrefix(line, "event "), 10, 64)
			require.NoError(t, err, "%s %s", line, p.stderr)
		}
		require.NoError(t, p.Process.Kill())
		for { // what it told before it died
			line, err := p.line(t)
			if index, ok := strings.CutPrefix(line, "event "); ok && err == nil {
				told, err = strconv.ParseInt(index, 10, 64)
				require.NoError(t, err)
			}
			if err == io.EOF {
				break
			}
		}
		require.Error(t, p.Wait(), "it was killed")
		replayed(t, path, spill, told)
	}
}

// replayed replays the one journal that is left, and demands all events before
// the one that was told.
func replayed(t *testing.T, path, spill string, told int64) {
	t.Helper()
	left, err := telemetry.Spills(spill)
	require.NoError(t, err)
	require.Len(t, left, 1)
	store := create(t, path)
	done, err := telemetry.ReplaySpill(t.Context(), store, left[0])
	require.NoError(t, err)
	require.True(t, done.Died)
	chain, err := telemetry.Verify(t.Context(), store, done.Run.ID)
	require.NoError(t, err)
	require.GreaterOrEqual(t, chain.Events(), told, "all that were recorded")
	run, err := store.Run(t.Context(), done.Run.ID)
	require.NoError(t, err)
	require.Equal(t, "INCONCLUSIVE", run.Result)
	require.Contains(t, string(run.FailForensic), fmt.Sprintf("the last event that it recorded is %d", chain.Events()-1))
	live, err := store.Live(t.Context(), run.ID)
	require.NoError(t, err)
	require.Equal(t, telemetry.StatusFailed, live.Status)
	require.EqualValues(t, chain.Events()-1, live.LastEventIndex)
}

func TestTwoProcessesWriteOneFile(t *testing.T) {
	t.Parallel()
	path, spill := file(t), t.TempDir()
	children := []*process{start(t, path, spill, 1, 8), start(t, path, spill, 2, 8)}
	for _, p := range children {
		last := ""
		for {
			line, err := p.line(t)
			if err != nil {
				break
			}
			last = line
		}
		require.NoError(t, p.Wait(), "%s", p.stderr)
		require.Equal(t, "end PASS ", last)
	}
	store := create(t, path)
	runs, err := store.Runs(t.Context(), telemetry.RunFilter{Scenario: "baseline", Result: "PASS"})
	require.NoError(t, err)
	require.Len(t, runs, 2)
	for _, run := range runs {
		_, err := telemetry.Verify(t.Context(), store, run.ID)
		require.NoError(t, err)
	}
	left, err := telemetry.Spills(spill)
	require.NoError(t, err)
	require.Empty(t, left)
}
