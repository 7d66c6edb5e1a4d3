package postgres_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// A process that is killed at any moment leaves a history that is whole up to the
// last event it recorded, in the database and the journal together.
func TestKilledProcessLosesNoRecordedEvent(t *testing.T) {
	t.Parallel()
	dsn, spill := schema.Database(t), t.TempDir()
	for round, at := range []int64{0, 700, 2500} {
		told := killed(t, dsn, spill, round+1, at)
		left, err := telemetry.Spills(spill)
		require.NoError(t, err)
		require.Len(t, left, 1)
		store := open(t, dsn)
		done, err := telemetry.ReplaySpill(t.Context(), store, left[0])
		require.NoError(t, err)
		require.True(t, done.Died)
		chain, err := telemetry.Verify(t.Context(), store, done.Run.ID)
		require.NoError(t, err)
		require.GreaterOrEqual(t, chain.Events(), told, "all that were recorded")
		run, err := store.Run(t.Context(), done.Run.ID)
		require.NoError(t, err)
		require.Equal(t, "INCONCLUSIVE", run.Result)
		live, err := store.Live(t.Context(), run.ID)
		require.NoError(t, err)
		require.Equal(t, telemetry.StatusFailed, live.Status)
		require.EqualValues(t, chain.Events()-1, live.LastEventIndex)
	}
}

// killed runs a simulation in a process that is killed at an event, and returns
// the last event that it told of.
func killed(t *testing.T, dsn, spill string, seed int, at int64) (told int64) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command(self)
	command.Env = append(os.Environ(), childDSN+"="+dsn, childSpill+"="+spill, fmt.Sprint(childSeed, "=", seed))
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	lines, told := bufio.NewScanner(out), int64(-1)
	for lines.Scan() { // also what it told before it died
		index, ok := strings.CutPrefix(lines.Text(), "event ")
		require.True(t, ok, lines.Text())
		told, err = strconv.ParseInt(index, 10, 64)
		require.NoError(t, err)
		if told == at {
			require.NoError(t, command.Process.Kill())
		}
	}
	require.Error(t, command.Wait(), "it was killed")
	require.GreaterOrEqual(t, told, at)
	return told
}
