package simcity_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// inChild reports whether this is the process that inOwnProcess started for
// the test.
func inChild() bool { return os.Getenv("SIMCITY_TEST_CHILD") != "" }

// inOwnProcess runs the test called name again in a process of its own, with
// more environment, and returns what it wrote.
func inOwnProcess(t *testing.T, name string, environ ...string) (output string, ok bool) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+name+"$", "-test.count=1", "-test.timeout=30s")
	command.Env = append(append(os.Environ(), "SIMCITY_TEST_CHILD=1"), environ...)
	written, err := command.CombinedOutput()
	return string(written), err == nil
}

// requireSurvives runs the rest of the test in a process of its own, since a
// crash there would end all tests.
func requireSurvives(t *testing.T) (child bool) {
	t.Helper()
	if inChild() {
		return true
	}
	output, ok := inOwnProcess(t, t.Name())
	if len(output) > 2000 {
		output = output[:2000] + "..."
	}
	require.True(t, ok, "%s", output)
	return false
}

// The first and the last event are told on the goroutine of the run.
func TestWatchThatEndsTheRunsGoroutineIsAFinding(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{simcity.EventRunStarted, simcity.EventRunEnded} {
		res := city(hello, citizens("visitor", 1, visitor)).Watch(func(e simcity.Event) {
			if e.Type == kind {
				runtime.Goexit()
			}
		}).Simulate(t)
		require.Equal(t, simcity.Fail, res.Verdict)
		require.Contains(t, onlyFinding(t, res, simcity.FindingTest).Text, "a function given to Watch")
		require.Empty(t, findings(res, simcity.FindingLeak))
	}
}

func TestRuleThatEndsItsGoroutineIsNotChecked(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("visitor", 2, visitor)).Check(rule("quits", func(op *simcity.Operation) *simcity.Breach {
		if op.Number == 2 {
			runtime.Goexit()
		}
		return nil
	})).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Contains(t, onlyFinding(t, res, simcity.FindingTest).Text, "invariant quits ended its goroutine")
	require.Equal(t, simcity.Unchecked, res.Invariant("quits").Status)
}

// Without its tick a run may end when the last citizen has gone.
func TestCollectorThatEndsItsGoroutineEndsNoRunWell(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.Collectors = []simcity.Collector{simcity.CollectorFunc(func(context.Context, *simcity.World) error {
		runtime.Goexit()
		return nil
	})}
	res := simcity.New(scenario).Target(inProcess(hello)).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Contains(t, res.Reasons[0], "of 1h0m0s: a collector")
}

// The test's own context ends after the run, outside of its bubble.
func TestHostMayDeriveFromTheTestsContext(t *testing.T) {
	if !requireSurvives(t) {
		return
	}
	res := simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		ctx, cancel := context.WithCancel(t.Context())
		w.OnClose(func(context.Context) error { cancel(); return nil })
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}), nil
	})).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict)
}

func TestPanicOfAnAgentIsAFinding(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("nervous", 1, func(ctx context.Context, c *simcity.Citizen) error {
		_ = c.Sleep(ctx, time.Minute)
		panic("no nerves")
	})).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	f := onlyFinding(t, res, simcity.FindingPanic)
	require.Equal(t, "nervous/1", f.Actor)
	require.Equal(t, "panic in nervous/1: no nerves", f.Text)
	require.Equal(t, time.Minute, f.At.Truncate(time.Second))
	require.Contains(t, f.Stack, "panics_test.go")
}

func TestCleanUpsRunEvenIfTheLifePanics(t *testing.T) {
	t.Parallel()
	cleaned := false
	city(hello, citizens("nervous", 1, func(_ context.Context, c *simcity.Citizen) error {
		c.AtEnd(func(context.Context) error { cleaned = true; return nil })
		panic("no nerves")
	})).Simulate(t)
	require.True(t, cleaned)
}

func TestPanicOfTheFactoryIsAFinding(t *testing.T) {
	t.Parallel()
	res := simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		panic("no database")
	})).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Contains(t, res.Reasons[0], "no database")
	require.Contains(t, onlyFinding(t, res, simcity.FindingPanic).Stack, "panics_test.go")
}

func TestErrorOfTheFactoryIsAFinding(t *testing.T) {
	t.Parallel()
	res := simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		return nil, fmt.Errorf("no database")
	})).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Contains(t, onlyFinding(t, res, simcity.FindingTarget).Text, "the target's factory failed: no database")
}

func TestFactoryThatReturnsNothingIsAFinding(t *testing.T) {
	t.Parallel()
	for handler, named := range map[http.Handler]string{nil: "<nil>", (*http.ServeMux)(nil): "*http.ServeMux"} {
		res := simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) { return handler, nil })).Simulate(t)
		require.Equal(t, simcity.Fail, res.Verdict)
		require.Contains(t, onlyFinding(t, res, simcity.FindingTarget).Text, "returned a nil handler ("+named+") and no error")
	}
}

func TestFunctionsThatAreNilAreNamed(t *testing.T) {
	t.Parallel()
	for says, live := range map[string]life{
		`call of Citizen.Do "buy" is nil; allowed: a function; fix: `: func(ctx context.Context, c *simcity.Citizen) error { return c.Do(ctx, "buy", nil, nil) },
		`cleanUp of Citizen.AtEnd is nil; allowed: a function; fix: `: func(_ context.Context, c *simcity.Citizen) error { c.AtEnd(nil); return nil },
	} {
		require.Contains(t, onlyFinding(t, city(hello, citizens("rash", 1, live)).Simulate(t), simcity.FindingPanic).Text, says)
	}
}

func TestFactoryThatFailsAfterOpeningIsClosed(t *testing.T) {
	t.Parallel()
	closed := false
	res := simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		w.OnClose(func(context.Context) error { closed = true; return nil })
		return nil, fmt.Errorf("no second database")
	})).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.True(t, closed)
}

// A panic in any function that users write is a finding that names whose it is.
func TestPanicOfAnyUserFunctionIsAFinding(t *testing.T) {
	t.Parallel()
	check := func(check simcity.Check) simcity.Invariant {
		return simcity.Invariant{Name: "rash", When: simcity.AtEnd, Begin: func(*simcity.World) simcity.Check { return check }}
	}
	base := func() *simcity.Simulation { return city(hello, citizens("regular", 1, regular)) }
	for name, s := range map[string]*simcity.Simulation{
		"an invariant's Operation": base().Check(check(simcity.Check{Operation: func(*simcity.Operation) *simcity.Breach { panic("rash") }})),
		"an invariant's Tick":      base().Check(check(simcity.Check{Tick: func(*simcity.Snapshot) *simcity.Breach { panic("rash") }})),
		"an invariant's Judge":     base().Check(check(simcity.Check{Judge: func() simcity.Judgement { panic("rash") }})),
		"a fault's Inject": base().Inject(simcity.Fault{Kind: "RASH", Inject: func(context.Context, *simcity.World, *simcity.Touched) (func(context.Context) error, error) {
			panic("rash")
		}}, time.Minute, time.Minute),
		"a fault's revert": base().Inject(simcity.Fault{Kind: "RASH", Inject: func(context.Context, *simcity.World, *simcity.Touched) (func(context.Context) error, error) {
			return func(context.Context) error { panic("rash") }, nil
		}}, time.Minute, time.Minute),
		"Classify": base().Classify(func(*http.Response, []byte) simcity.Outcome { panic("rash") }),
		"arrivals": base().Populate(simcity.Population{Name: "mob", Agent: simcity.AgentFunc(visitor),
			Arrivals: simcity.ArrivalsFunc(func(context.Context, *simcity.Gate) error { panic("rash") })}),
		"AtEnd": base().Populate(citizens("rash", 1, func(_ context.Context, c *simcity.Citizen) error {
			c.AtEnd(func(context.Context) error { panic("rash") })
			return nil
		})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := s.Patience(500 * time.Millisecond).Simulate(t)
			require.Equal(t, simcity.Fail, res.Verdict, res.Reasons)
			f := onlyFinding(t, res, simcity.FindingPanic)
			require.Contains(t, f.Text, "rash")
			require.NotEmpty(t, f.Actor)
			if strings.HasPrefix(name, "an invariant's") {
				require.Equal(t, "panic in invariant rash: rash", f.Text)
			}
			require.Contains(t, f.Stack, "panics_test.go")
		})
	}
}

func TestPanicOfACollectorIsAFinding(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.Collectors = []simcity.Collector{simcity.CollectorFunc(func(context.Context, *simcity.World) error { panic("rash") })}
	res := simcity.New(scenario).Target(inProcess(hello)).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Equal(t, "tick", findings(res, simcity.FindingPanic)[0].Actor)
}

func TestPanicOfAnInvariantsBeginIsAFinding(t *testing.T) {
	t.Parallel()
	if !requireSurvives(t) {
		return
	}
	res := city(hello, citizens("visitor", 1, visitor)).Check(simcity.Invariant{
		Name: "rash", Begin: func(*simcity.World) simcity.Check { panic("no rule") },
	}).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Equal(t, "panic in the Begin of invariant rash: no rule", onlyFinding(t, res, simcity.FindingPanic).Text)
}

// How a rule stood when the run was cut short is asked even of one that cannot say.
func TestRuleThatPanicsOverHalfARunIsUnchecked(t *testing.T) {
	t.Parallel()
	if !requireSurvives(t) {
		return
	}
	res := city(hello, citizens("visitor", 1, visitor)).Check(
		rule("never", func(*simcity.Operation) *simcity.Breach { return &simcity.Breach{} }),
		simcity.Invariant{Name: "rash", Begin: func(*simcity.World) simcity.Check {
			return simcity.Check{Anytime: true, Judge: func() simcity.Judgement { panic("nothing yet") }}
		}},
	).Simulate(t)
	require.NotNil(t, res.Violation("never"))
	require.Equal(t, simcity.Unchecked, res.Invariant("rash").Status)
}

func TestPanicOfAWatcherIsAFinding(t *testing.T) {
	t.Parallel()
	if !requireSurvives(t) {
		return
	}
	res := city(hello, citizens("visitor", 1, visitor)).Watch(func(e simcity.Event) {
		if e.Type == simcity.EventOperation {
			panic("rash")
		}
	}).Patience(500 * time.Millisecond).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict, res.Reasons)
	require.Contains(t, onlyFinding(t, res, simcity.FindingPanic).Text, "rash")
}

func TestPanicOfCloseIsAFinding(t *testing.T) {
	t.Parallel()
	res := simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		w.OnClose(func(context.Context) error { panic("rash") })
		return http.HandlerFunc(hello), nil
	})).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Contains(t, onlyFinding(t, res, simcity.FindingClose).Text, "closing the host: it panicked: rash")
}

// One bug is one way to fail, whatever the address of the request that met it.
func TestPanicsOfOneFunctionHaveOneSignature(t *testing.T) {
	t.Parallel()
	signature := func(path string) string {
		return city(func(http.ResponseWriter, *http.Request) { panic("no beds") }, citizens("visitor", 1,
			func(ctx context.Context, c *simcity.Citizen) error { return get(ctx, c, path) })).Simulate(t).Signature()
	}
	require.Regexp(t, `^panic in \S+/simcity_test\.TestPanicsOfOneFunctionHaveOneSignature\.func1\.1: no beds$`, signature("/bookings/of/ann"))
	require.Equal(t, signature("/bookings/of/ann"), signature("/bookings/of/ben"))
}

func TestOperationsDoNotNest(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("nested", 1, func(ctx context.Context, c *simcity.Citizen) error {
		return c.Do(ctx, "outer", nil, func(ctx context.Context, _ *simcity.Operation) error {
			return get(ctx, c, "/")
		})
	})).Simulate(t)
	require.Contains(t, onlyFinding(t, res, simcity.FindingPanic).Text, `nested/1 began operation "get" inside operation "outer"`)
}

// A goroutine of the host that panics ends the process before the run can tell its
// seed.
func TestRandomSeedIsToldBeforeAnythingCanPanic(t *testing.T) {
	t.Parallel()
	if inChild() {
		city(func(http.ResponseWriter, *http.Request) { go panic("no beds") }, citizens("visitor", 1, visitor)).Simulate(t)
		return
	}
	written, ok := inOwnProcess(t, t.Name(), "SIMCITY_SEED=random")
	require.False(t, ok)
	require.Regexp(t, `repeat it:  SIMCITY_SEED=[0-9]+ go test [^\n]+ -run '\^`+t.Name()+`\$'\n(?s:.*)panic: no beds`, written)
}
