package telemetry_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// died replays what a process leaves that is killed here and now, into a new store.
func (d *desk) died() (replayed telemetry.Replayed, events int64) {
	d.Helper()
	path, memory, dir := d.spill(), telemetry.NewMemory(), d.TempDir()
	for _, suffix := range []string{"", ".tail"} {
		text, err := os.ReadFile(path + suffix)
		require.NoError(d, err)
		require.NoError(d, os.WriteFile(dir+"/spill.jsonl"+suffix, text, 0o600))
	}
	replayed, err := telemetry.ReplaySpill(d.Context(), memory, dir+"/spill.jsonl")
	require.NoError(d, err)
	left, err := os.ReadDir(dir)
	require.NoError(d, err)
	require.Empty(d, left)
	chain, err := telemetry.Verify(d.Context(), memory, runID)
	require.NoError(d, err)
	return replayed, chain.Events()
}

// Whenever the process is killed, the journal has every row that was recorded: while
// its tail fills, when the tail was written to the file, and after older lines.
func TestJournalHasEveryRowAtAnyTime(t *testing.T) {
	inBubble(t, func(d *desk) {
		d.begin()
		for range 60 {
			d.tell(17)
			replayed, events := d.died()
			require.True(d, replayed.Died)
			require.Equal(d, d.told, events)
		}
		require.NoError(d, d.end())
		d.noFiles()
	})
}

// A journal goes on when somebody, or a disk, takes the pages of its tail away.
func TestTailThatIsTakenAwayLosesNothing(t *testing.T) {
	inBubble(t, func(d *desk) {
		down := d.down(errDown)
		d.begin()
		d.tell(10)
		down.Store(true)
		require.NoError(d, os.Truncate(d.spill()+".tail", 0))
		d.tell(1000)
		down.Store(false)
		time.Sleep(time.Minute)
		require.NoError(d, d.end())
		d.whole()
	})
}
