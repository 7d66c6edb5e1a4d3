package telemetry_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

func TestEverythingIsDeliveredOnceAndInOrder(t *testing.T) {
	t.Parallel()
	journals(t, func(d *desk) {
		d.begin()
		d.tell(2500)
		time.Sleep(time.Second)
		d.tell(7)
		require.NoError(d, d.end())
		run := d.whole()
		require.Equal(d, "PASS", run.Result)
		require.True(d, run.Pass)
		require.Equal(d, uint64(1<<63+5), run.Seed)
		require.Equal(d, "simulation", run.Tier)
		require.EqualValues(d, 72000, run.DurationSeconds)
		require.Contains(d, string(run.Summary), `"verdict":"PASS"`)
		require.Empty(d, run.FailForensic)
		for _, call := range d.flaky.Calls() {
			require.LessOrEqual(d, len(call.Batch.Events)+len(call.Batch.Snapshots), 1000)
		}
		d.noFiles()
		require.NoError(d, d.rec.End(nil), "ending twice changes nothing")
		d.rec.Record(event(9999), nil)
		d.whole()
	})
}

// The planned 20 hours have twelfths of 6000 seconds, and each second an operation ends.
func TestSummaryKeepsTheThroughput(t *testing.T) {
	inBubble(t, func(d *desk) {
		d.begin()
		d.tell(12_007)
		tick := event(d.told)
		tick.Type = simcity.EventTick
		d.rec.Record(tick, nil)
		d.told++
		require.NoError(d, d.end())
		run, err := d.memory.Run(d.Context(), runID)
		require.NoError(d, err)
		require.Contains(d, string(run.Summary), `"throughput":[6000,6000,7]`)
	})
}

func TestRowsAreDeliveredByAge(t *testing.T) {
	inBubble(t, func(d *desk) {
		d.begin()
		d.tell(3)
		time.Sleep(150 * time.Millisecond)
		synctest.Wait()
		events, err := d.memory.Events(d.Context(), runID, 0, 10)
		require.NoError(d, err)
		require.Len(d, events, 3)
		require.NoError(d, d.end())
	})
}

func TestLiveRowBeatsOnceASecond(t *testing.T) {
	inBubble(t, func(d *desk) {
		d.begin()
		d.tell(15)
		time.Sleep(10500 * time.Millisecond)
		synctest.Wait()
		beats := 0
		for _, call := range d.flaky.Calls() {
			if call.Batch.Live != nil {
				beats++
				require.Equal(d, telemetry.StatusRunning, call.Batch.Live.Status)
			}
		}
		require.Equal(d, 11, beats)
		live, err := d.memory.Live(d.Context(), runID)
		require.NoError(d, err)
		require.EqualValues(d, 14, live.LastEventIndex)
		require.Contains(d, string(live.Metrics), `"slots_free":10`)
		require.NoError(d, d.end())
		live, err = d.memory.Live(d.Context(), runID)
		require.NoError(d, err)
		require.Equal(d, telemetry.StatusCompleted, live.Status)
		require.Contains(d, live.Message, "simcity verdict=PASS")
		require.EqualValues(d, 14, live.LastEventIndex)
	})
}

func TestTransientErrorsAndLostAnswersChangeNothing(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"errors": false, "lost answers": true} {
		t.Run(name, func(t *testing.T) {
			journals(t, func(d *desk) {
				d.flaky.Plan = func(_ context.Context, call telemetrytest.Call) telemetrytest.Fault {
					if call.Number%3 != 2 {
						return telemetrytest.Fault{Err: errDown, Late: late}
					}
					return telemetrytest.Fault{}
				}
				d.options.BatchRows = 100
				d.begin()
				for range 20 {
					d.tell(150)
					time.Sleep(70 * time.Millisecond)
				}
				require.NoError(d, d.end())
				d.whole()
				d.noFiles()
			})
		})
	}
}

func TestCallsThatNeverAnswerAreTriedAgain(t *testing.T) {
	inBubble(t, func(d *desk) {
		d.flaky.Plan = func(ctx context.Context, call telemetrytest.Call) telemetrytest.Fault {
			if call.Method == "Append" && call.Number < 4 {
				<-ctx.Done()
				return telemetrytest.Fault{Err: errors.New("operation was cancelled")} // as a driver words it
			}
			return telemetrytest.Fault{}
		}
		d.begin()
		d.tell(2000)
		require.NoError(d, d.end())
		d.whole()
	})
}

// A store that never manages a full batch within its statement timeout gets smaller
// ones, from memory and from a file.
func TestBatchThatIsTooMuchComesInParts(t *testing.T) {
	journals(t, func(d *desk) {
		const most = 150
		d.flaky.Plan = func(_ context.Context, call telemetrytest.Call) telemetrytest.Fault {
			if len(call.Batch.Events)+len(call.Batch.Snapshots) > most {
				time.Sleep(3 * time.Second)
				return telemetrytest.Fault{Err: telemetry.MarkTransient(errors.New("canceling statement due to statement timeout"))}
			}
			return telemetrytest.Fault{}
		}
		d.options.QueueEvents = 2000
		d.begin()
		d.tell(3000)
		time.Sleep(time.Minute)
		d.tell(300)
		require.NoError(d, d.end())
		d.whole()
		d.noFiles()
	})
}

func TestSlowStoreHoldsTheRun(t *testing.T) {
	journals(t, func(d *desk) {
		d.flaky.Plan = func(ctx context.Context, call telemetrytest.Call) telemetrytest.Fault {
			if call.Method == "Append" {
				time.Sleep(time.Second)
			}
			return telemetrytest.Fault{}
		}
		d.options.QueueEvents, d.options.BatchRows, d.options.FlushTimeout = 100, 50, time.Hour
		d.begin()
		began := time.Now()
		d.tell(1000)
		require.Greater(d, time.Since(began), 15*time.Second, "it waits for room")
		for _, call := range d.flaky.Calls() {
			require.LessOrEqual(d, len(call.Batch.Events), 50)
		}
		require.NoError(d, d.end())
		d.whole()
		d.noFiles()
	})
}

func TestQueueIsBoundedInBytesToo(t *testing.T) {
	inBubble(t, func(d *desk) {
		d.options.QueueBytes, d.options.BatchBytes = 5000, 2000
		d.begin()
		d.tell(500)
		require.NoError(d, d.end())
		d.whole()
		for _, call := range d.flaky.Calls() {
			require.LessOrEqual(d, len(call.Batch.Events), 8)
		}
	})
}

func TestStoreThatRefusesTheRunRefusesAtOnce(t *testing.T) {
	inBubble(t, func(d *desk) {
		began := time.Now()
		d.flaky.Plan = func(context.Context, telemetrytest.Call) telemetrytest.Fault {
			return telemetrytest.Fault{Err: &telemetry.SchemaError{Store: "here", Have: 0, Want: 1}}
		}
		_, err := telemetry.NewReporter(d.flaky, d.options).Begin(info())
		require.EqualError(d, err, "telemetry: here has version 0 of the schema, and this SimCity needs 1: call Migrate, or run go run github.com/bookiji/simcity/simcity/cmd/simcity migrate")
		require.Zero(d, time.Since(began))
		d.flaky.Plan = func(context.Context, telemetrytest.Call) telemetrytest.Fault {
			return telemetrytest.Fault{Err: errDown}
		}
		_, err = telemetry.NewReporter(d.flaky, d.options).Begin(info())
		require.EqualError(d, err, "telemetry: the store did not take the run for 5s: connection refused")
		require.Equal(d, 5*time.Second, time.Since(began))
		d.noFiles()
	})
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for want, reporter := range map[string]*telemetry.Reporter{
		"Options.BatchRows: -1 is negative":         telemetry.NewReporter(telemetry.NewMemory(), telemetry.Options{BatchRows: -1}),
		"Options.Journal: JournalMode(9) is none":   telemetry.NewReporter(telemetry.NewMemory(), telemetry.Options{Journal: 9}),
		"Sink: nil is none":                         telemetry.NewReporter(nil, telemetry.Options{}),
		"set Options.SpillDir to a folder that can": telemetry.NewReporter(telemetry.NewMemory(), telemetry.Options{Journal: telemetry.JournalAlways, SpillDir: "setup_test.go/x"}),
	} {
		_, err := reporter.Begin(info())
		require.ErrorContains(t, err, want)
	}
}

func TestFailedRunKeepsItsForensics(t *testing.T) {
	inBubble(t, func(d *desk) {
		d.begin()
		violated := event(0)
		violated.Type, violated.Payload = simcity.EventViolation, []byte(`{"invariant":"zero_double_bookings"}`)
		d.rec.Record(violated, snapshot(0))
		d.told = 1
		require.NoError(d, d.rec.End(&simcity.Result{
			Verdict: simcity.Fail, Events: 1, Digest: digestOf(1), Metrics: &simcity.Snapshot{},
			Violations: []simcity.Violation{{Invariant: "late", Severity: simcity.Warning}, {Invariant: "zero_double_bookings", Severity: simcity.Critical, Index: 5}},
			LastEvents: []simcity.Event{violated}, HostLog: []string{"a line"},
		}))
		run := d.whole()
		require.Equal(d, "FAIL", run.Result)
		require.Equal(d, "zero_double_bookings", run.FailInvariant)
		require.EqualValues(d, 5, run.FailEventIndex)
		require.Contains(d, string(run.FailForensic), "a line")
		require.NotContains(d, string(run.Summary), "a line")
		require.JSONEq(d, "[]", string(run.Commands))
		events, err := d.memory.Events(d.Context(), runID, 0, 1)
		require.NoError(d, err)
		require.JSONEq(d, `{"invariant":"zero_double_bookings"}`, string(events[0].Context))
	})
}
