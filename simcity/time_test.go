package simcity_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

func TestCitizensAndHostLiveOnTheSameTime(t *testing.T) {
	t.Parallel()
	var h history
	res := city(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, time.Now().UTC().Format(time.RFC3339Nano)) },
		citizens("clerk", 1, func(ctx context.Context, c *simcity.Citizen) error {
			_ = c.Sleep(ctx, 90*time.Second)
			require.Equal(t, c.Now(), time.Now().UTC(), "in the citizen")
			require.Equal(t, c.World().Now(), c.Now())
			before := c.Now().Format(time.RFC3339Nano)
			return errors.Join(reader(ctx, c), c.Do(ctx, "note", before, func(context.Context, *simcity.Operation) error { return nil }))
		})).Check(h.rule()).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Len(t, h.operations, 2)
	require.Equal(t, h.operations[1].Input, h.operations[0].Facts[0].ID)
	require.Equal(t, 90*time.Second, h.operations[0].Start)
}

func TestRunBeginsAtTheScenariosStart(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]time.Time{
		"default":  {},
		"earliest": time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		"its own":  time.Date(2031, 7, 4, 12, 0, 0, 0, time.UTC),
		"zoned":    time.Date(2031, 7, 4, 12, 0, 0, 0, time.FixedZone("", 3600)),
		"far":      time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := start
			if start.IsZero() {
				want = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
			}
			scenario := sound()
			scenario.Start = start
			var built, lived time.Time
			scenario.Populations[0].Agent = simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
				lived = c.Now()
				return get(ctx, c, "/")
			})
			simcity.New(scenario).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
				built = time.Now()
				if !w.Start().Equal(built) {
					return nil, errors.New("the world began at another time")
				}
				return http.HandlerFunc(hello), nil
			})).Simulate(t)
			require.True(t, want.Equal(built), "built at %s", built)
			require.True(t, want.Equal(lived), "lived at %s", lived)
		})
	}
}

func TestDeadlinesOfAgentsAreSimulated(t *testing.T) {
	t.Parallel()
	var cut, whole time.Duration
	city(hello, citizens("hasty", 1, func(ctx context.Context, c *simcity.Citizen) error {
		short, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if err := c.Sleep(short, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		cut = c.Elapsed()
		if err := c.SleepUntil(ctx, c.World().Start().Add(10*time.Minute)); err != nil {
			return err
		}
		whole = c.Elapsed()
		return nil
	})).Simulate(t)
	require.Equal(t, time.Minute, cut)
	require.Equal(t, 10*time.Minute, whole)
}

func TestSleepThatIsOverAtOnce(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("quick", 1, func(ctx context.Context, c *simcity.Citizen) error {
		for range 100 {
			if err := errors.Join(c.Sleep(ctx, 0), c.Sleep(ctx, -time.Hour), c.SleepUntil(ctx, time.Time{})); err != nil {
				return err
			}
		}
		if c.Elapsed() != 0 {
			panic(c.Elapsed())
		}
		return get(ctx, c, "/")
	})).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
}

func TestLatencyIsWhatTheHostTookInSimulatedTime(t *testing.T) {
	t.Parallel()
	res := city(func(http.ResponseWriter, *http.Request) { time.Sleep(40 * time.Millisecond) }, citizens("regular", 1, regular)).Simulate(t)
	require.Equal(t, 40*time.Millisecond, res.Metrics.Latency.P50.Truncate(time.Millisecond))
	require.Less(t, res.Wall, 10*time.Second)
}

func TestStepLimitEndsALife(t *testing.T) {
	t.Parallel()
	var last error
	population := citizens("regular", 1, func(ctx context.Context, c *simcity.Citizen) error {
		for {
			if last = get(ctx, c, "/"); last != nil {
				return last
			}
		}
	})
	population.StepLimit = 3
	res := city(hello, population).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
	require.Equal(t, int64(3), res.Operations)
	require.ErrorIs(t, last, simcity.ErrOver)
	require.ErrorContains(t, last, "for regular/1: StepLimit of 3 operations")
}

func TestSleepersAreToldThatTheRunIsOver(t *testing.T) {
	t.Parallel()
	var told error
	city(hello, citizens("sleeper", 1, func(ctx context.Context, c *simcity.Citizen) error {
		told = c.Sleep(ctx, 24*time.Hour)
		return told
	})).Simulate(t)
	require.ErrorIs(t, told, simcity.ErrOver)
}

// registered is a life that leaves two things behind to be cleaned up.
func registered(order *[]string, then life) life {
	return func(ctx context.Context, c *simcity.Citizen) error {
		for _, thing := range []string{"account", "booking"} {
			c.AtEnd(func(ctx context.Context) error {
				*order = append(*order, c.ID()+" "+thing)
				return get(ctx, c, "/delete/"+thing)
			})
		}
		return then(ctx, c)
	}
}

func TestCleanUpsRunLatestFirstAndReachTheHost(t *testing.T) {
	t.Parallel()
	sleep := func(ctx context.Context, c *simcity.Citizen) error { return c.Sleep(ctx, 24*time.Hour) }
	for name, test := range map[string]struct {
		then  life
		limit int
	}{
		"at the end of the life": {then: visitor},
		"at the end of the run":  {then: sleep},
		"after the step limit":   {then: visitor, limit: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var order, deleted []string
			population := citizens("tenant", 2, registered(&order, test.then))
			population.StepLimit = test.limit
			city(func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					deleted = append(deleted, r.URL.Path)
				}
			}, population).Simulate(t)
			require.Len(t, order, 4)
			require.Less(t, indexOf(order, "tenant/1 booking"), indexOf(order, "tenant/1 account"))
			require.Less(t, indexOf(order, "tenant/2 booking"), indexOf(order, "tenant/2 account"))
			require.Len(t, deleted, 4)
		})
	}
}

func indexOf(list []string, want string) int {
	for i, s := range list {
		if s == want {
			return i
		}
	}
	return -1
}

func TestCleanUpThatFailsIsNoted(t *testing.T) {
	t.Parallel()
	s := city(hello, citizens("tenant", 1, func(ctx context.Context, c *simcity.Citizen) error {
		c.AtEnd(func(context.Context) error { return errors.New("still booked") })
		return get(ctx, c, "/")
	}))
	events := eventsOf(s, simcity.EventNote)
	res := s.Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Len(t, *events, 1)
	require.Contains(t, string((*events)[0].Payload), "clean-up of tenant/1: still booked")
	require.Contains(t, notes(res), "population tenant: 1 clean-up of Citizen.AtEnd failed, the last of tenant/1: still booked")
}

func TestLifeThatEndsInAnErrorIsNoted(t *testing.T) {
	t.Parallel()
	s := city(hello, citizens("lost", 1, func(ctx context.Context, c *simcity.Citizen) error {
		_ = get(ctx, c, "/")
		return errors.New("no way home")
	}))
	events := eventsOf(s, simcity.EventNote)
	s.Simulate(t)
	require.Len(t, *events, 1)
	require.Equal(t, "lost/1", (*events)[0].Actor)
	require.Contains(t, string((*events)[0].Payload), "life ended: no way home")
}

// closable is a handler with a Close.
type closable struct {
	http.Handler
	close func() error
}

func (c closable) Close() error { return c.close() }

func TestHostIsClosedOnce(t *testing.T) {
	t.Parallel()
	var closed []string
	simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		w.OnClose(func(context.Context) error { closed = append(closed, "database"); return nil })
		return closable{http.HandlerFunc(hello), func() error { closed = append(closed, "handler"); return nil }}, nil
	})).Simulate(t)
	require.Equal(t, []string{"handler", "database"}, closed, "latest first")
}

func TestSharedHandlerIsNotClosed(t *testing.T) {
	t.Parallel()
	handler := closable{http.HandlerFunc(hello), func() error { panic("closed") }}
	res := simcity.New(sound()).Target(simcity.Handler(handler)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
}

func TestErrorOfCloseFailsTheRun(t *testing.T) {
	t.Parallel()
	res := simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		return closable{http.HandlerFunc(hello), func() error { return errors.New("2 rows lost") }}, nil
	})).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Equal(t, "closing the host: 2 rows lost", onlyFinding(t, res, simcity.FindingClose).Text)
}

// poll keeps a goroutine at work until stop is closed.
func poll(stop chan struct{}) {
	for {
		select {
		case <-time.After(time.Minute):
		case <-stop:
			return
		}
	}
}

func TestGoroutineThatOutlivesCloseFailsTheRun(t *testing.T) {
	t.Parallel()
	res := simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		go poll(make(chan struct{}))
		return closable{http.HandlerFunc(hello), func() error { return nil }}, nil
	})).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	f := onlyFinding(t, res, simcity.FindingLeak)
	require.Contains(t, f.Text, "1 goroutine outlived the host's Close")
	require.Contains(t, f.Text, "time_test.go")
	require.Contains(t, f.Stack, "poll")
}

// Which of several is told first follows from their places, and not from the order in
// which the runtime keeps its goroutines.
func TestLeaksAreToldByTheirPlaces(t *testing.T) {
	t.Parallel()
	told := map[string]bool{}
	for first := range 2 {
		res := simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				for i := range 2 {
					if (i+first)%2 == 0 {
						go func() { select {} }()
					} else {
						go poll(make(chan struct{}))
					}
					_ = simcity.Yield(r.Context(), "between") // lets it begin
				}
			}), nil
		})).Simulate(t)
		told[onlyFinding(t, res, simcity.FindingLeak).Text] = true
	}
	require.Len(t, told, 1)
}

func TestHostThatStopsItsGoroutinesIsClean(t *testing.T) {
	t.Parallel()
	res := simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		stop := make(chan struct{})
		go poll(stop)
		w.OnClose(func(context.Context) error { close(stop); return nil })
		return http.HandlerFunc(hello), nil
	})).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Empty(t, findings(res, simcity.FindingLeak))
}

func TestHostWithoutCloseThatLeavesTickersIsOnlyNoted(t *testing.T) {
	t.Parallel()
	s := simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		go poll(make(chan struct{}))
		return http.HandlerFunc(hello), nil
	}))
	for range 3 { // frozen bubbles do not disturb the next run
		res := s.Simulate(t)
		require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
		f := onlyFinding(t, res, simcity.FindingLeak)
		require.Equal(t, simcity.NoteFinding, f.Severity)
		require.Contains(t, f.Text, "World.OnClose")
	}
}

func TestCloseMayTakeSimulatedTime(t *testing.T) {
	t.Parallel()
	res := simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		w.OnClose(func(context.Context) error { time.Sleep(time.Hour); return nil })
		return http.HandlerFunc(hello), nil
	})).Patience(500 * time.Millisecond).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
}

func TestGateTellsTimeAndRoom(t *testing.T) {
	t.Parallel()
	policies := simcity.DefaultPolicies()
	policies.MaxConcurrentAgents = 2
	var ticks []time.Duration
	population := citizens("guest", 0, func(ctx context.Context, c *simcity.Citizen) error {
		return errors.Join(get(ctx, c, "/"), c.Sleep(ctx, 24*time.Hour))
	})
	population.Arrivals = simcity.ArrivalsFunc(func(ctx context.Context, g *simcity.Gate) error {
		for !g.Full() {
			if err := g.NextTick(ctx); err != nil {
				return err
			}
			ticks = append(ticks, g.Elapsed())
			g.Spawn()
		}
		return nil
	})
	scenario := sound()
	scenario.Policies = policies
	scenario.Populations[0] = population
	res := simcity.New(scenario).Target(inProcess(hello)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, []time.Duration{5 * time.Minute, 10 * time.Minute}, ticks)
	require.Equal(t, int64(2), res.Citizens)
}

func TestArrivalsThatFailAreAFinding(t *testing.T) {
	t.Parallel()
	population := citizens("guest", 0, visitor)
	population.Arrivals = simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
		g.Spawn()
		return errors.New("no more trains")
	})
	res := city(hello, population).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Equal(t, "gate/guest", onlyFinding(t, res, simcity.FindingArrivals).Actor)
}

func TestCitizenKnowsWhoItIs(t *testing.T) {
	t.Parallel()
	population := citizens("customer", 2, func(ctx context.Context, c *simcity.Citizen) error {
		if c.Number() == 2 && (c.ID() != "customer/2" || c.Email() != "synthetic+customer-2@example.com" ||
			c.Population() != "customer" || c.Persona() != "calm") {
			panic(c.ID())
		}
		return get(ctx, c, "/")
	})
	population.Personas = []simcity.Persona{{Name: "calm"}}
	require.Equal(t, simcity.Pass, city(hello, population).Simulate(t).Verdict)
}

func TestPersonasComeByTheirWeights(t *testing.T) {
	t.Parallel()
	drawn := map[string]int{}
	population := citizens("customer", 1000, func(ctx context.Context, c *simcity.Citizen) error {
		drawn[c.Persona()]++
		return get(ctx, c, "/")
	})
	population.Personas = []simcity.Persona{{Name: "calm"}, {Name: "angry", Weight: 3}}
	population.Resident = true
	res := city(hello, population).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.InDelta(t, 250, drawn["calm"], 50)
	require.InDelta(t, 750, drawn["angry"], 50)
}
