package telemetry_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// down makes the store fail while the flag is set.
func (d *desk) down(err error) *atomic.Bool {
	var flag atomic.Bool
	d.flaky.Plan = func(context.Context, telemetrytest.Call) telemetrytest.Fault {
		if flag.Load() {
			return telemetrytest.Fault{Err: err}
		}
		return telemetrytest.Fault{}
	}
	return &flag
}

func TestLongOutageGoesThroughTheFile(t *testing.T) {
	journals(t, func(d *desk) {
		down := d.down(errDown)
		d.options.QueueEvents, d.options.BatchRows = 50, 20
		d.begin()
		d.tell(30)
		down.Store(true)
		began := time.Now()
		d.tell(5000)
		require.Less(d, time.Since(began), time.Second, "the run goes on")
		time.Sleep(time.Minute)
		d.tell(5000)
		down.Store(false)
		for range 50 { // back again: from the file, while more comes
			d.tell(100)
			time.Sleep(500 * time.Millisecond)
		}
		down.Store(true)
		d.tell(500)
		down.Store(false)
		require.NoError(d, d.end())
		run := d.whole()
		require.Equal(d, "PASS", run.Result)
		d.noFiles()
	})
}

func TestOutageToTheEndKeepsTheFile(t *testing.T) {
	for name, queue := range map[string]int{"in memory": 8192, "spilled": 50} {
		t.Run(name, func(t *testing.T) {
			journals(t, func(d *desk) {
				down := d.down(errDown)
				d.options.QueueEvents = queue
				d.begin()
				d.tell(100)
				time.Sleep(time.Second)
				down.Store(true)
				d.tell(2000)
				began := time.Now()
				err := d.end()
				require.Equal(d, 30*time.Second, time.Since(began).Round(time.Second))
				var missing *telemetry.IncompleteError
				require.ErrorAs(d, err, &missing)
				require.EqualValues(d, 100, missing.From)
				require.EqualValues(d, 2099, missing.To)
				require.Zero(d, missing.Lost)
				require.Equal(d, d.spill(), missing.Spill)
				require.ErrorContains(d, err, "replay-spill "+missing.Spill)
				require.ErrorContains(d, err, "connection refused")

				done := d.replayed(missing.Spill)
				require.False(d, done.Died)
				require.Equal(d, "INCONCLUSIVE", d.whole().Result, "as the test was told")
			})
		})
	}
}

func TestErrorThatLastsKeepsTheFile(t *testing.T) {
	journals(t, func(d *desk) {
		down := d.down(errors.New("permission denied for table simcity_run_events"))
		d.options.QueueEvents = 50
		d.begin()
		d.tell(100)
		time.Sleep(time.Second)
		down.Store(true)
		d.tell(3000)
		began := time.Now()
		err := d.end()
		require.Less(d, time.Since(began), time.Second, "there is nothing to wait for")
		var missing *telemetry.IncompleteError
		require.ErrorAs(d, err, &missing)
		require.EqualValues(d, 100, missing.From)
		require.ErrorContains(d, err, "permission denied")
		d.replayed(missing.Spill)
	})
}

func TestEndThatIsRefusedIsToldApart(t *testing.T) {
	inBubble(t, func(d *desk) {
		d.flaky.Plan = func(_ context.Context, call telemetrytest.Call) telemetrytest.Fault {
			if call.Method == "EndRun" {
				return telemetrytest.Fault{Err: errors.New("check constraint")}
			}
			return telemetrytest.Fault{}
		}
		d.begin()
		d.tell(100)
		err := d.end()
		require.ErrorContains(d, err, "all events are in the store, its end is not; deliver them with replay-spill")
		d.replayed(d.spill())
	})
}

// fullDisk is a file on a disk that fills up.
type fullDisk struct {
	telemetry.SpoolFile
	full *atomic.Bool
}

func (f fullDisk) WriteAt(p []byte, off int64) (int, error) {
	if f.full.Load() {
		n, _ := f.SpoolFile.WriteAt(p[:len(p)/2], off) // torn, as a disk does it
		return n, syscall.ENOSPC
	}
	return f.SpoolFile.WriteAt(p, off)
}

// disk makes spill files that fail while the flag is set.
func (d *desk) disk() *atomic.Bool {
	var full atomic.Bool
	d.files = func(path string) (telemetry.SpoolFile, error) {
		file, err := telemetry.CreateLocked(path)
		return fullDisk{file, &full}, err
	}
	return &full
}

func TestFullDiskAloneLosesNothing(t *testing.T) {
	journals(t, func(d *desk) {
		full := d.disk()
		d.begin()
		d.tell(100)
		full.Store(true)
		d.tell(3000)
		time.Sleep(time.Second)
		full.Store(false)
		d.tell(100)
		require.NoError(d, d.end())
		d.whole()
		d.noFiles()
	})
}

func TestFullDiskInAnOutageHoldsTheRun(t *testing.T) {
	journals(t, func(d *desk) {
		down, full := d.down(errDown), d.disk()
		d.options.QueueEvents = 50
		d.begin()
		down.Store(true)
		full.Store(true)
		time.AfterFunc(3*time.Second, func() { down.Store(false) })
		began := time.Now()
		d.tell(1000)
		require.GreaterOrEqual(d, time.Since(began), 3*time.Second)
		require.NoError(d, d.end())
		d.whole()
	})
}

func TestFullDiskThroughAnOutageIsToldAsLoss(t *testing.T) {
	journals(t, func(d *desk) {
		down, full := d.down(errDown), d.disk()
		d.options.QueueEvents = 50
		d.begin()
		down.Store(true)
		full.Store(true)
		began := time.Now()
		d.tell(1000)
		require.Equal(d, 5*time.Second, time.Since(began).Round(time.Second), "held until StallMax")
		err := d.end()
		var missing *telemetry.IncompleteError
		require.ErrorAs(d, err, &missing)
		require.EqualValues(d, 0, missing.From)
		require.EqualValues(d, 999, missing.To)
		require.ErrorIs(d, err, syscall.ENOSPC)
		if d.options.Journal == telemetry.JournalOnOutage {
			require.EqualValues(d, 1000, missing.Lost)
			require.Empty(d, missing.Spill)
			return
		}
		require.EqualValues(d, 950, missing.Lost, "the journal has the queue")
		down.Store(false)
		done, err := telemetry.ReplaySpill(d.Context(), d.memory, missing.Spill)
		require.NoError(d, err)
		require.EqualValues(d, 50, done.Events)
		d.noFiles()
	})
}

func TestLossIsToldWhenTheStoreComesBack(t *testing.T) {
	inBubble(t, func(d *desk) {
		down, full := d.down(errDown), d.disk()
		d.options.QueueEvents = 50
		d.begin()
		down.Store(true)
		full.Store(true)
		d.tell(1000)
		down.Store(false)
		full.Store(false)
		time.Sleep(time.Minute)
		err := d.end()
		var missing *telemetry.IncompleteError
		require.ErrorAs(d, err, &missing)
		require.EqualValues(d, 50, missing.From)
		require.EqualValues(d, 950, missing.Lost)
		run, err := d.memory.Run(d.Context(), runID)
		require.NoError(d, err)
		require.Equal(d, "INCONCLUSIVE", run.Result, "it cannot have passed")
		_, err = telemetry.Verify(d.Context(), d.memory, runID)
		require.ErrorContains(d, err, "but the store has 50")
	})
}

func TestSpillFileHasALimit(t *testing.T) {
	journals(t, func(d *desk) {
		down := d.down(errDown)
		d.options.QueueEvents, d.options.SpillBytes = 50, 100_000
		d.begin()
		down.Store(true)
		time.AfterFunc(3*time.Second, func() { down.Store(false) })
		d.tell(3000)
		require.NoError(d, d.end())
		d.whole()
		d.noFiles()
	})
}

func TestJournalIsMadeAnewWhenItIsLong(t *testing.T) {
	inBubble(t, func(d *desk) {
		d.options.QueueEvents, d.options.BatchRows, d.options.SpillBytes = 100, 50, 60_000
		d.begin()
		for range 40 {
			d.tell(100)
			time.Sleep(200 * time.Millisecond)
			info, err := os.Stat(d.spill())
			require.NoError(d, err)
			require.LessOrEqual(d, info.Size(), int64(60_000))
		}
		require.NoError(d, d.end())
		d.whole()
		d.noFiles()
	})
}

func TestErrorsShowNoMoreThanTheSinkSays(t *testing.T) {
	t.Parallel()
	err := error(&telemetry.IncompleteError{RunID: "x", From: 1, To: 2, Lost: 1, Err: errDown})
	require.True(t, telemetry.Transient(err))
	require.EqualError(t, err, "telemetry: run x: events 1 to 2 are not in the store; 1 of them are lost: connection refused")
	require.False(t, telemetry.Transient(errors.New("no")))
	require.True(t, telemetry.Transient(context.DeadlineExceeded))
	require.NoError(t, telemetry.MarkTransient(nil))
	require.True(t, strings.HasPrefix(telemetry.NoRun("x").Error(), "telemetry: no such run"))
}
