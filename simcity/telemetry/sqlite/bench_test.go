package sqlite_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/cputime"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
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

// Rows per second in batches of a thousand, and row by row, into two files in one
// run.
func BenchmarkRows(b *testing.B) {
	const rows, single = 200_000, 2_000
	ctx := context.Background()
	for range b.N {
		rate := func(total, each int64) (wall, cpu float64) {
			store := create(b, file(b))
			run := telemetrytest.NewRun(1)
			require.NoError(b, store.BeginRun(ctx, run))
			batch := history(run, each)
			began, used := time.Now(), cputime.Used()
			for from := int64(0); from < total; from += each {
				for i := range batch.Events {
					batch.Events[i].Index = from + int64(i)
				}
				require.NoError(b, store.Append(ctx, batch))
			}
			return float64(total) / time.Since(began).Seconds(), float64(total) / (cputime.Used() - used).Seconds()
		}
		one, _ := rate(single, 1)
		many, cpu := rate(rows, 1000)
		b.ReportMetric(many, "rows/s")
		b.ReportMetric(cpu, "rows/cpu-s")
		b.ReportMetric(one, "single-rows/s")
		b.ReportMetric(many/one, "ratio")
	}
	b.ReportMetric(0, "ns/op")
}

// A virtual baseline with its history in SQLite, with and without a journal, and in
// memory, against the same run without telemetry: the ratio of each round, in wall
// time and in processor time. On an idle machine with two processors the delivery is
// beside the run, and wall time is what counts; on a busy one the delivery takes its
// time from the run, and the ratio of wall times is that of processor times at best.
// The medians of ten rounds are told.
func BenchmarkBaseline(b *testing.B) {
	const rounds = 10
	ways := []string{"none", "journal", "no-journal", "memory"}
	for range b.N {
		wall, cpu := map[string][]float64{}, map[string][]float64{}
		for round := range rounds {
			spent := map[string]cost{}
			for i := range ways {
				way := ways[(i+round)%len(ways)] // none is always the first
				spent[way] = runBaseline(b, way)
			}
			none := spent["none"]
			wall["none"] = append(wall["none"], none.wall.Seconds()*1000)
			for _, way := range ways[1:] {
				wall[way] = append(wall[way], spent[way].wall.Seconds()/none.wall.Seconds())
				cpu[way] = append(cpu[way], spent[way].cpu.Seconds()/none.cpu.Seconds())
			}
		}
		b.ReportMetric(median(wall["none"]), "ms-without")
		for _, way := range ways[1:] {
			b.ReportMetric(median(wall[way]), "ratio-"+way)
			b.ReportMetric(median(cpu[way]), "cpu-ratio-"+way)
		}
	}
	b.ReportMetric(0, "ns/op")
}

// cost is what a run took.
type cost struct{ wall, cpu time.Duration }

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
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
	began, used := time.Now(), cputime.Used()
	running, err := simulation.Start(context.Background())
	require.NoError(b, err)
	res := running.Wait()
	spent := cost{time.Since(began), cputime.Used() - used}
	require.Equal(b, simcity.Pass, res.Verdict, res.Explain())
	return spent
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
