package simcity_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
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
	require.Equal(t, res.Line()+"\n"+simcity.RaceNote, told.output.String())
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
	require.Equal(t, "not judged: no breach in 1 sample, needs 10", why())
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
