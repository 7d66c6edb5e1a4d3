package simcity_test

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// The city of these tests has a host that stands still for the first second of
// each ten, and somebody who wants something of it every ten milliseconds.
const (
	stallEvery = 10 * time.Second
	stallLasts = time.Second
	wishEvery  = 10 * time.Millisecond
	stallTest  = 100 * time.Second
)

// stalling is that host.
func stalling() simcity.Target {
	return simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			if into := w.Elapsed() % stallEvery; into < stallLasts {
				time.Sleep(stallLasts - into)
			}
		}), nil
	})
}

// truth is the 99th percentile of what users wait who do not wait for one
// another.
func truth() time.Duration {
	var waits []time.Duration
	for at := time.Duration(0); at < stallTest; at += wishEvery {
		waits = append(waits, max(0, stallLasts-at%stallEvery))
	}
	slices.Sort(waits)
	return waits[len(waits)*99/100-1]
}

// wishes are one citizen each.
func wishes() simcity.Population {
	return simcity.Population{Name: "wish", Agent: simcity.AgentFunc(visitor), Arrivals: simcity.ArrivalsFunc(func(ctx context.Context, g *simcity.Gate) error {
		for at := time.Duration(0); at < stallTest; at += wishEvery {
			if err := g.SleepUntil(ctx, at); err != nil {
				return err
			}
			g.Spawn()
		}
		return nil
	})}
}

// timetable is one citizen who wants something at its times, late or not.
func timetable(ctx context.Context, c *simcity.Citizen) error {
	for at := time.Duration(0); at < stallTest; at += wishEvery {
		if err := c.SleepUntil(ctx, c.World().Start().Add(at)); err != nil {
			return err
		}
		_ = get(ctx, c, "/")
	}
	return nil
}

// loop is one citizen who waits for the answer before it wants the next.
func loop(ctx context.Context, c *simcity.Citizen) error {
	for {
		_ = get(ctx, c, "/")
		if err := c.Sleep(ctx, wishEvery); err != nil {
			return err
		}
	}
}

// stalled is the run of that city.
func stalled(t *testing.T, p simcity.Population, change func(*simcity.Scenario)) *simcity.Result {
	t.Helper()
	scenario := sound()
	scenario.Duration = stallTest + stallLasts
	scenario.Policies = simcity.DefaultPolicies()
	scenario.Policies.MaxConcurrentAgents = 1000
	p.StepLimit = 100_000
	scenario.Populations[0] = p
	if change != nil {
		change(&scenario)
	}
	return simcity.New(scenario).Target(stalling()).Simulate(t)
}

// A second of standstill in ten: whoever measures from when users meant to act
// sees what they see; a closed loop sees one slow answer per standstill.
func TestLatencyCountsFromTheIntendedStart(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]simcity.Population{
		"a citizen for each wish":    wishes(),
		"one citizen on a timetable": citizens("wish", 1, timetable),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := stalled(t, p, nil)
			require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
			t.Logf("p99 %s, in truth %s", res.Metrics.Latency.P99, truth())
			require.InEpsilon(t, truth().Seconds(), res.Metrics.Latency.P99.Seconds(), 0.05)
			require.Equal(t, int64(stallTest/wishEvery), res.Operations)
		})
	}
}

func TestClosedLoopsMissWhatUsersWait(t *testing.T) {
	t.Parallel()
	closed := func(s *simcity.Scenario) { s.ClosedLoop = true }
	for name, p := range map[string]simcity.Population{
		"one citizen that waits":              citizens("wish", 1, loop),
		"one citizen on a timetable, forgets": citizens("wish", 1, timetable),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := stalled(t, p, closed)
			t.Logf("p99 %s, in truth %s", res.Metrics.Latency.P99, truth())
			require.Less(t, res.Metrics.Latency.P99, 10*time.Millisecond)
		})
	}
}

func TestOpenLoadDropsArrivalsAndAClosedOneLetsThemWait(t *testing.T) {
	t.Parallel()
	small := func(s *simcity.Scenario) { s.Policies.MaxConcurrentAgents = 50 }
	open := stalled(t, wishes(), small)
	require.Equal(t, simcity.Inconclusive, open.Verdict)
	require.Regexp(t, `50\d arrivals were dropped because the city was full`, open.Reasons[0]) // 50 of 100, ten times
	closed := stalled(t, wishes(), func(s *simcity.Scenario) { small(s); s.ClosedLoop = true })
	require.Equal(t, simcity.Pass, closed.Verdict, closed.Reasons)
	require.Contains(t, closed.Line(), " load=closed")
	require.Equal(t, int64(stallTest/wishEvery), closed.Operations, "all came, when there was a place")
}

// Whoever sleeps through its own date was not kept waiting by the host.
func TestOversleptDatesAreNotTheHostsFault(t *testing.T) {
	t.Parallel()
	var h history
	res := city(hello, citizens("sleeper", 1, func(ctx context.Context, c *simcity.Citizen) error {
		date := c.Now().Add(time.Minute)
		if err := c.Sleep(ctx, 10*time.Minute); err != nil {
			return err
		}
		if err := c.SleepUntil(ctx, date); err != nil {
			return err
		}
		return get(ctx, c, "/")
	})).Check(h.rule()).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict)
	require.Less(t, h.operations[0].Latency, time.Second)
}

// The same over the network: the one answer that takes long delays all those that
// were due meanwhile.
func TestLatencyOverTheNetworkCountsFromTheIntendedStart(t *testing.T) {
	t.Parallel()
	const stall = 200 * time.Millisecond
	var served atomic.Int64
	server := serve(t, stranger(func(http.ResponseWriter, *http.Request) {
		if served.Add(1) == 5 {
			<-time.After(stall)
		}
	}))
	var h history
	scenario := sound()
	scenario.Duration = time.Second
	scenario.Populations[0] = citizens("wish", 1, func(ctx context.Context, c *simcity.Citizen) error {
		for at := time.Duration(0); at < time.Second/2; at += wishEvery {
			if err := c.SleepUntil(ctx, c.World().Start().Add(at)); err != nil {
				return err
			}
			_ = get(ctx, c, "/")
		}
		return nil
	})
	res := simcity.New(scenario).Target(simcity.URL(server.URL)).Clock(simcity.Paced(1)).Check(h.rule()).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	slow := 0
	for _, op := range h.operations {
		if op.Latency >= stall/2 {
			slow++
		}
	}
	require.GreaterOrEqual(t, slow, int(stall/2/wishEvery), "those that were due in the first half of the standstill")
}

// What a device does first is meant for when it happens.
func TestDevicesBeginOnTime(t *testing.T) {
	t.Parallel()
	var h history
	res := city(hello, citizens("household", 1, func(ctx context.Context, c *simcity.Citizen) error {
		if err := c.Sleep(ctx, 30*time.Minute); err != nil {
			return err
		}
		return c.Together(ctx, visitor, visitor)
	})).Check(h.rule()).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Len(t, h.operations, 2)
	for _, op := range h.operations {
		require.Less(t, op.Latency, time.Second)
	}
}
