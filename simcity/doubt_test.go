package simcity_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// What was not checked never passes. Each reason for a doubt comes with the name
// that lifts it, if one does.
func TestWhatWasNotCheckedIsInconclusive(t *testing.T) {
	t.Parallel()
	crowded := simcity.DefaultPolicies()
	crowded.MaxConcurrentAgents = 2
	untouched := simcity.Fault{Kind: "SHY", Inject: func(context.Context, *simcity.World, *simcity.Touched) (func(context.Context) error, error) {
		return nil, nil
	}}
	var seen []*simcity.Operation
	for _, test := range []struct {
		name  string
		doubt func(*simcity.Scenario)
		says  string
		lifts string
	}{
		{"too few samples", func(s *simcity.Scenario) {
			s.Invariants = append(s.Invariants, judged("busy", simcity.AtEnd, simcity.Judgement{Samples: 9, Needs: 10}))
		}, "invariant busy was not checked: 9 samples, needs 10", "busy"},
		{"too few samples, and they look bad", func(s *simcity.Scenario) {
			s.Invariants = append(s.Invariants, judged("slow", simcity.AtEnd, simcity.Judgement{Samples: 3, Needs: 5, Breach: &simcity.Breach{Got: "2s", Want: "1s"}}))
		}, "invariant slow was not checked: 3 samples, needs 5, and so far got 2s, want 1s; run longer", "slow"},
		{"rule that never looked", func(s *simcity.Scenario) {
			s.Invariants = append(s.Invariants, simcity.Invariant{Name: "blind", When: simcity.Steady, Begin: func(*simcity.World) simcity.Check {
				return simcity.Check{Operation: func(*simcity.Operation) *simcity.Breach { return nil }}
			}})
			s.Injections = []simcity.Injection{{Fault: calmFault(), For: time.Hour}}
		}, "invariant blind was not checked: 0 samples, needs 1", "blind"},
		{"rule without functions", func(s *simcity.Scenario) {
			s.Invariants = append(s.Invariants, simcity.Invariant{Name: "empty", Begin: func(*simcity.World) simcity.Check { return simcity.Check{} }})
		}, "invariant empty was not checked: the Check that its Begin made has no function; give it Operation, Tick or Judge", "empty"},
		{"rules that do not apply", func(s *simcity.Scenario) {
			s.Invariants = []simcity.Invariant{judged("any", simcity.AtEnd, simcity.Judgement{Exempt: "nobody pays here"})}
		}, "no invariant was checked: each of the 1 is exempt, or was not checked and AllowEmpty names it", "*"},
		{"population that never acted", func(s *simcity.Scenario) {
			s.Populations = append(s.Populations, citizens("lazy", 3, func(ctx context.Context, c *simcity.Citizen) error {
				return c.Sleep(ctx, 24*time.Hour)
			}))
		}, "population lazy never acted: 3 citizens came and none did an operation", "lazy"},
		{"population that never came", func(s *simcity.Scenario) {
			s.Populations = append(s.Populations, citizens("missing", 0, visitor))
		}, "population missing never acted: nobody came", "missing"},
		{"population that asked nothing", func(s *simcity.Scenario) {
			s.Populations = append(s.Populations, citizens("dreamer", 2, func(ctx context.Context, c *simcity.Citizen) error {
				return c.Do(ctx, "buy", nil, func(context.Context, *simcity.Operation) error { return nil })
			}))
		}, "population dreamer never reached the target: its 2 operations made no request and told nothing; let them send one by Citizen.Client", "dreamer"},
		{"operation that mostly failed", func(s *simcity.Scenario) {
			s.Populations[0] = citizens("customer", 12, func(ctx context.Context, c *simcity.Citizen) error {
				_ = visitor(ctx, c)
				return ignore(pay(ctx, c, "pay", c.Number() > 5))
			})
		}, "population customer failed at pay 7 of 12 times, the last pay -> error 0 no money, and no fault was active; mend the agent or the target, or say by Simulation.Classify", "customer"},
		{"operation that failed each of a few times", func(s *simcity.Scenario) {
			s.Populations[0] = citizens("customer", 12, func(ctx context.Context, c *simcity.Citizen) error {
				_ = visitor(ctx, c)
				if c.Number() > 3 {
					return nil
				}
				return ignore(pay(ctx, c, "pay", true))
			})
		}, "population customer failed at pay 3 of 3 times, the last pay -> error 0 no money", "customer"},
		{"operations that mostly failed, each by its name", func(s *simcity.Scenario) {
			s.Populations[0] = citizens("customer", 10, func(ctx context.Context, c *simcity.Citizen) error {
				return ignore(pay(ctx, c, "pay"+strconv.Itoa(c.Number()), c.Number() > 1))
			})
		}, "population customer failed 9 of 10 times, the last pay", "customer"},
		{"lives that mostly ended in an error", func(s *simcity.Scenario) {
			s.Populations[0] = citizens("customer", 10, func(ctx context.Context, c *simcity.Citizen) error {
				_ = visitor(ctx, c)
				if c.Number() > 4 {
					return errors.New("lost the way")
				}
				return nil
			})
		}, "population customer was cut short: 6 of 10 lives that ended did so in an error, the last of customer/", "customer"},
		{"dropped arrivals", func(s *simcity.Scenario) {
			s.Policies = crowded
			s.Populations[0] = citizens("customer", 5, visitor)
		}, "population customer: 3 arrivals were dropped because the city was full; raise maxConcurrentAgents (2; Policies.MaxConcurrentAgents of the scenario)", "customer"},
		{"fault that touched nothing", func(s *simcity.Scenario) {
			s.Injections = []simcity.Injection{{Fault: untouched, At: time.Minute, For: time.Minute}}
		}, "fault SHY touched nothing", "SHY"},
		{"steady state broken before the first fault", func(s *simcity.Scenario) {
			s.Populations[0] = citizens("customer", 1, regular)
			s.Invariants = append(s.Invariants, steady(&seen))
			s.Injections = []simcity.Injection{{Fault: calmFault(), At: 20 * time.Minute, For: time.Minute}}
		}, "steady state did not hold before the first fault: no_errors: got an error, want none", ""}, // a breach is no lack of samples
		{"steady state not looked at before the first fault", func(s *simcity.Scenario) {
			s.Populations[0] = citizens("customer", 1, regular)
			s.Invariants = append(s.Invariants, steady(&seen))
			s.Injections = []simcity.Injection{{Fault: calmFault(), At: 30 * time.Second, For: time.Minute}}
		}, "no_errors was not checked before the first fault: 0 samples, needs 1; let the fault begin later", "no_errors"},
	} {
		t.Run(test.name, func(t *testing.T) {
			scenario := sound()
			test.doubt(&scenario)
			brokenUntilTen := func(w http.ResponseWriter, _ *http.Request) {
				if strings.HasPrefix(test.name, "steady") && time.Now().Before(time.Date(2026, 1, 5, 0, 10, 0, 0, time.UTC)) {
					w.WriteHeader(http.StatusInternalServerError)
				}
			}
			run := func() *simcity.Result { return simcity.New(scenario).Target(inProcess(brokenUntilTen)).Simulate(t) }

			res := run()
			require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
			require.Len(t, res.Reasons, 1)
			require.Contains(t, res.Reasons[0], test.says)
			require.Contains(t, res.Explain(), test.says)

			scenario.AllowEmpty = []string{"any"}
			require.Equal(t, simcity.Inconclusive, run().Verdict, "another name lifts nothing")
			if test.lifts != "" {
				scenario.AllowEmpty = []string{test.lifts}
				require.Equal(t, simcity.Pass, run().Verdict)
				scenario.AllowEmpty = []string{"*"}
				require.Equal(t, simcity.Pass, run().Verdict)
			}
		})
	}
}

// pay is an operation that fails, or not.
func pay(ctx context.Context, c *simcity.Citizen, name string, fails bool) error {
	return c.Do(ctx, name, nil, func(_ context.Context, op *simcity.Operation) error {
		op.Output = "told"
		if fails {
			return errors.New("no money")
		}
		return nil
	})
}

func ignore(error) error { return nil }

// A fault explains failures, and that somebody else was first explains lives that end
// in an error.
func TestWhatIsExplainedIsNoDoubt(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.Populations[0] = citizens("payer", 20, func(ctx context.Context, c *simcity.Citizen) error {
		_ = c.Sleep(ctx, time.Minute) // the fault has struck
		return pay(ctx, c, "pay", c.Number() > 1)
	})
	scenario.Injections = []simcity.Injection{{Fault: calmFault(), For: time.Hour}}
	scenario.AllowEmpty = []string{"any"}
	res := simcity.New(scenario).Target(inProcess(hello)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)

	taken := false
	once := func(w http.ResponseWriter, _ *http.Request) {
		if taken {
			w.WriteHeader(http.StatusConflict)
		}
		taken = true
	}
	require.Equal(t, simcity.Pass, city(once, citizens("buyer", 20, func(ctx context.Context, c *simcity.Citizen) error {
		return c.Do(ctx, "buy", nil, func(ctx context.Context, op *simcity.Operation) error {
			request, _ := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL(), nil)
			response, err := c.Client().Do(request)
			if err == nil && response.StatusCode != http.StatusOK {
				err = errors.New(response.Status)
			}
			return err
		})
	})).Simulate(t).Verdict)
}

// A verb that the target never once granted was not tested, whatever else the citizens
// do, unless their lives say that the refusal is right.
func TestVerbThatIsAlwaysRefusedIsInconclusive(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /loans", func(http.ResponseWriter, *http.Request) {})
	live := func(right bool) *simcity.Result {
		return city(mux.ServeHTTP, citizens("reader", 12, func(ctx context.Context, c *simcity.Citizen) error {
			if err := get(ctx, c, "/loans"); err != nil {
				return err
			}
			return c.Do(ctx, "borrow", nil, func(ctx context.Context, op *simcity.Operation) error {
				request, _ := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL()+"/laons", nil)
				_, err := c.Client().Do(request)
				if right {
					op.Output = "refused, as it should be"
				}
				return err
			})
		})).Simulate(t)
	}
	require.Equal(t, simcity.Pass, live(true).Verdict)
	res := live(false)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Contains(t, res.Reasons[0], "population reader never succeeded at borrow: 12 operations, none of them ok, the last borrow -> rejected 404")
}

func TestAllowEmptyLiftsOnlyTheNamedDoubt(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.Invariants = append(scenario.Invariants,
		judged("busy", simcity.AtEnd, simcity.Judgement{Needs: 1}),
		judged("busier", simcity.AtEnd, simcity.Judgement{Needs: 2}))
	scenario.AllowEmpty = []string{"busier"}
	res := simcity.New(scenario).Target(inProcess(hello)).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Len(t, res.Reasons, 1)
	require.Contains(t, res.Reasons[0], "invariant busy ")
}

func TestZeroJudgementIsNotChecked(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.Invariants = append(scenario.Invariants, judged("idle", simcity.AtEnd, simcity.Judgement{}))
	res := simcity.New(scenario).Target(inProcess(hello)).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Contains(t, res.Reasons[0], "invariant idle was not checked: 0 samples, needs 1")

	scenario.Invariants[len(scenario.Invariants)-1] = judged("idle", simcity.AtEnd, simcity.Judgement{Exempt: "not here"})
	require.Equal(t, simcity.Pass, simcity.New(scenario).Target(inProcess(hello)).Simulate(t).Verdict)
}

func TestFaultThatNeverStruckIsInconclusive(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.Injections = []simcity.Injection{{At: time.Minute, For: time.Minute, Fault: simcity.Fault{
		Kind: "GONE", Inject: func(context.Context, *simcity.World, *simcity.Touched) (func(context.Context) error, error) {
			runtime.Goexit() // as t.FailNow does
			return nil, nil
		},
	}}}
	res := simcity.New(scenario).Target(inProcess(hello)).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Contains(t, fmt.Sprint(res.Reasons), "1 of 1 faults never struck")
}

func TestEndThatWasNeverJudgedIsInconclusive(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.AllowEmpty = []string{"*"} // which lifts a lack of samples, not this
	scenario.Populations[0] = citizens("customer", 1, func(ctx context.Context, c *simcity.Citizen) error {
		never := make(chan struct{})
		c.AtEnd(func(context.Context) error { <-never; return nil })
		if err := get(ctx, c, "/"); err != nil {
			return err
		}
		return c.Sleep(ctx, 24*time.Hour)
	})
	res := simcity.New(scenario).Target(inProcess(hello)).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
	require.Contains(t, fmt.Sprint(res.Reasons), "the end of the run was not judged")
}

// A pass tells which lives and which operations came to nothing.
func TestPassTellsWhatCameToNothing(t *testing.T) {
	t.Parallel()
	born := 0
	scenario := sound()
	scenario.Populations = []simcity.Population{citizens("crowd", 3, func(ctx context.Context, c *simcity.Citizen) error {
		if err := visitor(ctx, c); err != nil {
			return err
		}
		if born++; born < 3 {
			return errors.New("lost the way")
		}
		_ = c.Do(ctx, "pay", nil, func(context.Context, *simcity.Operation) error { return errors.New("no money") })
		_ = c.Do(ctx, "forget", nil, func(context.Context, *simcity.Operation) error { return nil })
		_ = c.Do(ctx, "call", nil, func(_ context.Context, op *simcity.Operation) error { op.Output = "by another way"; return nil })
		return nil
	})}
	res := simcity.New(scenario).Target(inProcess(hello)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Empty(t, troubles(res))
	notes := notes(res)
	require.Contains(t, notes, "population crowd: pay failed 1 of 1 times, the last pay -> error 0 no money")
	require.Contains(t, strings.Join(notes, "\n"), "population crowd: forget made no request, 1 in all, and counts as ok for want of an error;")
	require.NotContains(t, strings.Join(notes, "\n"), "population crowd: call")
	require.Regexp(t, `population crowd: 2 of 3 lives ended in an error, the last of crowd/\d: lost the way, after get -> ok 200`, strings.Join(notes, "\n"))
}

// Requests outside of Do are told, but for those of a clean-up.
func TestRequestsThatNoRuleSawAreTold(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("visitor", 2, func(ctx context.Context, c *simcity.Citizen) error {
		ask := func(ctx context.Context) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL()+"/basket?secret=1", nil)
			if err != nil {
				return err
			}
			_, err = c.Send(request)
			return err
		}
		c.AtEnd(ask)
		return errors.Join(visitor(ctx, c), ask(ctx))
	})).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Contains(t, notes(res), "population visitor: 2 requests outside of Citizen.Do, which no rule saw, the last GET /basket; make requests inside of it")
}
