package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// leftBehind is the spill file of a run of n events whose store was down.
func leftBehind(t *testing.T, n int64) (path string, text []byte) {
	t.Helper()
	d := &desk{T: t, memory: telemetry.NewMemory(), options: telemetry.Options{SpillDir: t.TempDir(), FlushTimeout: time.Millisecond}}
	d.flaky = &telemetrytest.Flaky{Sink: d.memory}
	down := d.down(errDown)
	d.begin()
	down.Store(true)
	d.tell(n)
	require.Error(t, d.end())
	path = d.spill()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return path, text
}

func TestReplayOfAFileCutAnywhereIsAPrefix(t *testing.T) {
	t.Parallel()
	path, text := leftBehind(t, 30)
	lines := bytes.SplitAfter(text, []byte("\n"))
	first := len(lines[0])
	for cut := first; cut < len(text); cut += 37 {
		memory := telemetry.NewMemory()
		require.NoError(t, os.WriteFile(path, text[:cut], 0o600))
		done, err := telemetry.ReplaySpill(t.Context(), memory, path)
		require.NoError(t, err)
		require.Equal(t, text[cut-1] != '\n', done.Torn)
		require.Equal(t, !bytes.Contains(text[:cut], lines[len(lines)-2]), done.Died)
		chain, err := telemetry.Verify(t.Context(), memory, runID)
		require.NoError(t, err)
		require.EqualValues(t, min(30, bytes.Count(text[first:cut], []byte("\n"))), chain.Events())
		run, err := memory.Run(t.Context(), runID)
		require.NoError(t, err)
		require.Equal(t, "INCONCLUSIVE", run.Result)
		require.NotEmpty(t, run.FailForensic)
		live, err := memory.Live(t.Context(), runID)
		require.NoError(t, err)
		require.NotEqual(t, telemetry.StatusRunning, live.Status)
	}
}

func TestReplayRefusesWhatIsNoWholeFile(t *testing.T) {
	t.Parallel()
	path, text := leftBehind(t, 30)
	memory := telemetry.NewMemory()
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "it is no spill file"},
		{"another file", "hello\nworld\n", "a line has no checksum"},
		{"a damaged line", strings.Replace(string(text), `"number":17`, `"number":71`, 1), "the checksum of a line is wrong: the file is damaged"},
		{"without its begin", string(text[bytes.IndexByte(text, '\n')+1:]), "it is no spill file"},
		{"torn at once", string(text[:40]), "the last line is torn"},
	} {
		require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
		_, err := telemetry.ReplaySpill(t.Context(), memory, path)
		require.ErrorContains(t, err, c.want, c.name)
		require.ErrorContains(t, err, path)
		require.FileExists(t, path, "a file that was not delivered stays")
	}
	events, err := memory.Events(t.Context(), runID, 0, 100)
	require.NoError(t, err)
	require.Len(t, events, 17, "what comes before the damage is delivered")
	_, err = telemetry.ReplaySpill(t.Context(), memory, filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestReplayStopsWhereTheStoreDoes(t *testing.T) {
	t.Parallel()
	path, _ := leftBehind(t, 3000)
	d := &desk{T: t, memory: telemetry.NewMemory()}
	d.flaky = &telemetrytest.Flaky{Sink: d.memory}
	d.down(errors.New("no")).Store(true)
	_, err := telemetry.ReplaySpill(t.Context(), d.flaky, path)
	require.ErrorContains(t, err, "no")
	require.FileExists(t, path)
	done, err := telemetry.ReplaySpill(t.Context(), d.memory, path)
	require.NoError(t, err)
	require.EqualValues(t, 3000, done.Events)
	require.EqualValues(t, 300, done.Snapshots)
}

func TestReplayComesInPartsWhereABatchIsTooMuch(t *testing.T) {
	t.Parallel()
	path, _ := leftBehind(t, 2500)
	memory := telemetry.NewMemory()
	small := &telemetrytest.Flaky{Sink: memory, Plan: func(_ context.Context, call telemetrytest.Call) telemetrytest.Fault {
		if len(call.Batch.Events) > 100 {
			return telemetrytest.Fault{Err: errDown}
		}
		return telemetrytest.Fault{}
	}}
	done, err := telemetry.ReplaySpill(t.Context(), small, path)
	require.NoError(t, err)
	require.EqualValues(t, 2500, done.Events)
	chain, err := telemetry.Verify(t.Context(), memory, runID)
	require.NoError(t, err)
	require.EqualValues(t, 2500, chain.Events())
	shots, err := memory.Snapshots(t.Context(), runID, 0, 1000)
	require.NoError(t, err)
	require.Len(t, shots, 250)
}

func TestReplayLeavesALivingRunAlone(t *testing.T) {
	t.Parallel()
	path, _ := leftBehind(t, 3)
	file, err := os.Open(path)
	require.NoError(t, err)
	require.NoError(t, telemetry.Lock(file))
	_, err = telemetry.ReplaySpill(t.Context(), telemetry.NewMemory(), path)
	require.ErrorContains(t, err, "it belongs to a run that is still going on in some process")
	require.NoError(t, file.Close())
	_, err = telemetry.ReplaySpill(t.Context(), telemetry.NewMemory(), path)
	require.NoError(t, err)
}

func TestChainFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	events := telemetrytest.History(telemetrytest.NewRun(1), 0, 10).Events
	require.NoError(t, new(telemetry.Chain).Add(events...))
	require.ErrorContains(t, new(telemetry.Chain).Add(events[1:]...), "event 1 comes where 0 should")
	require.ErrorContains(t, new(telemetry.Chain).Add(events[0], events[1], events[1]), "event 1 comes where 2 should")
	events[5].Before = events[4].Before
	require.ErrorContains(t, new(telemetry.Chain).Add(events...), "event 5 begins with digest")
	_, err := telemetry.Verify(t.Context(), telemetry.NewMemory(), "x")
	require.ErrorIs(t, err, telemetry.ErrNoRun)
}

func FuzzReplay(f *testing.F) {
	f.Add([]byte("00000000 {}\n"))
	f.Add([]byte("a3833e4c {\"version\":1,\"begin\":{\"id\":\"x\"}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "spill.jsonl")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		_, _ = telemetry.ReplaySpill(t.Context(), telemetry.NewMemory(), path) // no file makes it panic
	})
}
