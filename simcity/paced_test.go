package simcity_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

func TestPacedRunIsWallTimeCompressed(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	res := city(func(http.ResponseWriter, *http.Request) { served.Add(1) }, citizens("regular", 5, regular)).
		Clock(simcity.Paced(20_000)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, "paced", res.Clock)
	require.GreaterOrEqual(t, res.Wall, 180*time.Millisecond)
	require.Positive(t, served.Load())
}

func TestPacedFactorZeroTakesTheScenariosCompression(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.Compression = 20_000
	res := simcity.New(scenario).Target(inProcess(hello)).Clock(simcity.Paced(0)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.InDelta(t, 0.18, res.Wall.Seconds(), 2)
}

func TestCitizensOfAPacedRunOverlap(t *testing.T) {
	t.Parallel()
	var within, most atomic.Int64
	res := city(func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), within.Add(1)))
		time.Sleep(5 * time.Millisecond)
		within.Add(-1)
	}, citizens("visitor", 20, visitor)).Clock(simcity.Paced(10_000)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Greater(t, most.Load(), int64(1))
}

func TestHandlersAtWorkWhenAPacedRunEndsAreGivenRealTime(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.RequestTimeout = time.Second
	scenario.Populations[0] = citizens("visitor", 1, func(ctx context.Context, c *simcity.Citizen) error {
		_ = get(ctx, c, "/")
		_ = c.Sleep(ctx, 58*time.Minute)
		return get(ctx, c, "/")
	})
	res := simcity.New(scenario).Target(inProcess(func(http.ResponseWriter, *http.Request) {
		time.Sleep(20 * time.Millisecond) // some minutes of simulated time
	})).Clock(simcity.Paced(20_000)).Simulate(t)
	require.Empty(t, findings(res, simcity.FindingStuck))
}

func TestCleanUpsOfAPacedRunDoNotRaceWithTheLives(t *testing.T) {
	t.Parallel()
	var cleaned atomic.Int64
	res := city(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Millisecond) },
		citizens("tenant", 40, func(ctx context.Context, c *simcity.Citizen) error {
			c.AtEnd(func(ctx context.Context) error { cleaned.Add(1); return get(ctx, c, "/delete") })
			return regular(ctx, c)
		})).Clock(simcity.Paced(20_000)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, int64(40), cleaned.Load())
}

// deadlined is a test that must end by a given time.
type deadlined struct {
	*recorder
	left time.Duration
}

func (d deadlined) Deadline() (time.Time, bool) { return time.Now().Add(d.left), d.left > 0 }

func TestPacedRunThatTheTestsDeadlineWouldCutIsRefused(t *testing.T) {
	t.Parallel()
	long := func(left time.Duration) *recorder {
		return record(t, "TestX", func(tb testing.TB) {
			d := deadlined{tb.(*recorder), left}
			city(hello, citizens("regular", 1, regular)).Until(20 * time.Hour).Clock(simcity.Paced(100)).Simulate(d)
		})
	}
	told := long(10 * time.Minute)
	require.Contains(t, told.fatal, "-timeout is 10m0s left")
	require.Contains(t, told.fatal, "a paced run of 20h0m0s at 100x takes 12m0s of real time")
	require.Contains(t, told.fatal, "run go test with -timeout 15m0s")
}

func TestPacedRunWithinTheTestsDeadlineRuns(t *testing.T) {
	t.Parallel()
	for _, left := range []time.Duration{0, 2 * time.Minute} {
		told := record(t, "TestX", func(tb testing.TB) {
			city(hello, citizens("regular", 1, regular)).Clock(simcity.Paced(100_000)).Simulate(deadlined{tb.(*recorder), left})
		})
		require.Empty(t, told.fatal)
		require.Contains(t, told.output.String(), "clock=paced")
	}
}

func TestSteppedRunSkipsTheWaitingButNotTheHost(t *testing.T) {
	t.Parallel()
	var first, last time.Time
	res := city(func(http.ResponseWriter, *http.Request) {
		if first.IsZero() {
			first = time.Now()
		}
		last = time.Now()
	}, citizens("regular", 1, regular)).Clock(simcity.Stepped()).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, "stepped", res.Clock)
	require.Equal(t, int64(60), res.Operations)
	require.Less(t, last.Sub(first), 10*time.Second)
	require.WithinDuration(t, time.Now(), last, time.Minute, "the host lives on real time")
}

func TestSteppedRunsRepeat(t *testing.T) {
	t.Parallel()
	run := func() simcity.Digest {
		return city(hello, citizens("regular", 5, regular)).Clock(simcity.Stepped()).Simulate(t).Digest
	}
	require.Equal(t, run(), run())
}
