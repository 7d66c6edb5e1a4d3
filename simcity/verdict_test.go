package simcity_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// judged is an invariant that only sums up, once.
func judged(name string, when simcity.When, judgement simcity.Judgement) simcity.Invariant {
	return simcity.Invariant{Name: name, When: when, Begin: func(*simcity.World) simcity.Check {
		return simcity.Check{Judge: func() simcity.Judgement { return judgement }}
	}}
}

// breached is a judgement against the city.
func breached(got string) simcity.Judgement {
	return simcity.Judgement{Samples: 1, Needs: 1, Breach: &simcity.Breach{Got: got, Want: "nothing"}}
}

func TestRunInWhichAllIsCheckedPasses(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("visitor", 3, visitor)).Run(t)
	require.Equal(t, simcity.Pass, res.Verdict)
	require.Empty(t, res.Reasons)
	require.Empty(t, res.Bundle)
	require.Equal(t, simcity.Kept, res.Invariant("any").Status)
	require.Nil(t, res.Invariant("other"))
	require.Equal(t, int64(3), res.Operations)
	require.Equal(t, int64(3), res.Citizens)
	require.Equal(t, time.Hour, res.Simulated)
}

func TestVerdictIsOneStableLine(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("visitor", 3, visitor)).Simulate(t)
	require.Regexp(t, `^simcity verdict=PASS scenario=city seed=1 clock=virtual sim=1h0m0s citizens=3 operations=3 `+
		`events=\d+ violations=0 digest=[0-9a-f]{16} wall=\d+\.\d\ds$`, res.Line())
}

func TestRunWritesItsLineAndTellsTheTestsAttributes(t *testing.T) {
	t.Parallel()
	var res *simcity.Result
	told := record(t, "TestX", func(t testing.TB) { res = city(hello, citizens("visitor", 1, visitor)).Run(t) })
	require.Equal(t, res.Line()+"\n", told.output.String())
	require.Equal(t, map[string]string{
		"simcity.seed": "1", "simcity.verdict": "PASS", "simcity.digest": res.Digest.String(),
	}, told.attrs)
	require.Empty(t, told.errors)
}

func TestTestThatIsFailedOrSkippedFromWithinIsInTheVerdict(t *testing.T) {
	for _, test := range []struct {
		say  func(testing.TB)
		want simcity.Verdict
	}{
		{func(t testing.TB) { t.Error("no") }, simcity.Fail},
		{func(t testing.TB) { t.Fatal("no") }, simcity.Fail},
		{func(t testing.TB) { t.Skipf("no Postgres here") }, simcity.Inconclusive},
	} {
		var res *simcity.Result
		record(t, "TestX", func(t testing.TB) {
			scenario := sound()
			scenario.Populations = append(scenario.Populations, citizens("reader", 1, func(ctx context.Context, c *simcity.Citizen) error {
				defer test.say(t)
				return visitor(ctx, c)
			}))
			res = simcity.New(scenario).Target(inProcess(hello)).Simulate(t)
		})
		require.Equal(t, test.want, res.Verdict)
		require.Len(t, findings(res, simcity.FindingTest), 1)
	}
}

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
		{"dropped arrivals", func(s *simcity.Scenario) {
			s.Policies = crowded
			s.Populations[0] = citizens("customer", 5, visitor)
		}, "population customer: 3 arrivals were dropped because the city was full; raise maxConcurrentAgents (2)", "customer"},
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

func TestDoubtsNeverHideAFailure(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("visitor", 1, visitor), citizens("missing", 0, visitor)).
		Check(judged("broken", simcity.AtEnd, breached("a hole"))).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Equal(t, "broken: got a hole, want nothing", res.Reasons[0])
}

func TestCriticalViolationEndsTheRun(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("regular", 1, regular)).Check(rule("early", func(op *simcity.Operation) *simcity.Breach {
		return &simcity.Breach{Got: "a visit", Want: "none", Detail: "the door was open"}
	})).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	v := res.Violation("early")
	require.Equal(t, time.Minute, v.At.Truncate(time.Second))
	require.Equal(t, "regular/1", v.Operation.Citizen)
	require.Equal(t, int64(1), res.Operations)
	last := res.LastEvents[len(res.LastEvents)-1]
	require.Equal(t, simcity.EventViolation, last.Type)
	require.Equal(t, v.Index, last.Index)
	for _, text := range []string{
		"critical early violated at simulated 1m0s", "got:  a visit", "want: none", "why:  the door was open",
		"regular/1, operation 1 get(/) -> ok 200", "repeat it:  SIMCITY_SEED=1 go test", "SIMCITY_REPLAY=",
	} {
		require.Contains(t, res.Explain(), text)
	}
}

func TestUncheckedRuleSaysWhetherItLackedSamplesOrTheRunEndedBefore(t *testing.T) {
	t.Parallel()
	why := func(more ...simcity.Invariant) string {
		scenario := sound()
		scenario.AllowEmpty = []string{"*"}
		res := simcity.New(scenario).Target(inProcess(hello)).
			Check(judged("busy", simcity.AtEnd, simcity.Judgement{Samples: 1, Needs: 10})).Check(more...).Simulate(t)
		return simcity.WhyUnchecked(res.Invariant("busy"))
	}
	require.Equal(t, "not judged: 1 sample, needs 10", why())
	require.Equal(t, "not judged: the run ended before", why(rule("never", func(*simcity.Operation) *simcity.Breach { return &simcity.Breach{} })))
}

func TestKeepGoingCountsTheViolationsThatFollow(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.KeepGoing = true
	scenario.Populations[0] = citizens("regular", 1, regular)
	res := simcity.New(scenario).Target(inProcess(hello)).Check(rule("never", func(*simcity.Operation) *simcity.Breach {
		return &simcity.Breach{Got: "a visit", Want: "none"}
	})).Simulate(t)
	require.Len(t, res.Violations, 1)
	require.Equal(t, int64(60), res.Invariant("never").Violations)
}

func TestWarningIsToldAndPasses(t *testing.T) {
	t.Parallel()
	inv := judged("slow", simcity.AtEnd, breached("9s"))
	inv.Severity = simcity.Warning
	res := city(hello, citizens("visitor", 1, visitor)).Check(inv).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, simcity.Violated, res.Invariant("slow").Status)
	require.Equal(t, simcity.Warning, res.Violation("slow").Severity)
}

func TestEndJudgesEveryRule(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("visitor", 1, visitor)).Check(
		judged("steady_rule", simcity.Steady, breached("one")),
		judged("end_rule", simcity.AtEnd, breached("two")),
		judged("always_rule", simcity.Always, breached("three")),
	).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	for _, name := range []string{"steady_rule", "end_rule", "always_rule"} {
		require.NotNil(t, res.Violation(name), name)
	}
	require.Len(t, res.Reasons, 3)
}

func TestViolationAtTheEndDoesNotCutTheEndShort(t *testing.T) {
	t.Parallel()
	closed := false
	s := simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		w.OnClose(func(context.Context) error { closed = true; return nil })
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Hour + time.Second) // still at work when the run ends, but not for ever
		}), nil
	})).Check(judged("broken", simcity.AtEnd, breached("a hole")))
	res := s.Simulate(t)
	require.Empty(t, troubles(res))
	require.True(t, closed)
}

func TestNoteThatFollowsAHundredOthersDoesNotHideAFailure(t *testing.T) {
	t.Parallel()
	scenario := sound()
	ticks := 0
	scenario.Duration = 20 * time.Hour
	scenario.Collectors = []simcity.Collector{simcity.CollectorFunc(func(context.Context, *simcity.World) error {
		ticks++
		return fmt.Errorf("no figures at tick %d", ticks)
	})}
	res := simcity.New(scenario).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		w.OnClose(func(context.Context) error { return errors.New("disk full") })
		return http.HandlerFunc(hello), nil
	})).Simulate(t)
	require.Greater(t, ticks, 200)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Contains(t, onlyFinding(t, res, simcity.FindingClose).Text, "disk full")
}

func TestFailureReadsWellAndFailsTheTest(t *testing.T) {
	t.Parallel()
	told := record(t, "TestX", func(t testing.TB) {
		city(hello, citizens("visitor", 1, visitor)).Check(judged("broken", simcity.AtEnd, breached("a hole"))).Run(t)
	})
	require.Len(t, told.errors, 1)
	require.Contains(t, told.errors[0], "simcity: scenario city with seed 1 ended in FAIL")
	require.Contains(t, told.output.String(), "verdict=FAIL")
}

func TestJudgementThatIsNoNumberStillMakesABundle(t *testing.T) {
	t.Parallel()
	judgement := breached("nothing sold")
	judgement.Value, judgement.Bound = math.NaN(), math.Inf(1)
	res := city(hello, citizens("visitor", 1, visitor)).Check(judged("ratio", simcity.AtEnd, judgement)).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.FileExists(t, res.Bundle)
}

func TestInputThatIsNoJSONStillMakesABundle(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("visitor", 1, func(ctx context.Context, c *simcity.Citizen) error {
		return c.Do(ctx, "wait", make(chan int), func(context.Context, *simcity.Operation) error { return nil })
	})).Check(rule("broken", func(*simcity.Operation) *simcity.Breach {
		return &simcity.Breach{Got: "a hole", Want: "none"}
	})).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.FileExists(t, res.Bundle)
}

func TestHostLogIsToldOnlyWhenTheRunFails(t *testing.T) {
	t.Parallel()
	host := simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		log := w.Logger()
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { log.Info("served", "path", r.URL.Path) }), nil
	})
	told := record(t, "TestX", func(t testing.TB) { simcity.New(sound()).Target(host).Run(t) })
	require.NotContains(t, told.output.String(), "served")
	res := simcity.New(sound()).Target(host).Check(judged("broken", simcity.AtEnd, breached("a hole"))).Simulate(t)
	require.Len(t, res.HostLog, 1)
	require.Contains(t, res.Explain(), "msg=served path=/")
	require.Contains(t, res.HostLog[0], "2026-01-05T00:00:00", "in simulated time")
}

func TestBundleIsReadable(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("visitor", 1, visitor)).Seed(7).
		Check(judged("broken", simcity.Steady, breached("a hole"))).Simulate(t)
	bundle, err := simcity.ReadBundle(res.Bundle)
	require.NoError(t, err)
	require.Equal(t, t.Name(), bundle.Test)
	require.Equal(t, res.Seed, bundle.Result.Seed)
	require.Equal(t, res.Digest, bundle.Result.Digest)
	require.Equal(t, res.Reasons, bundle.Result.Reasons)
	require.Equal(t, simcity.Steady, bundle.Result.Invariants[1].When)
	require.Equal(t, len(res.LastEvents), len(bundle.Result.LastEvents))
	data, err := os.ReadFile(res.Bundle)
	require.NoError(t, err)
	require.Contains(t, string(data), `"when": "steady"`)
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
	var notes []string
	for _, f := range res.Findings {
		require.Equal(t, simcity.NoteFinding, f.Severity)
		notes = append(notes, f.Text)
	}
	require.Contains(t, notes, "population crowd: pay failed each time, 1 in all, the last pay -> error 0 no money")
	require.Contains(t, strings.Join(notes, "\n"), "population crowd: forget made no request, 1 in all, and counts as ok for want of an error;")
	require.NotContains(t, strings.Join(notes, "\n"), "population crowd: call")
	require.Regexp(t, `population crowd: 2 of 3 lives ended in an error, the last of crowd/\d: lost the way, after get -> ok 200`, strings.Join(notes, "\n"))
}
