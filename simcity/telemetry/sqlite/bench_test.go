package sqlite_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/cputime"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/sqlite"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// history is n events with payloads of the size that the baseline has.
func history(run telemetry.Run, n int64) telemetry.Batch {
	batch := telemetrytest.History(run, 0, n)
	payload := json.RawMessage(`{"number":7,"operation":"book","outcome":"ok","status":201,"startNanos":7200000000000,"input":"` + strings.Repeat("x", 100) + `"}`)
	for i := range batch.Events {
		batch.Events[i].Payload, batch.Events[i].Context = payload, nil
	}
	batch.Snapshots = nil
	return batch
}

// cost is what something took; of several rounds the least, whatever else the machine
// did meanwhile.
type cost struct{ wall, cpu time.Duration }

// spent is what do takes.
func spent(do func()) cost {
	began, used := time.Now(), cputime.Used()
	do()
	return cost{time.Since(began), cputime.Used() - used}
}

func (c cost) least(other cost) cost {
	if c == (cost{}) {
		return other
	}
	return cost{min(c.wall, other.wall), min(c.cpu, other.cpu)}
}

// Rows per second in batches of a thousand, and row by row, each into a new file: the
// least that took of the rounds, in turns. Three show that it works; -benchtime 6x gives
// a steady figure.
func BenchmarkRows(b *testing.B) {
	const rows, single = 100_000, 500
	var many, one cost
	for range max(b.N, 3) {
		many = many.least(appended(b, rows, 1000))
		one = one.least(appended(b, single, 1))
	}
	rate := rows / many.wall.Seconds()
	b.ReportMetric(rate, "rows/s")
	b.ReportMetric(rows/many.cpu.Seconds(), "rows/cpu-s")
	b.ReportMetric(single/one.wall.Seconds(), "single-rows/s")
	b.ReportMetric(rate*one.wall.Seconds()/single, "ratio")
	b.ReportMetric(0, "ns/op")
}

// appended is what so many rows take, so many at a time.
func appended(b *testing.B, total, each int64) cost {
	store, err := sqlite.OpenOrCreate(file(b))
	require.NoError(b, err)
	defer func() { require.NoError(b, store.Close()) }()
	ctx, run := context.Background(), telemetrytest.NewRun(1)
	require.NoError(b, store.BeginRun(ctx, run))
	batch := history(run, each)
	return spent(func() {
		for from := int64(0); from < total; from += each {
			for i := range batch.Events {
				batch.Events[i].Index = from + int64(i)
			}
			require.NoError(b, store.Append(ctx, batch))
		}
	})
}

// A virtual baseline with its history in SQLite, with and without a journal, and in
// memory, against the same run without telemetry: the ratio of the least that each
// took of the rounds, in turns, in wall time and in processor time. With a processor to
// spare the delivery is beside the run, and wall time is what counts; without one the
// delivery takes its time from the run. Three rounds show that it works; -benchtime 10x
// gives a steady figure.
func BenchmarkBaseline(b *testing.B) {
	ways := []string{"none", "journal", "no-journal", "memory"}
	took := map[string]cost{}
	for round := range max(b.N, 3) {
		for i := range ways {
			way := ways[(i+round)%len(ways)] // none is always the first
			took[way] = took[way].least(runBaseline(b, way))
		}
	}
	none := took["none"]
	b.ReportMetric(none.wall.Seconds()*1000, "ms-without")
	for _, way := range ways[1:] {
		b.ReportMetric(took[way].wall.Seconds()/none.wall.Seconds(), "ratio-"+way)
		b.ReportMetric(took[way].cpu.Seconds()/none.cpu.Seconds(), "cpu-ratio-"+way)
	}
	b.ReportMetric(0, "ns/op")
}

// runBaseline is what a run takes to its verdict, the delivery of the last row
// included.
func runBaseline(b *testing.B, way string) cost {
	simulation := baseline(1, 0)
	options := telemetry.Options{SpillDir: b.TempDir()}
	switch way {
	case "journal":
		simulation.Report(telemetry.NewReporter(create(b, file(b)), options))
	case "no-journal":
		options.Journal = telemetry.JournalOnOutage
		simulation.Report(telemetry.NewReporter(create(b, file(b)), options))
	case "memory":
		simulation.Report(telemetry.NewReporter(telemetry.NewMemory(), options))
	}
	runtime.GC() // what the run before has left is not this one's
	return spent(func() {
		running, err := simulation.Start(context.Background())
		require.NoError(b, err)
		res := running.Wait()
		require.Equal(b, simcity.Pass, res.Verdict, res.Explain())
	})
}

// What it costs the run to record an event and, at each tenth, a snapshot, with
// the journal and without.
func BenchmarkRecord(b *testing.B) {
	for _, mode := range []telemetry.JournalMode{telemetry.JournalAlways, telemetry.JournalOnOutage} {
		b.Run(fmt.Sprint("journal ", mode), func(b *testing.B) {
			reporter := telemetry.NewReporter(telemetry.NewMemory(), telemetry.Options{SpillDir: b.TempDir(), Journal: mode})
			rec, err := reporter.Begin(simcity.RunInfo{ID: telemetrytest.RunID(1), StartedAt: time.Now()})
			require.NoError(b, err)
			e := simcity.Event{Actor: "customer/7", Type: simcity.EventOperation, Payload: history(telemetrytest.NewRun(1), 1).Events[0].Payload}
			for b.Loop() {
				rec.Record(e, nil)
				e.Index++
			}
			require.NoError(b, rec.End(&simcity.Result{Verdict: simcity.Pass}))
		})
	}
}
