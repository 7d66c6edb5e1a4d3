package simcity_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// office sells one desk. Whether it is free is looked up at one seam and it is
// taken at another, unless mended.
func office(mended bool) http.HandlerFunc {
	taken := map[string]bool{} // by day
	return func(w http.ResponseWriter, r *http.Request) {
		day := r.URL.Query().Get("day")
		if simcity.Yield(r.Context(), "look") != nil {
			return
		}
		if taken[day] {
			w.WriteHeader(http.StatusConflict)
			return
		}
		if !mended && simcity.Yield(r.Context(), "take") != nil {
			return
		}
		taken[day] = true
	}
}

// once minds who is told, for one day, that the desk is theirs.
func once() simcity.Invariant {
	return simcity.Invariant{Name: "one_owner", Begin: func(*simcity.World) simcity.Check {
		owner := map[any]string{}
		return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
			if op.Outcome != simcity.OK || op.Name != "get" {
				return nil
			}
			if other := owner[op.Input]; other != "" {
				return &simcity.Breach{Got: other + " and " + op.Citizen, Want: "one owner"}
			}
			owner[op.Input] = op.Citizen
			return nil
		}}
	}}
}

// seekers come at the full hour and want the desk of a day of their liking.
func seekers(mended bool, faults ...simcity.Injection) *simcity.Simulation {
	return simcity.New(simcity.Scenario{
		Name: "office", Duration: 10 * time.Hour, Injections: faults,
		Populations: []simcity.Population{citizens("seeker", 40, func(ctx context.Context, c *simcity.Citizen) error {
			for {
				hours := time.Duration(1 + c.Rand().IntN(3))
				if err := c.SleepUntil(ctx, c.Now().Truncate(time.Hour).Add(hours*time.Hour)); err != nil {
					return err
				}
				day := string(rune('a'+c.Rand().IntN(26))) + string(rune('a'+c.Rand().IntN(26)))
				if err := get(ctx, c, "/?day="+day); err != nil {
					return err
				}
			}
		})},
	}).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) { return office(mended), nil })).Check(once())
}

// unluckySeed is one at which two seekers meet.
const unluckySeed = 5

func TestFailureShrinksToThoseWhoMatter(t *testing.T) {
	s := seekers(false, simcity.Injection{Fault: calmFault(), At: time.Minute, For: time.Minute}).Seed(unluckySeed)
	whole := s.Simulate(t)
	require.Equal(t, simcity.Fail, whole.Verdict, "choose another unluckySeed")
	shrunk, err := s.Shrink(t)
	require.NoError(t, err)
	require.Equal(t, 40, shrunk.Before)
	require.Equal(t, 2, shrunk.After)
	require.Empty(t, shrunk.Cut.Faults)
	require.LessOrEqual(t, len(shrunk.Cut.Held), 3)
	require.Equal(t, "one_owner", shrunk.Result.Violations[0].Invariant)
	require.LessOrEqual(t, shrunk.Cut.Until, whole.Simulated+time.Second)
	for _, told := range append([]string{"| look", "| take", "get /?day=", "one_owner: "}, shrunk.Cut.Citizens...) {
		require.Contains(t, shrunk.Timeline.String(), told)
	}
	require.Regexp(t, `Rule: +"one_owner",`, shrunk.Test)
	require.Contains(t, shrunk.Test, "func TestFailureShrinksToThoseWhoMatterSeed5OneOwner(t *testing.T) {")

	simcity.Reproduce(t, shrunk.Cut)
	again := seekers(false).Simulate(t)
	require.Equal(t, simcity.Fail, again.Verdict)
	require.Equal(t, shrunk.Result.Digest, again.Digest)
	require.Equal(t, simcity.Pass, seekers(true).Simulate(t).Verdict, "it passes when the bug is mended")
}

// Four must pass one seam in the order that is the reverse of their coming, which takes
// three of them held back, each longer than the next.
func TestOrderThatTakesSeveralStopsIsHeldAsDrawn(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "")
	reversed := func(*simcity.World) (http.Handler, error) {
		var passed string
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if simcity.Yield(r.Context(), "gate") != nil {
				return
			}
			if passed += r.URL.Query().Get("who"); passed == "4321" {
				w.WriteHeader(http.StatusTeapot)
			}
		}), nil
	}
	queue := citizens("guest", 4, func(ctx context.Context, c *simcity.Citizen) error {
		return get(ctx, c, fmt.Sprint("/?who=", c.Number()))
	})
	city := simcity.New(simcity.Scenario{Name: "queue", Duration: time.Minute, Populations: []simcity.Population{queue}}).
		Target(simcity.InProcess(reversed)).
		Check(rule("in_any_other_order", func(op *simcity.Operation) *simcity.Breach {
			if op.Status == http.StatusTeapot {
				return &simcity.Breach{Got: "4321", Want: "another order"}
			}
			return nil
		}))
	seed := uint64(1)
	for city.Seed(seed).Simulate(t).Verdict != simcity.Fail {
		seed++
		require.Less(t, seed, uint64(1000))
	}
	shrunk, err := city.Seed(seed).Shrink(t)
	require.NoError(t, err)
	require.False(t, shrunk.Cut.Drawn, shrunk.Test)
	require.Len(t, shrunk.Cut.Held, 3, shrunk.Test)
	require.Contains(t, shrunk.Test, "Draw:")
}

func TestTimelineOfAShrunkRunHasInputsThatAreNoText(t *testing.T) {
	type wish struct{ Days, Beds int }
	shrunk, err := city(hello, citizens("guest", 1, func(ctx context.Context, c *simcity.Citizen) error {
		return c.Do(ctx, "book", wish{Days: 3, Beds: 2}, func(context.Context, *simcity.Operation) error { return nil })
	})).Check(rule("never", func(*simcity.Operation) *simcity.Breach { return &simcity.Breach{Got: "one"} })).Shrink(t)
	require.NoError(t, err)
	require.Equal(t, "guest/1 book {3 2} -> ok, judge never: one", words(shrunk.Timeline))
	require.Contains(t, shrunk.Result.Explain(), "operation 1 book({3 2}) -> ok 0\n")
}

// Whoever comes first at the office, the other looks before it is taken or not:
// the order decides, and from some moment on nothing else can happen.
// Faults that outlast the failure, or come after it, are part of the plan that the
// smallest run is cut from.
func TestFailureShrinksAmidFaultsThatOutlastIt(t *testing.T) {
	around := simcity.Injection{Fault: calmFault(), At: time.Hour, For: 9 * time.Hour}
	after := simcity.Injection{Fault: calmFault(), At: 9 * time.Hour, For: time.Hour}
	shrunk, err := seekers(false, around, after).Seed(5).Shrink(t)
	require.NoError(t, err)
	require.Len(t, shrunk.Cut.Citizens, 2)
	require.Less(t, shrunk.Cut.Until, 9*time.Hour)
	require.Empty(t, shrunk.Cut.Faults, "they have nothing to do with it")
}

// late plans a fault for the last hour.
type late struct{ told *[]time.Duration }

func (l late) Plan(_ *rand.Rand, duration time.Duration) []simcity.Injection {
	*l.told = append(*l.told, duration)
	return []simcity.Injection{{Fault: calmFault(), At: duration - time.Hour, For: time.Hour}}
}

func (late) Kinds() []string { return []string{"CALM"} }

func TestCutIsPlannedAsTheWholeRunIs(t *testing.T) {
	var told []time.Duration
	_, err := seekers(false).Schedule(late{&told}).Seed(5).Shrink(t)
	require.NoError(t, err)
	for _, duration := range told {
		require.Equal(t, 10*time.Hour, duration)
	}
}

func TestCauseIsTheMomentFromWhichTheFailureIsInevitable(t *testing.T) {
	shrunk, err := seekers(false).Seed(unluckySeed).Shrink(t)
	require.NoError(t, err)
	require.NotNil(t, shrunk.Cause)
	require.GreaterOrEqual(t, shrunk.Cause.After, shrunk.Cause.Tries-1)
	require.Less(t, shrunk.Cause.Before, shrunk.Cause.After)
	require.Positive(t, shrunk.Cause.At)
	require.Contains(t, shrunk.Cut.Citizens, shrunk.Cause.Actor)
	require.Contains(t, shrunk.String(), "Cause: in the run before it was cut down, inevitable from ")
}

func TestRunThatDoesNotFailCannotBeShrunk(t *testing.T) {
	_, err := seekers(true).Shrink(t)
	require.ErrorContains(t, err, "seed 1 is PASS: there is no failure to shrink")
	_, err = seekers(false).Clock(simcity.Paced(10_000)).Shrink(t)
	require.ErrorContains(t, err, "only a run that repeats can be shrunk")
}

func TestFailureThatDoesNotRepeatIsNotShrunk(t *testing.T) {
	runs := 0
	_, err := city(func(w http.ResponseWriter, _ *http.Request) {
		if runs++; runs == 1 {
			w.WriteHeader(http.StatusConflict)
		}
	}, citizens("visitor", 1, visitor)).Check(rule("nobody_refused", func(op *simcity.Operation) *simcity.Breach {
		if op.Outcome == simcity.Conflict {
			return &simcity.Breach{Got: "a refusal", Want: "none"}
		}
		return nil
	})).Shrink(t)
	require.ErrorContains(t, err, "seed 1 is not reproducible: two runs of it differ from event ")
	require.ErrorContains(t, err, `first:  0s visitor/1 operation {"number":1,"operation":"get","outcome":"conflict"`)
	require.ErrorContains(t, err, `second: 0s visitor/1 operation {"number":1,"operation":"get","outcome":"ok"`)
}

func TestFailingTestPrintsTheSmallestRunWhenAsked(t *testing.T) {
	t.Setenv("SIMCITY_SHRINK", "1")
	told := record(t, "TestOffice", func(t testing.TB) { seekers(false).Seed(unluckySeed).Run(t) })
	require.Contains(t, told.output.String(), "simcity shrunk seed 5 from 40 citizens to 2")
	require.Contains(t, told.output.String(), "func TestOfficeSeed5OneOwner(t *testing.T) {")
	require.Contains(t, told.output.String(), "	TestOffice(t)\n}")

	_, where, _ := strings.Cut(told.output.String(), "as a picture: ")
	page, err := os.ReadFile(strings.TrimSpace(where))
	require.NoError(t, err)
	for _, part := range []string{"<strong>one_owner</strong>", "<svg ", "Cause: ", "func TestOfficeSeed5OneOwner(t *testing.T) {"} {
		require.Contains(t, string(page), part)
	}
	bundle, err := simcity.ReadBundle(strings.TrimSuffix(strings.TrimSpace(where), ".html") + ".json")
	require.NoError(t, err)
	require.Len(t, bundle.Shrunk.Cut.Citizens, 2)
	require.NotEmpty(t, bundle.Shrunk.Timeline)
	require.NotNil(t, bundle.Shrunk.Cause)
}

func TestOthersOfTheTestAreNotCut(t *testing.T) {
	simcity.Reproduce(t, simcity.Cut{Scenario: "office", Seed: 3, Until: time.Hour, Citizens: []string{"seeker/1"}})
	require.Equal(t, int64(1), city(hello, citizens("visitor", 1, visitor)).Simulate(t).Citizens)
	res := seekers(false).Simulate(t)
	require.Equal(t, uint64(3), res.Seed)
	require.EqualValues(t, 1, res.Citizens)
}

func TestCutOfASubtestIsLivedThere(t *testing.T) {
	simcity.Reproduce(t, simcity.Cut{Scenario: "office", Seed: 3, Until: time.Hour, Citizens: []string{"seeker/1"}, Sub: "here"})
	t.Run("there", func(t *testing.T) { require.EqualValues(t, 40, seekers(false).Until(time.Hour).Simulate(t).Citizens) })
	t.Run("here", func(t *testing.T) { require.EqualValues(t, 1, seekers(false).Simulate(t).Citizens) })
}

func TestCutThatReproducesNothingIsNoPass(t *testing.T) {
	cut := simcity.Cut{Scenario: "office", Seed: 3, Until: time.Hour, Citizens: []string{"seeker/1", "seeker/99"}, Faults: []string{"fault/9"}}
	simcity.Reproduce(t, cut)
	res := seekers(false).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Contains(t, res.Reasons[0], "the cut names what is not in this run: seeker/99, fault/9")
}

// What is printed passes by having looked for what it is about, with the few samples that
// a cut has.
func TestCutThatDoesNotCheckItsRuleIsNoPass(t *testing.T) {
	breach := &simcity.Breach{Got: "two", Want: "one"}
	for _, test := range []struct {
		when     simcity.When
		name     string
		verdict  simcity.Judgement
		unproven string // empty: it is kept
	}{
		{name: "few", verdict: simcity.Judgement{Samples: 1, Needs: 100}},
		{name: "none", verdict: simcity.Judgement{Needs: 100}, unproven: "0 samples, needs 100; nothing is proven"},
		{name: "so_far", verdict: simcity.Judgement{Samples: 99, Needs: 100, Breach: breach}, unproven: "99 samples, needs 100, and so far got two, want one; nothing"},
		{name: "exempt", verdict: simcity.Judgement{Exempt: "it has no desks"}, unproven: "it has no desks; nothing is proven"},
		{name: "half", when: simcity.AtEnd, verdict: simcity.Judgement{Samples: 10, Needs: 20}},
		{name: "fewer", when: simcity.AtEnd, verdict: simcity.Judgement{Samples: 9, Needs: 20}, unproven: "9 samples, needs 20; nothing"},
		{name: "gone", unproven: "the scenario has none of that name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			simcity.Reproduce(t, simcity.Cut{Scenario: "office", Seed: 3, Until: time.Hour, Citizens: []string{"seeker/1"}, Rule: test.name})
			s := seekers(true)
			if test.name != "gone" {
				s.Check(judged(test.name, test.when, test.verdict))
			}
			res := s.Simulate(t)
			if test.unproven != "" {
				require.Equal(t, simcity.Inconclusive, res.Verdict)
				require.Contains(t, res.Reasons[0], "invariant "+test.name+" was not checked, which the cut was made to break: "+test.unproven)
				return
			}
			require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
			require.Equal(t, simcity.Kept, res.Invariant(test.name).Status)
		})
	}
}

func TestCutThatCannotBeMeantIsRefused(t *testing.T) {
	for field, cut := range map[string]simcity.Cut{
		"Cut.Scenario": {},
		"Cut.Until":    {Scenario: "office", Citizens: []string{"seeker/1"}},
		"Cut.Citizens": {Scenario: "office", Until: time.Hour},
		"Cut.Draw":     {Scenario: "office", Until: time.Hour, Citizens: []string{"seeker/1"}, Draw: 3},
	} {
		told := record(t, "TestX", func(t testing.TB) { simcity.Reproduce(t, cut) })
		require.Contains(t, told.fatal, field)
	}
	whole := simcity.Cut{Scenario: "office", Until: time.Hour, Citizens: []string{"seeker/1"}}
	told := record(t, "TestTwice", func(t testing.TB) {
		simcity.Reproduce(t, whole)
		simcity.Reproduce(t, whole)
	})
	require.Contains(t, told.fatal, "TestTwice reproduces one cut already")
	told.cleanUp()
	require.Contains(t, told.errors[0], `nothing was reproduced: test TestTwice ran no simulation of scenario "office"`)
}

func TestSweepLeavesAReproductionAlone(t *testing.T) {
	t.Setenv("SIMCITY_SEEDS", "5")
	simcity.Reproduce(t, simcity.Cut{Scenario: "office", Seed: 3, Until: time.Hour, Citizens: []string{"seeker/1"}})
	require.Equal(t, uint64(3), seekers(false).Simulate(t).Seed)
}

func TestCutThatNeedsLocksIsSkippedWithoutThem(t *testing.T) {
	cut := simcity.Cut{Scenario: "office", Seed: 3, Until: time.Hour, Citizens: []string{"seeker/1"}, Locks: true}
	told := record(t, "TestX", func(t testing.TB) { simcity.Reproduce(t, cut) })
	require.Contains(t, told.skipped, `run go test with -overlay="$(go tool simcity overlay)"`)
	t.Setenv("SIMCITY_OVERLAY", "1")
	told = record(t, "TestX", func(t testing.TB) { simcity.Reproduce(t, cut) })
	require.Contains(t, told.fatal, `run go test with -overlay="$(go tool simcity overlay)"`)
}
