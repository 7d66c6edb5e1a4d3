package invariants_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

func ExampleAlways() {
	rule := invariants.Always("no_empty_answers", func(op *simcity.Operation) error {
		if op.Name == "search" && op.Output == "" {
			return errors.New("a search found nothing")
		}
		return nil
	})
	check := rule.Begin(nil)
	fmt.Println(check.Operation(&simcity.Operation{Name: "search", Output: ""}))
	// Output: got a search found nothing, want no_empty_answers to hold
}

func ExampleAtEnd() {
	rule := invariants.AtEnd("everybody_left", func(s *simcity.Snapshot) error {
		if s.Citizens > 0 {
			return fmt.Errorf("%d citizens are still there", s.Citizens)
		}
		return nil
	})
	check := rule.Begin(nil)
	check.Tick(&simcity.Snapshot{Citizens: 2})
	fmt.Println(check.Judge().Breach)
	// Output: got 2 citizens are still there, want everybody_left to hold
}

func ExampleThreshold() {
	rule := invariants.Threshold("queue_length", func(s *simcity.Snapshot) float64 {
		return s.Gauge("queue_length")
	}, "<", 50, "jobs")
	check := rule.Begin(nil)
	check.Tick(&simcity.Snapshot{Gauges: map[string]float64{"queue_length": 80}})
	fmt.Println(rule.Doc)
	fmt.Println(check.Judge().Breach)
	misspelt := rule.Begin(nil)
	misspelt.Tick(&simcity.Snapshot{Gauges: map[string]float64{"queue_lenght": 80}})
	fmt.Println(misspelt.Judge().Samples, "samples")
	// Output:
	// queue_length < 50 jobs
	// got 80 jobs, want < 50 jobs
	// 0 samples
}

func ExampleProbe() {
	doubles := 0 // a query to the host's database
	rule := invariants.Probe("no_double_rows", func(context.Context, *simcity.World) error {
		if doubles > 0 {
			return fmt.Errorf("%d double rows", doubles)
		}
		return nil
	})
	check := rule.Begin(nil)
	fmt.Println(check.Tick(&simcity.Snapshot{}) == nil)
	doubles = 3
	fmt.Println(check.Tick(&simcity.Snapshot{}))
	// Output:
	// true
	// got 3 double rows, want no_double_rows to hold
}

func ExampleWarn() {
	rule := invariants.Warn(invariants.APIP95(0))
	fmt.Println(rule.Name, rule.Severity)
	// Output: api_p95_response_time warning
}

func ExampleNamed() {
	rule := invariants.Named(invariants.APIErrorRate(0.1), "error_rate_under_attack")
	fmt.Println(rule.Name+":", rule.Doc)
	// Output: error_rate_under_attack: fewer than 10 % of operations fail
}

func ExampleCatalogue() {
	for _, inv := range invariants.Catalogue()[:3] {
		fmt.Printf("%s (%s, %s): %s\n", inv.Name, inv.When, inv.Severity, inv.Doc)
	}
	// Output:
	// api_p95_response_time (steady, critical): 95 % of operations take less than 500ms
	// api_p99_response_time (steady, critical): 99 % of operations take less than 1s
	// api_error_rate (steady, critical): fewer than 1 % of operations fail
}

func ExampleZeroDoubleBookings() {
	check := invariants.ZeroDoubleBookings().Begin(nil)
	for i, citizen := range []string{"customer/1", "customer/2"} {
		check.Operation(&simcity.Operation{
			Number: int64(i + 1), Citizen: citizen, Name: "book",
			Facts: []simcity.Fact{{
				Kind: simcity.Confirmed, ID: citizen, Resource: "room", Holder: citizen,
				Start: at(noon), End: at(noon + hour),
			}},
		})
	}
	fmt.Println(check.Judge().Got)
	// Output: 1 double bookings
}

func TestThreshold(t *testing.T) {
	t.Parallel()
	for op, broken := range map[string][3]bool{ // of 1, 2 and 3 against 2
		"<": {false, true, true}, "<=": {false, false, true}, ">": {true, true, false},
		">=": {true, false, false}, "==": {true, false, true}, "!=": {false, true, false},
	} {
		rule := invariants.Threshold("x", func(s *simcity.Snapshot) float64 { return float64(s.Citizens) }, op, 2, "")
		for i, want := range broken {
			v := review(rule, history{simcity.Snapshot{Citizens: 9}, simcity.Snapshot{Citizens: i + 1}})
			require.Equal(t, want, v.broken(), "%d %s 2", i+1, op)
		}
	}
	none := review(invariants.Threshold("x", func(*simcity.Snapshot) float64 { return math.NaN() }, "<", 1, ""), history{tick(0)})
	require.Zero(t, none.judgement.Samples)
	require.False(t, none.broken())
	require.PanicsWithValue(t, `invariants: Threshold "x" compares by "=<"; allowed: < <= > >= == !=`, func() {
		invariants.Threshold("x", nil, "=<", 1, "")
	})
}

func TestAProbeTellsOnceWhatStaysWrong(t *testing.T) {
	t.Parallel()
	answers := []error{nil, errors.New("first"), errors.New("still"), nil, errors.New("again"), errors.New("end")}
	next := 0
	rule := invariants.Probe("rows", func(context.Context, *simcity.World) error {
		next++
		return answers[next-1]
	})
	v := review(rule, history{tick(0), tick(0), tick(0), tick(0), tick(0)})
	require.Len(t, v.breaches, 2)
	require.Equal(t, "first", v.breaches[0].Got)
	require.Equal(t, "again", v.breaches[1].Got)
	require.Equal(t, int64(6), v.judgement.Samples)
	require.Equal(t, 4.0, v.judgement.Value)

	bad := invariants.Probe("rows", func(context.Context, *simcity.World) error { panic("no database") })
	require.Equal(t, "the probe panicked: no database", review(bad, nil).breaches[0].Got)
}

// A probe whose request the end of the run has cut has seen nothing.
func TestAProbeThatIsCutByTheEndDoesNotCount(t *testing.T) {
	t.Parallel()
	answers := []error{nil, fmt.Errorf("GET /probes: %w", simcity.ErrOver), nil}
	next := 0
	rule := invariants.Probe("rows", func(context.Context, *simcity.World) error {
		next++
		return answers[next-1]
	})
	v := review(rule, history{tick(0), tick(0)})
	require.Empty(t, v.breaches)
	require.Equal(t, int64(2), v.judgement.Samples)
}

func TestSteadyRulesForgetAtRestart(t *testing.T) {
	t.Parallel()
	for _, inv := range invariants.Catalogue() {
		if inv.When != simcity.Steady {
			continue
		}
		check := inv.Begin(nil)
		require.NotNil(t, check.Restart, inv.Name)
		var atOnce *simcity.Breach
		for _, one := range rules[inv.Name].breaks {
			switch one := one.(type) {
			case simcity.Operation:
				atOnce = check.Operation(&one)
			case simcity.Snapshot:
				check.Tick(&one)
			}
		}
		require.True(t, atOnce != nil || check.Judge().Breach != nil, inv.Name)
		check.Restart()
		require.Nil(t, check.Judge().Breach, inv.Name)
		require.Zero(t, check.Judge().Samples, inv.Name)
	}
}

func TestACacheThatWasReset(t *testing.T) {
	t.Parallel()
	page := func(hits, misses float64) simcity.Snapshot {
		return gauges(0, map[string]float64{invariants.CacheHits: hits, invariants.CacheMisses: misses})
	}
	v := review(invariants.CacheHitRate(0), history{page(1000, 0), page(1010, 10), page(30, 10)})
	require.Equal(t, int64(50), v.judgement.Samples)
	require.InDelta(t, 40.0/50, v.judgement.Value, 0.01)
}

func TestIsolation(t *testing.T) {
	t.Parallel()
	saw := func(of string) simcity.Operation {
		return did("a", "mine", 0, 0, simcity.Fact{Kind: simcity.Saw, ID: "1", Holder: "a", Of: of})
	}
	require.False(t, review(invariants.Isolation(), history{saw("a"), saw("")}).broken())
	require.True(t, review(invariants.Isolation(), history{saw("b")}).broken())
}
