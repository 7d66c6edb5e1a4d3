package simcity_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

func TestCollectorReadsTheHostsFiguresOncePerTickAndAtTheEnd(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.Collectors = []simcity.Collector{simcity.CollectorFunc(func(ctx context.Context, w *simcity.World) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.BaseURL()+"/metrics", nil)
		if err != nil {
			return err
		}
		response, err := w.Client().Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		w.Metrics().Add("looks", 1)
		w.Metrics().Set("length", float64(len(body)))
		w.Metrics().Record("age", w.Elapsed())
		return err
	})}
	var last *simcity.Snapshot
	res := simcity.New(scenario).Target(inProcess(hello)).Check(simcity.Invariant{Name: "figures", Begin: func(*simcity.World) simcity.Check {
		return simcity.Check{Tick: func(s *simcity.Snapshot) *simcity.Breach { last = s; return nil }}
	}}).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.GreaterOrEqual(t, last.Counters["looks"], int64(12))
	require.InDelta(t, 5, last.Gauges["length"], 0)
	require.Equal(t, last.Counters["looks"], last.Trends["age"].Count)
	require.Equal(t, int64(1), last.Operations, "probes are no operations of citizens")
	require.True(t, last.Steady)
}

func TestCollectorThatFailsIsNotedOnce(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.Collectors = []simcity.Collector{simcity.CollectorFunc(func(context.Context, *simcity.World) error { return errors.New("no figures") })}
	res := simcity.New(scenario).Target(inProcess(hello)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	f := onlyFinding(t, res, simcity.FindingCollector)
	require.Equal(t, simcity.NoteFinding, f.Severity)
	require.Contains(t, f.Text, "no figures")
}

func TestFigureThatIsNoNumberStillMakesABundle(t *testing.T) {
	t.Parallel()
	zero := 0.0
	res := simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		w.Metrics().Set("ratio", zero/zero)
		return http.HandlerFunc(hello), nil
	})).Check(judged("broken", simcity.AtEnd, breached("a hole"))).Simulate(t)
	require.FileExists(t, res.Bundle)
}

func TestTrendIsNearestRankToThreeDigits(t *testing.T) {
	t.Parallel()
	trend := simcity.NewTrend()
	for i := range 100 {
		trend.Record(time.Duration(i+1) * time.Millisecond)
	}
	require.Equal(t, int64(100), trend.Count())
	require.InEpsilon(t, 50*time.Millisecond, trend.Percentile(50), 0.001)
	require.InEpsilon(t, 95*time.Millisecond, trend.Summary().P95, 0.001)
	trend.Record(-time.Second)
	trend.Record(100 * time.Hour)
	require.InEpsilon(t, time.Hour, trend.Summary().Max, 0.001)
	trend.Reset()
	require.Zero(t, trend.Count())
}

func TestGateAndWorldAndCitizenAgree(t *testing.T) {
	t.Parallel()
	population := citizens("guest", 0, func(ctx context.Context, c *simcity.Citizen) error {
		w := c.World()
		if c.Tick() != 5*time.Minute || w.Elapsed() != c.Elapsed() || w.Seed() != 7 || w.Paced() || w.BaseURL() != c.BaseURL() ||
			w.Policies() != c.Policies() || len(w.ActiveFaults()) != 1 {
			return fmt.Errorf("they disagree")
		}
		return get(ctx, c, "/")
	})
	population.Arrivals = simcity.ArrivalsFunc(func(ctx context.Context, g *simcity.Gate) error {
		if err := errors.Join(g.Sleep(ctx, time.Duration(g.Rand().IntN(60))*time.Second), g.SleepUntil(ctx, 10*time.Minute)); err != nil {
			return err
		}
		if g.Elapsed() != 10*time.Minute || !g.Now().Equal(time.Date(2026, 1, 5, 0, 10, 0, 0, time.UTC)) ||
			g.Duration() != time.Hour || g.Policies().MaxConcurrentAgents != 3 {
			return errors.New("the gate is wrong")
		}
		g.Spawn()
		return nil
	})
	res := city(hello, population).Seed(7).Inject(calmFault(), 5*time.Minute, 10*time.Minute).
		Policies(func(p *simcity.Policies) { p.MaxConcurrentAgents = 3 }).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
}

func TestOpenHoursEndBeforeTheirLastHour(t *testing.T) {
	t.Parallel()
	hours := simcity.OpenHours{From: 8, To: 18}
	at := func(hour, minute int) time.Time { return time.Date(2026, 1, 5, hour, minute, 0, 0, time.UTC) }
	require.False(t, hours.Contains(at(7, 59)))
	require.True(t, hours.Contains(at(8, 0)))
	require.True(t, hours.Contains(at(17, 59)))
	require.False(t, hours.Contains(at(18, 0)))
}

func TestRequestFromTheFactorySaysThatThereIsNoTargetYet(t *testing.T) {
	t.Parallel()
	var err error
	simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		_, err = w.Client().Get(w.BaseURL())
		return http.HandlerFunc(hello), nil
	})).Simulate(t)
	require.Error(t, err)
	require.ErrorContains(t, err, "simcity: the target is not built yet")
}

func TestOperationNeedNotBeHTTP(t *testing.T) {
	t.Parallel()
	var h history
	city(hello, citizens("caller", 1, func(ctx context.Context, c *simcity.Citizen) error {
		_ = c.Do(ctx, "good", nil, func(context.Context, *simcity.Operation) error { time.Sleep(time.Second); return nil })
		_ = c.Do(ctx, "bad", nil, func(context.Context, *simcity.Operation) error { return errors.New("no route") })
		return c.Do(ctx, "late", nil, func(_ context.Context, op *simcity.Operation) error {
			op.Outcome = simcity.Conflict
			return nil
		})
	})).Check(h.rule()).Simulate(t)
	require.Equal(t, simcity.OK, h.operations[0].Outcome)
	require.Equal(t, time.Second, h.operations[0].Latency)
	require.Equal(t, simcity.Failed, h.operations[1].Outcome)
	require.Equal(t, "no route", h.operations[1].Err)
	require.Equal(t, simcity.Conflict, h.operations[2].Outcome)
}

func TestCitizenThatNeverComesBackIsTold(t *testing.T) {
	t.Parallel()
	for _, clock := range []simcity.Clock{simcity.Virtual(), simcity.SteppedGrace(20 * time.Millisecond)} {
		t.Run(clock.String(), func(t *testing.T) {
			t.Parallel()
			res := city(hello, citizens("blocked", 1, func(ctx context.Context, c *simcity.Citizen) error {
				_ = get(ctx, c, "/")
				return c.Do(ctx, "call", nil, func(context.Context, *simcity.Operation) error { <-make(chan struct{}); return nil })
			})).Clock(clock).Simulate(t)
			require.NotEqual(t, simcity.Pass, res.Verdict)
			require.Contains(t, fmt.Sprint(res.Reasons), "blocked/1")
		})
	}
}

func TestStreamedAnswerArrivesWhole(t *testing.T) {
	t.Parallel()
	op, _ := visited(t, func(w http.ResponseWriter, _ *http.Request) {
		controller := http.NewResponseController(w)
		for range 3 {
			fmt.Fprint(w, "part ")
			if err := controller.Flush(); err != nil {
				panic(err)
			}
			time.Sleep(time.Second)
		}
	})
	require.Equal(t, simcity.OK, op.Outcome, op.Err)
	require.Equal(t, 3*time.Second, op.Latency)
}

// The answer is what net/http's server would have sent.
func TestAnswerIsThatOfAServer(t *testing.T) {
	t.Parallel()
	var header http.Header
	var length int64
	host := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Early", "1")
		w.WriteHeader(http.StatusCreated)
		w.WriteHeader(http.StatusTeapot)
		w.Header().Set("X-Late", "1")
		fmt.Fprint(w, "<html></html>")
	}
	var h history
	city(host, citizens("visitor", 1, func(ctx context.Context, c *simcity.Citizen) error {
		return c.Do(ctx, "get", nil, func(ctx context.Context, _ *simcity.Operation) error {
			request, _ := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL(), nil)
			response, err := c.Client().Do(request)
			if err != nil {
				return err
			}
			header, length = response.Header, response.ContentLength
			return response.Body.Close()
		})
	})).Check(h.rule()).Simulate(t)
	require.Equal(t, http.StatusCreated, h.operations[0].Status)
	require.Equal(t, "1", header.Get("X-Early"))
	require.Empty(t, header.Get("X-Late"))
	require.Equal(t, "13", header.Get("Content-Length"))
	require.Equal(t, int64(13), length)
}

// A rule hears with each tick up to when all operations are known.
func TestTicksTellWhatIsSettled(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lasts, last time.Duration
	}{
		"all ended":                {10 * time.Minute, math.MaxInt64},
		"one cut short by the end": {2 * time.Hour, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told []*simcity.Snapshot
			scenario := sound()
			scenario.AllowEmpty = []string{"*"}
			scenario.Populations = []simcity.Population{citizens("customer", 1, func(ctx context.Context, c *simcity.Citizen) error {
				if err := c.Sleep(ctx, 30*time.Second); err != nil {
					return err
				}
				return c.Do(ctx, "wait", nil, func(ctx context.Context, _ *simcity.Operation) error { return c.Sleep(ctx, test.lasts) })
			})}
			simcity.New(scenario).Target(inProcess(hello)).Check(simcity.Invariant{Name: "settled", Begin: func(*simcity.World) simcity.Check {
				return simcity.Check{Tick: func(s *simcity.Snapshot) *simcity.Breach { told = append(told, s); return nil }}
			}}).Simulate(t)
			for i, s := range told[:len(told)-1] {
				want := s.At
				if s.At > 30*time.Second && s.At < 30*time.Second+test.lasts {
					want = 30 * time.Second
				}
				require.Equal(t, want, s.Settled, "tick %d", i)
			}
			require.Equal(t, test.last, told[len(told)-1].Settled)
		})
	}
}
