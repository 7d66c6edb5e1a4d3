package remote_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/chaos/remote"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/testhooks"
)

// The faults of the runbook are the same whether the host is here or elsewhere.
func TestFaultsStrikeAHostElsewhere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	res := s.city(remote.Hooks{}).
		Inject(chaos.CacheInvalidationStorm{Every: 4 * time.Minute}.Fault(), 5*time.Minute, 10*time.Minute).
		Inject(chaos.PauseMVRefresh{PauseDuration: 5 * time.Minute}.Fault(), 20*time.Minute, 6*time.Minute).
		Inject(chaos.RLSMisconfig{MisconfigType: chaos.DisabledTable}.Fault(), 30*time.Minute, 5*time.Minute).
		Inject(chaos.RateLimitBurst{}.Fault(), 40*time.Minute, 10*time.Minute).
		Inject(remote.Fault("FOG", map[string]any{"depth": 7}), 55*time.Minute, 2*time.Minute).
		Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	drops := strings.Count(s.done(), "drop, ")
	did := strings.Split(strings.ReplaceAll(s.done(), "drop, ", ""), ", ")
	require.ElementsMatch(t, []string{"pause", "resume", "open disabled_table", "close", "squeeze", "loosen"}, did)
	touched := map[string]int64{}
	for _, w := range res.Faults {
		touched[w.Kind] = w.Touched
	}
	require.Positive(t, touched["RATE_LIMIT_BURST"], "the requests that came meanwhile")
	delete(touched, "RATE_LIMIT_BURST")
	require.Equal(t, map[string]int64{"CACHE_INVALIDATION_STORM": int64(5 * drops), "PAUSE_MV_REFRESH": 3, "RLS_MISCONFIG": 42, "FOG": 8}, touched)
}

// A run whose citizens step while the host lives on real time strikes as well.
func TestFaultsStrikeUnderAStoppedClock(t *testing.T) {
	t.Parallel()
	s := setup(t)
	res := s.city(remote.Hooks{}).Clock(simcity.Stepped()).
		Inject(chaos.RLSMisconfig{}.Fault(), 30*time.Minute, 5*time.Minute).
		Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	require.Equal(t, "open admin_access, close", s.done())
}

// The lease is shorter than the fault: it must be renewed meanwhile.
func TestLeaseIsRenewedWhileTheFaultLasts(t *testing.T) {
	t.Parallel()
	s := setup(t)
	res := s.city(remote.Hooks{Lease: time.Second}).
		Inject(chaos.RLSMisconfig{}.Fault(), 5*time.Minute, 50*time.Minute). // 1.7 real seconds
		Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	require.GreaterOrEqual(t, s.renewals, 3)
	require.Equal(t, "open admin_access, close", s.done())
}

// Renewals do not reach the host, which reverts by itself. The fault has not
// lasted its window, and so the run proves nothing.
func TestFaultThatEndedEarlyProvesNothing(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.deaf = true
	res := s.city(remote.Hooks{Lease: time.Second}).
		Inject(chaos.RLSMisconfig{}.Fault(), 5*time.Minute, 50*time.Minute).
		Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Explain())
	require.Contains(t, texts(res), "RLS_MISCONFIG did not last its window: the host reverted it by itself, because its lease of 1s was not renewed")
	require.Contains(t, texts(res), "/renew with 502")
	require.Equal(t, "open admin_access, close", s.done())
}

// Stop is the kill switch: what is broken is mended all the same.
func TestStoppedRunReverts(t *testing.T) {
	t.Parallel()
	s := setup(t)
	struck := make(chan struct{})
	running, err := s.city(remote.Hooks{Purge: true}).
		Inject(chaos.RLSMisconfig{}.Fault(), time.Minute, 50*time.Minute).
		Watch(func(e simcity.Event) {
			if e.Type == simcity.EventFaultInjected {
				close(struck)
			}
		}).Start(t.Context())
	require.NoError(t, err)
	<-struck
	running.Stop()
	res := running.Wait()
	require.Equal(t, simcity.Stopped, res.Verdict, res.Explain())
	require.Equal(t, "open admin_access, close, purge, count", s.done())
}

// The run is stopped while the host is about to strike, so that the answer is lost.
func TestRunThatIsStoppedWhileItStrikesReverts(t *testing.T) {
	t.Parallel()
	began, proceed := make(chan struct{}), make(chan struct{})
	s := setup(t, func(c *testhooks.Config) {
		lay := c.Hooks.MisconfigureRLS
		c.Hooks.MisconfigureRLS = func(ctx context.Context, kind string) (func(context.Context) error, int64, error) {
			close(began)
			<-proceed
			return lay(ctx, kind)
		}
	})
	running, err := s.city(remote.Hooks{}).Inject(chaos.RLSMisconfig{}.Fault(), time.Minute, 50*time.Minute).Start(t.Context())
	require.NoError(t, err)
	<-began
	running.Stop()
	<-s.cut
	close(proceed)
	res := running.Wait()
	require.Equal(t, simcity.Stopped, res.Verdict, res.Explain())
	require.Equal(t, "open admin_access, close", s.done())
}

func TestRevertThatTheHostFailsIsAFinding(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.stuck = errors.New("disk full")
	res := s.city(remote.Hooks{}).
		Inject(chaos.RLSMisconfig{}.Fault(), 5*time.Minute, 5*time.Minute).
		Simulate(t)
	s.mu.Lock()
	s.stuck = nil
	s.mu.Unlock()
	require.Equal(t, simcity.Fail, res.Verdict, res.Explain())
	require.Contains(t, texts(res), "could not be reverted, three times: remote: the host answered DELETE /api/test/faults/")
	require.Contains(t, texts(res), "disk full")
}

// What cannot be struck is refused before anything happens, with what there is.
func TestRunsThatAreRefused(t *testing.T) {
	t.Parallel()
	without := func(c *testhooks.Config) { c.Hooks.MisconfigureRLS = nil }
	rls := chaos.RLSMisconfig{}.Fault()
	for name, c := range map[string]struct {
		change func(*testhooks.Config)
		build  func(*shop) *simcity.Simulation
		want   string
	}{
		"missing hook": {without, func(s *shop) *simcity.Simulation { return s.city(remote.Hooks{}).Inject(rls, time.Minute, time.Minute) },
			"it needs the hook MisconfigureRLS and the host offers InvalidateCache, PauseRefresh, SqueezeRate"},
		"unknown fault": {nil, func(s *shop) *simcity.Simulation {
			return s.city(remote.Hooks{}).Inject(remote.Fault("HAIL", nil), time.Minute, time.Minute)
		}, "the host offers no fault HAIL; it offers CACHE_INVALIDATION_STORM, PAUSE_MV_REFRESH, RLS_MISCONFIG, RATE_LIMIT_BURST, FOG"},
		"not equipped": {nil, func(s *shop) *simcity.Simulation {
			return s.city(remote.Hooks{}).Target(simcity.URL(s.url).Login(secret)).Inject(remote.Fault("FOG", nil), time.Minute, time.Minute)
		}, "Equip(remote.Hooks{}.Offer)"},
		"wrong secret": {nil, func(s *shop) *simcity.Simulation {
			return s.city(remote.Hooks{}).Target(simcity.URL(s.url).Login("another-secret-of-mine").Equip(remote.Hooks{}.Offer))
		}, "answered GET /api/test/faults with 401: the secret is missing or wrong"},
		"lease too short": {nil, func(s *shop) *simcity.Simulation { return s.city(remote.Hooks{Lease: time.Millisecond}) },
			"remote.Hooks.Lease is 1ms; allowed: whole seconds, 1s to 10m"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var changes []func(*testhooks.Config)
			if c.change != nil {
				changes = append(changes, c.change)
			}
			s := setup(t, changes...)
			res := c.build(s).Simulate(t)
			require.NotEqual(t, simcity.Pass, res.Verdict)
			require.Contains(t, texts(res), c.want)
			require.NotContains(t, texts(res), "another-secret")
			require.Zero(t, res.Operations)
			require.Empty(t, s.done())
		})
	}
}

func TestHostOwnsParametersAreChecked(t *testing.T) {
	t.Parallel()
	s := setup(t)
	res := s.city(remote.Hooks{}).Inject(remote.Fault("FOG", map[string]any{"depth": 10}), time.Minute, time.Minute).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Contains(t, texts(res), "FOG could not be injected: remote: the host answered POST /api/test/faults with 400: parameters.depth is 10; allowed: 1 to 9")
}

// The host's own word is a cross-check.
func TestProbesTellWhatTheHostCounts(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var told []error
	ask := simcity.CollectorFunc(func(ctx context.Context, w *simcity.World) error {
		if err := remote.Probes(ctx, w); !errors.Is(err, simcity.ErrOver) {
			told = append(told, err)
		}
		return nil
	})
	scenario := func() *simcity.Simulation { return s.city(remote.Hooks{}, ask).Until(10 * time.Minute) }
	scenario().Simulate(t)
	require.NotEmpty(t, told)
	for _, err := range told {
		require.NoError(t, err)
	}
	told, s.counts = nil, map[string]int64{"doubleBookings": 2, "orphans": 0, "oversold": 1}
	scenario().Simulate(t)
	require.EqualError(t, told[0], "the host counts doubleBookings 2, oversold 1")
	told, s.counts = nil, nil
	scenario().Simulate(t)
	require.ErrorContains(t, told[0], "count nothing", "who counts nothing has checked nothing")
}

func TestPurgeThatLeavesSomethingFailsTheRun(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *testhooks.Config) {
		c.Purge = func(context.Context, testhooks.PurgeRequest) (map[string]int64, error) {
			return map[string]int64{"bookings": 3, "users": 0}, nil
		}
	})
	res := s.city(remote.Hooks{Purge: true}).Until(10 * time.Minute).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Contains(t, texts(res), "after the purge the host still has bookings 3")
}
