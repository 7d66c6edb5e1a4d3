package telemetry_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// desk is what a test of the delivery works on: a reporter, a store behind
// faults, and one run.
type desk struct {
	*testing.T
	memory  *telemetry.Memory
	flaky   *telemetrytest.Flaky
	options telemetry.Options
	files   func(string) (telemetry.SpoolFile, error)
	rec     simcity.Recorder
	told    int64
}

// inBubble runs a test on simulated time.
func inBubble(t *testing.T, do func(d *desk)) {
	t.Helper()
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		memory := telemetry.NewMemory()
		do(&desk{
			T: t, memory: memory, options: telemetry.Options{SpillDir: dir, Journal: telemetry.JournalAlways},
			flaky: &telemetrytest.Flaky{Sink: memory, Plan: func(context.Context, telemetrytest.Call) telemetrytest.Fault { return telemetrytest.Fault{} }},
		})
	})
}

var runID = telemetrytest.RunID(7)

func info() simcity.RunInfo {
	return simcity.RunInfo{
		ID: runID, Scenario: "city", Seed: 1<<63 + 5, Clock: "virtual", Duration: 20 * time.Hour,
		Policies: simcity.DefaultPolicies(), StartedAt: time.Now(),
	}
}

// begin begins the run.
func (d *desk) begin() {
	d.Helper()
	rec, err := telemetry.NewReporter(d.flaky, d.options).WithFiles(d.files).Begin(info())
	require.NoError(d, err)
	d.rec = rec
}

func digestOf(i int64) (d simcity.Digest) {
	binary.BigEndian.PutUint64(d[:], uint64(i)*0x9e3779b97f4a7c15)
	return d
}

func event(i int64) simcity.Event {
	return simcity.Event{
		Index: i, At: time.Duration(i) * time.Second, Actor: fmt.Sprintf("customer/%d", i%7), Type: simcity.EventOperation,
		Payload: json.RawMessage(fmt.Sprintf(`{"number":%d}`, i)), Before: digestOf(i), After: digestOf(i + 1),
	}
}

func snapshot(i int64) *simcity.Snapshot {
	return &simcity.Snapshot{Index: i, At: time.Duration(i) * time.Second, Operations: i, Gauges: map[string]float64{"slots_free": float64(i)}}
}

// tell records n events, with a snapshot after each tenth.
func (d *desk) tell(n int64) {
	for range n {
		var s *simcity.Snapshot
		if d.told%10 == 0 {
			s = snapshot(d.told)
		}
		d.rec.Record(event(d.told), s)
		d.told++
	}
}

// end ends the run, which passed.
func (d *desk) end() error {
	return d.rec.End(&simcity.Result{
		Verdict: simcity.Pass, Scenario: "city", Seed: 1<<63 + 5, Simulated: 20 * time.Hour, Events: d.told, Digest: digestOf(d.told),
		Metrics: &simcity.Snapshot{}, Policies: simcity.DefaultPolicies(),
	})
}

// whole demands that the store has everything, each row once and in order.
func (d *desk) whole() telemetry.Run {
	d.Helper()
	chain, err := telemetry.Verify(d.Context(), d.memory, runID)
	require.NoError(d, err)
	require.Equal(d, d.told, chain.Events())
	for from := int64(0); from < d.told; from += 10 {
		got, err := d.memory.Snapshots(d.Context(), runID, from, 1)
		require.NoError(d, err)
		require.Equal(d, from, got[0].Index)
	}
	run, err := d.memory.Run(d.Context(), runID)
	require.NoError(d, err)
	return run
}

// noFiles demands that nothing is left in the spill folder.
func (d *desk) noFiles() {
	d.Helper()
	left, err := os.ReadDir(d.options.SpillDir)
	require.NoError(d, err)
	require.Empty(d, left)
}

// spill is the one spill file that is left.
func (d *desk) spill() string {
	d.Helper()
	paths, err := telemetry.Spills(d.options.SpillDir)
	require.NoError(d, err)
	require.Len(d, paths, 1)
	return paths[0]
}

// replayed replays the file, twice as a clumsy operator would, and demands that
// then everything is there.
func (d *desk) replayed(path string) telemetry.Replayed {
	d.Helper()
	text, err := os.ReadFile(path)
	require.NoError(d, err)
	done, err := telemetry.ReplaySpill(d.Context(), d.memory, path)
	require.NoError(d, err)
	require.NoFileExists(d, path)
	require.NoError(d, os.WriteFile(path, text, 0o600))
	_, err = telemetry.ReplaySpill(d.Context(), d.memory, path)
	require.NoError(d, err)
	d.whole()
	return done
}

var errDown = telemetry.MarkTransient(errors.New("connection refused"))

// journals runs a test with and without a journal.
func journals(t *testing.T, do func(d *desk)) {
	for _, mode := range []telemetry.JournalMode{telemetry.JournalAlways, telemetry.JournalOnOutage} {
		t.Run(mode.String(), func(t *testing.T) {
			inBubble(t, func(d *desk) {
				d.options.Journal = mode
				do(d)
			})
		})
	}
}
