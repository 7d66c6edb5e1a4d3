package pgstore_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/pgstore"
	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// oneFault is the morning of the disasters with another fault from 1:00 to 1:20.
func oneFault(fault simcity.Fault) simcity.Scenario {
	day := scenarios.DisasterMix()
	day.Name = "one_fault"
	day.Duration = 2 * time.Hour
	day.Injections = []simcity.Injection{{Fault: fault, At: time.Hour, For: 20 * time.Minute}}
	return day
}

// A gauge counts how often something was so, before a fault, while it lasts, and
// from a quarter of an hour after it on.
type gauge struct{ so, looks [3]int64 }

func (g *gauge) count(at time.Duration, so bool) { g.add(at, 1, so) }

func (g *gauge) add(at time.Duration, n int64, so bool) {
	phase := 0
	switch {
	case at >= 95*time.Minute:
		phase = 2
	case at >= 80*time.Minute:
		return // the city recovers
	case at >= time.Hour:
		phase = 1
	}
	g.looks[phase] += n
	if so {
		g.so[phase] += n
	}
}

func (g *gauge) share(phase int) float64 {
	return float64(g.so[phase]) / float64(max(g.looks[phase], 1))
}

// sees is a rule that minds nothing and shows each operation to look.
func sees(look func(*simcity.Operation)) simcity.Invariant {
	return simcity.Invariant{Name: "sees", Begin: func(*simcity.World) simcity.Check {
		return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach { look(op); return nil }}
	}}
}

// Each fault of the runbook is felt by clients while it lasts, and neither
// before nor after.
func TestCityFeelsEachFaultOfTheRunbook(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	misses := func(g *gauge) simcity.Invariant {
		var hits, misses int64
		return simcity.Invariant{Name: "misses", Begin: func(*simcity.World) simcity.Check {
			return simcity.Check{Tick: func(s *simcity.Snapshot) *simcity.Breach {
				g.add(s.At-time.Minute, int64(s.Gauges[invariants.CacheMisses])-misses, true)
				g.add(s.At-time.Minute, int64(s.Gauges[invariants.CacheHits])-hits, false)
				hits, misses = int64(s.Gauges[invariants.CacheHits]), int64(s.Gauges[invariants.CacheMisses])
				return nil
			}}
		}}
	}
	facts := func(kind simcity.FactKind, so func(simcity.Fact, *simcity.Operation) bool) func(*gauge) simcity.Invariant {
		return func(g *gauge) simcity.Invariant {
			return sees(func(op *simcity.Operation) {
				for _, f := range op.Facts {
					if f.Kind == kind {
						g.count(op.End, so(f, op))
					}
				}
			})
		}
	}
	for _, test := range []struct {
		name  string
		fault simcity.Fault
		felt  func(*gauge) simcity.Invariant
		// calm is how often it may be so without the fault, and felt how often it
		// must be so at least while the fault lasts.
		calm, least float64
	}{
		{"the cache misses", chaos.CacheInvalidationStorm{InvalidationRate: 1, Every: 10 * time.Second}.Fault(), misses, 0.2, 0.4},
		{"search does not find", chaos.PauseMVRefresh{PauseDuration: 20 * time.Minute}.Fault(),
			facts(simcity.Sought, func(f simcity.Fact, _ *simcity.Operation) bool { return !f.Same }), 0.1, 0.3},
		{"others' data is seen", chaos.RLSMisconfig{MisconfigType: chaos.PermissivePolicy}.Fault(),
			facts(simcity.Saw, func(f simcity.Fact, _ *simcity.Operation) bool { return f.Of != f.Holder }), 0, 0.001},
		{"clients are refused", chaos.RateLimitBurst{Multiplier: 300}.Fault(), func(g *gauge) simcity.Invariant {
			return sees(func(op *simcity.Operation) { g.count(op.End, op.Status == http.StatusTooManyRequests) })
		}, 0, 0.3},
	} {
		t.Run(test.fault.Kind, func(t *testing.T) {
			t.Parallel()
			var g gauge
			day := oneFault(test.fault)
			day.Invariants = []simcity.Invariant{test.felt(&g)}
			result := simcity.New(day).Target(cityOn(marketplace.Database(t), booking.Config{})).Simulate(t)
			require.Equal(t, simcity.Pass, result.Verdict, result.Explain())
			t.Logf("%s: %.1f %% before, %.1f %% while it lasts, %.1f %% after", test.name, 100*g.share(0), 100*g.share(1), 100*g.share(2))
			require.LessOrEqual(t, g.share(0), test.calm)
			require.GreaterOrEqual(t, g.share(1), test.least)
			require.LessOrEqual(t, g.share(2), test.calm)
		})
	}
}

// A database that does not heal is found by its own rule.
func TestCityFindsADatabaseThatDoesNotHeal(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	for _, planted := range []struct {
		bug  pgstore.Bug
		rule string
	}{
		{pgstore.BugGuardSleeps, "tenant_isolation"},
		{pgstore.BugMissingRLS, "tenant_isolation"},
		{pgstore.BugRefreshDies, "search_freshness"},
	} {
		t.Run(string(planted.bug), func(t *testing.T) {
			t.Parallel()
			day := scenarios.DisasterMix()
			result := simcity.New(day).Target(cityOn(marketplace.Database(t), booking.Config{}, planted.bug)).Simulate(t)
			require.NotEmpty(t, result.Violations, result.Explain())
			require.Equal(t, planted.rule, result.Violations[0].Invariant)
		})
	}
}

// However a run ends, nothing stays broken in the database.
func TestCityLeavesNothingBroken(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	broken := func(end func(*simcity.Simulation)) *simcity.Simulation {
		day := oneFault(chaos.RLSMisconfig{MisconfigType: chaos.AdminAccess}.Fault())
		day.Injections = append(day.Injections, simcity.Injection{
			Fault: chaos.PauseMVRefresh{PauseDuration: time.Hour}.Fault(), At: time.Hour, For: time.Hour,
		})
		day.AllowEmpty = []string{"*"}
		s := simcity.New(day)
		end(s)
		return s
	}
	for name, end := range map[string]func(*simcity.Simulation){
		"stopped": func(s *simcity.Simulation) {
			s.Command(simcity.Command{Kind: simcity.Stop, At: time.Hour + 5*time.Second})
		},
		"failed": func(s *simcity.Simulation) {
			s.Check(simcity.Invariant{Name: "fails", Begin: func(*simcity.World) simcity.Check {
				return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
					if op.End < time.Hour+10*time.Second {
						return nil
					}
					return &simcity.Breach{Got: "an operation", Want: "none"}
				}}
			}})
		},
		"panicked": func(s *simcity.Simulation) {
			s.Populate(simcity.Population{
				Name: "clumsy", Arrivals: simcity.ArrivalsFunc(func(ctx context.Context, g *simcity.Gate) error { g.Spawn(); return nil }),
				Agent: simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
					if err := c.Sleep(ctx, time.Hour+10*time.Second); err != nil {
						return err
					}
					panic("clumsy")
				}),
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn, leftBehind := freshDatabase(t)
			result := broken(end).Target(cityOn(dsn, booking.Config{}, pgstore.BugGuardSleeps)).Simulate(t)
			require.Equal(t, name == "stopped", result.Verdict == simcity.Stopped, result.Explain())
			require.NotEqual(t, simcity.Pass, result.Verdict)
			require.Len(t, result.Faults, 2, "both had struck")
			require.NoError(t, leftBehind())
		})
	}
}
