package chaos_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// restorable counts how often something was undone; it fails the first times.
type restorable struct{ calls, failures int }

func (r *restorable) restore(context.Context) error {
	if r.calls++; r.calls <= r.failures {
		return errors.New("busy")
	}
	return nil
}

func TestStormDropsAgainAndAgain(t *testing.T) {
	t.Parallel()
	var shares []float64
	hooks := &chaos.Hooks{InvalidateCache: func(_ context.Context, share float64) (int64, error) {
		shares = append(shares, share)
		return 3, nil
	}}
	s := trial{hooks: hooks, fault: chaos.CacheInvalidationStorm{}.Fault()}.run(t)
	require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
	require.InDelta(t, 10, len(shares), 1, "once a minute for ten minutes")
	require.Equal(t, 0.8, shares[0])
	require.Equal(t, int64(3*len(shares)), s.touched(t))

	shares = nil
	trial{hooks: hooks, fault: chaos.CacheInvalidationStorm{InvalidationRate: 1, Every: 10 * time.Second}.Fault()}.run(t)
	require.InDelta(t, 60, len(shares), 1)
	require.Equal(t, 1.0, shares[0])
}

func TestStormThatCannotBeginIsAFinding(t *testing.T) {
	t.Parallel()
	hooks := &chaos.Hooks{InvalidateCache: func(context.Context, float64) (int64, error) { return 0, errors.New("no cache") }}
	s := trial{hooks: hooks, fault: chaos.CacheInvalidationStorm{}.Fault()}.run(t)
	require.Equal(t, simcity.Fail, s.Verdict)
	require.Contains(t, faultFinding(t, s.Result), "CACHE_INVALIDATION_STORM could not be injected: no cache")
}

func TestStormThatFailsLaterIsNoted(t *testing.T) {
	t.Parallel()
	rounds := 0
	hooks := &chaos.Hooks{InvalidateCache: func(context.Context, float64) (int64, error) {
		if rounds++; rounds == 3 {
			return 0, errors.New("cache is gone")
		}
		return 1, nil
	}}
	tr := trial{hooks: hooks, fault: chaos.CacheInvalidationStorm{}.Fault()}
	var notes []string
	var s story
	tr.city(&s).Watch(func(e simcity.Event) {
		if e.Type == simcity.EventNote {
			notes = append(notes, string(e.Payload))
		}
	}).Simulate(t)
	require.Equal(t, []string{`{"text":"CACHE_INVALIDATION_STORM ends early: cache is gone"}`}, notes)
	require.Equal(t, 3, rounds)
}

// refresher is a host that refreshes every minute unless it is paused.
type refresher struct {
	world      *simcity.World
	paused     []time.Duration
	resumed    []time.Duration
	suppressed int64
	failures   int
}

func (r *refresher) pause(context.Context) (func(context.Context) (int64, error), error) {
	r.paused = append(r.paused, r.world.Elapsed())
	return func(context.Context) (int64, error) {
		if r.failures > 0 {
			r.failures--
			return 0, errors.New("busy")
		}
		r.resumed = append(r.resumed, r.world.Elapsed())
		return r.suppressed, nil
	}, nil
}

// refreshed runs a city with the refresher and the fault.
func refreshed(t *testing.T, r *refresher, fault simcity.Fault) *simcity.Result {
	t.Helper()
	return simcity.New(simcity.Scenario{Name: "refresh", Duration: time.Hour}).
		Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
			r.world = w
			chaos.Offer(w, chaos.Hooks{PauseRefresh: r.pause})
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil
		})).
		Populate(simcity.Population{Name: "caller", Arrivals: exactly(1), Agent: simcity.AgentFunc(
			func(ctx context.Context, c *simcity.Citizen) error { return trial{}.call(ctx, c).err })}).
		Check(anything()).Inject(fault, begins, lasts).Simulate(t)
}

func TestRefreshIsPausedForItsTimeWithinTheWindow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ pause, ends time.Duration }{
		{4 * time.Minute, begins + 4*time.Minute},
		{time.Hour, begins + lasts},
		{0, begins + lasts},
	} {
		r := &refresher{suppressed: 4}
		res := refreshed(t, r, chaos.PauseMVRefresh{PauseDuration: test.pause}.Fault())
		require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
		require.Len(t, r.paused, 1)
		require.Len(t, r.resumed, 1)
		require.InDelta(t, test.ends.Seconds(), r.resumed[0].Seconds(), 0.01)
		require.Equal(t, int64(4), res.Faults[0].Touched)
	}
}

func TestRefreshThatCannotBeResumedEarlyIsByTheRevert(t *testing.T) {
	t.Parallel()
	r := &refresher{suppressed: 1, failures: 2}
	res := refreshed(t, r, chaos.PauseMVRefresh{PauseDuration: time.Minute}.Fault())
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Len(t, r.resumed, 1)
	require.InDelta(t, (begins + lasts).Seconds(), r.resumed[0].Seconds(), 0.01)

	r = &refresher{suppressed: 1, failures: 9}
	res = refreshed(t, r, chaos.PauseMVRefresh{}.Fault())
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Contains(t, faultFinding(t, res), "PAUSE_MV_REFRESH could not be reverted, three times: busy")
}

func TestPauseThatSuppressedNothingProvesNothing(t *testing.T) {
	t.Parallel()
	res := refreshed(t, &refresher{}, chaos.PauseMVRefresh{}.Fault())
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Contains(t, res.Reasons[0], "fault PAUSE_MV_REFRESH touched nothing")
}

func TestMisconfigurationIsMadeOnceAndRestored(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{chaos.AdminAccess, chaos.DisabledTable, chaos.PermissivePolicy} {
		undo := &restorable{failures: 1}
		var made []string
		s := trial{fault: chaos.RLSMisconfig{MisconfigType: kind}.Fault(), hooks: &chaos.Hooks{
			MisconfigureRLS: func(_ context.Context, kind string) (func(context.Context) error, int64, error) {
				made = append(made, kind)
				return undo.restore, 42, nil
			},
		}}.run(t)
		require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
		require.Equal(t, []string{kind}, made)
		require.Equal(t, 2, undo.calls)
		require.Equal(t, int64(42), s.touched(t))
	}
}

func TestClockIsSkewedAndRestored(t *testing.T) {
	t.Parallel()
	for skew, expects := range map[time.Duration]time.Duration{0: 5 * time.Minute, -time.Hour: -time.Hour} {
		now := time.Duration(0)
		s := trial{fault: chaos.ClockSkew{Skew: skew}.Fault(), hooks: &chaos.Hooks{
			SkewClock: func(_ context.Context, d time.Duration) (func(context.Context) error, error) {
				now = d
				return func(context.Context) error { now = 0; return nil }, nil
			},
		}, handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(now.String())) }}.run(t)
		require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
		for _, c := range s.calls {
			if active(c.at) {
				require.Equal(t, expects.String(), c.body)
			} else {
				require.Equal(t, "0s", c.body)
			}
		}
		require.Equal(t, int64(1), s.touched(t))
	}
}

func TestHooksThatFailAreFindings(t *testing.T) {
	t.Parallel()
	broken := errors.New("not now")
	hooks := &chaos.Hooks{
		PauseRefresh: func(context.Context) (func(context.Context) (int64, error), error) { return nil, broken },
		MisconfigureRLS: func(context.Context, string) (func(context.Context) error, int64, error) {
			return nil, 0, broken
		},
		SqueezeRate: func(context.Context, int) (func(context.Context) error, error) { return nil, broken },
		SkewClock:   func(context.Context, time.Duration) (func(context.Context) error, error) { return nil, broken },
	}
	for _, maker := range []chaos.Maker{chaos.PauseMVRefresh{}, chaos.RLSMisconfig{}, chaos.RateLimitBurst{}, chaos.ClockSkew{}} {
		s := trial{hooks: hooks, fault: maker.Fault()}.run(t)
		require.Equal(t, simcity.Fail, s.Verdict)
		require.Contains(t, faultFinding(t, s.Result), "could not be injected: not now")
	}
}

func TestHooksWithoutAWayBackAreReverted(t *testing.T) {
	t.Parallel()
	hooks := &chaos.Hooks{
		PauseRefresh: func(context.Context) (func(context.Context) (int64, error), error) { return nil, nil },
		MisconfigureRLS: func(context.Context, string) (func(context.Context) error, int64, error) {
			return nil, 1, nil
		},
	}
	for _, maker := range []chaos.Maker{chaos.PauseMVRefresh{}, chaos.RLSMisconfig{}} {
		s := trial{hooks: hooks, fault: maker.Fault()}.run(t)
		require.NotEqual(t, simcity.Fail, s.Verdict, s.Reasons)
	}
}

func TestMissingHookIsToldBeforeTheRun(t *testing.T) {
	t.Parallel()
	for hook, maker := range map[string]chaos.Maker{
		"InvalidateCache": chaos.CacheInvalidationStorm{},
		"PauseRefresh":    chaos.PauseMVRefresh{},
		"MisconfigureRLS": chaos.RLSMisconfig{},
		"SkewClock":       chaos.ClockSkew{},
	} {
		s := trial{fault: maker.Fault()}.run(t)
		require.NotEqual(t, simcity.Pass, s.Verdict)
		require.Empty(t, s.calls, "nothing has happened")
		require.Contains(t, faultFinding(t, s.Result), "it needs the hook "+hook+" and the host offers no hooks")
		require.Contains(t, faultFinding(t, s.Result), "\tchaos.Offer(w, chaos.Hooks{\n\t\t"+hook+": app."+hook+",\n\t})")
	}
}

func TestHooksThatAreOfferedAreListed(t *testing.T) {
	t.Parallel()
	s := trial{fault: chaos.ClockSkew{}.Fault(), hooks: &chaos.Hooks{
		InvalidateCache: func(context.Context, float64) (int64, error) { return 1, nil },
		SqueezeRate:     func(context.Context, int) (func(context.Context) error, error) { return nil, nil },
	}}.run(t)
	require.Contains(t, faultFinding(t, s.Result), "it needs the hook SkewClock and the host offers InvalidateCache, SqueezeRate; fix:")
}

// offering runs a city whose host offers hooks part by part.
func offering(t *testing.T, fault simcity.Fault, parts ...chaos.Hooks) *simcity.Result {
	t.Helper()
	return simcity.New(simcity.Scenario{Name: "parts", Duration: time.Hour}).
		Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
			for _, hooks := range parts {
				chaos.Offer(w, hooks)
			}
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil
		})).
		Populate(simcity.Population{Name: "caller", Arrivals: exactly(1), Agent: simcity.AgentFunc(
			func(ctx context.Context, c *simcity.Citizen) error { return trial{}.call(ctx, c).err })}).
		Check(anything()).Inject(fault, begins, lasts).Simulate(t)
}

func TestPartsOfAHostOfferTheirHooks(t *testing.T) {
	t.Parallel()
	cache := chaos.Hooks{InvalidateCache: func(context.Context, float64) (int64, error) { return 1, nil }}
	clock := chaos.Hooks{SkewClock: func(context.Context, time.Duration) (func(context.Context) error, error) { return nil, nil }}
	res := offering(t, chaos.ClockSkew{}.Fault(), cache, clock)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	res = offering(t, chaos.CacheInvalidationStorm{}.Fault(), cache, clock)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)

	res = offering(t, chaos.CacheInvalidationStorm{}.Fault(), cache, clock, cache)
	require.NotEqual(t, simcity.Pass, res.Verdict)
	require.Contains(t, faultFinding(t, res), "the hook InvalidateCache was offered twice")
	res = offering(t, chaos.ClockSkew{}.Fault(), cache, clock, cache)
	require.Equal(t, simcity.Pass, res.Verdict, "its own hook is clear")
}
