package invariants_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

// calm is one good operation per second, for a minute from a time.
func calm(from time.Duration) history {
	return many(60, func(i int) any {
		when := from + time.Duration(i)*second
		return did("a", "search", when, when)
	})
}

// bad is a minute like calm in which the first n operations are spoilt.
func bad(from time.Duration, n int, spoil func(simcity.Operation) simcity.Operation) history {
	h := calm(from)
	for i := range n {
		h[i] = spoil(h[i].(simcity.Operation))
	}
	return h
}

func broke(op simcity.Operation) simcity.Operation {
	op.Outcome, op.Status = simcity.Failed, 500
	return op
}

func limited(op simcity.Operation) simcity.Operation {
	op.Outcome, op.Status = simcity.Rejected, 429
	return op
}

func leaked(op simcity.Operation) simcity.Operation {
	op.Facts = []simcity.Fact{{Kind: simcity.Saw, ID: "1", Holder: "a", Of: "b"}}
	return op
}

// lost is a search for a listing of that age.
func lost(age time.Duration) func(simcity.Operation) simcity.Operation {
	return func(op simcity.Operation) simcity.Operation {
		op.Facts = []simcity.Fact{{Kind: simcity.Sought, ID: "studio", Holder: "v", Start: at(op.Start - age)}}
		return op
	}
}

// Every sign of ill health breaks the rule 16 minutes after the end of a fault,
// and just below its bound it does not.
func TestRecoveryTimeSeesEachSign(t *testing.T) {
	t.Parallel()
	storm := []simcity.FaultWindow{struck("STORM", hour, hour+10*minute)}
	late := hour + 26*minute
	for name, c := range map[string]struct{ breaks, keeps history }{
		"failures":  {bad(late, 4, broke), bad(late, 3, broke)}, // of 60
		"few":       {did3(late, broke, 3), did3(late, broke, 2)},
		"limits":    {bad(late, 4, limited), bad(late, 3, limited)},
		"leaks":     {bad(late, 1, leaked), calm(late)},
		"freshness": {bad(late, 1, lost(10*minute+1)), bad(late, 1, lost(10*minute))},
		"cache":     {cold(late, 4, 16), cold(late, 5, 15)},
		"lookups":   {cold(late, 0, 20), cold(late, 0, 19)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule := invariants.RecoveryTimeAfter(storm, 0)
			v := review(rule, join(calm(0), c.breaks, calm(3*hour)))
			require.Len(t, v.breaches, 1, "%+v", v.judgement)
			require.Contains(t, v.breaches[0].Got, "STORM: ")
			require.Contains(t, v.breaches[0].Got, "16m")
			require.Contains(t, v.breaches[0].Detail, "fault/STORM began at 1h,")
			v = review(rule, join(calm(0), c.keeps, calm(3*hour)))
			require.Empty(t, v.breaches)
			require.Equal(t, "STORM 0s", v.judgement.Got)
			require.Equal(t, [2]int64{1, 1}, [2]int64{v.judgement.Samples, v.judgement.Needs})
		})
	}
}

// did3 is a quiet minute in which n operations are spoilt and no other happens.
func did3(from time.Duration, spoil func(simcity.Operation) simcity.Operation, n int) history {
	return many(n, func(int) any { return spoil(did("a", "search", from, from)) })
}

// cold is two ticks between which that many lookups happen.
func cold(from time.Duration, hits, misses float64) history {
	page := func(when time.Duration, h, m float64) simcity.Snapshot {
		return gauges(when, map[string]float64{invariants.CacheHits: h, invariants.CacheMisses: m})
	}
	return history{page(from-5*minute, 100, 100), page(from, 100+hits, 100+misses)}
}

func TestRecoveryTimeTellsHowLongEachKindTook(t *testing.T) {
	t.Parallel()
	rule := invariants.RecoveryTimeAfter([]simcity.FaultWindow{
		struck("STORM", hour, hour+10*minute),
		struck("RLS_MISCONFIG", 2*hour, 3*hour), // healed by the host, long before it ends
		struck("STORM", 4*hour, 4*hour+10*minute),
	}, 0)
	v := review(rule, join(
		bad(30*minute, 60, broke), // before the first fault: not its matter
		bad(hour+5*minute, 60, broke), bad(hour+12*minute, 1, leaked),
		bad(2*hour, 60, leaked),
		bad(4*hour+9*minute, 60, broke), calm(4*hour+15*minute), bad(4*hour+17*minute, 1, leaked),
		calm(6*hour),
	))
	require.Empty(t, v.breaches)
	require.Equal(t, "STORM 7m (the worst of 2), RLS_MISCONFIG 59s", v.judgement.Got)
	require.Equal(t, "healthy within 15m", v.judgement.Want)
	require.Equal(t, [2]float64{7, 15}, [2]float64{v.judgement.Value, v.judgement.Bound})
}

func TestRecoveryTimeRunsFrom(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults []simcity.FaultWindow
		heals  []string
		bad    time.Duration
		took   string // "" if it is broken
	}{
		"the end":                    {[]simcity.FaultWindow{struck("STORM", hour, 3*hour)}, nil, 3*hour + 15*minute, "STORM 15m"},
		"the end, too late":          {[]simcity.FaultWindow{struck("STORM", hour, 3*hour)}, nil, 3*hour + 15*minute + 1, ""},
		"the beginning if healed":    {[]simcity.FaultWindow{struck("RLS_MISCONFIG", hour, 3*hour)}, nil, hour + 15*minute, "RLS_MISCONFIG 15m"},
		"the beginning, too late":    {[]simcity.FaultWindow{struck("RLS_MISCONFIG", hour, 3*hour)}, nil, hour + 15*minute + 1, ""},
		"the end, if kinds differ":   {[]simcity.FaultWindow{struck("RLS_MISCONFIG", hour, 3*hour)}, []string{"STORM"}, 2 * hour, "RLS_MISCONFIG 0s"},
		"the end of a longer one":    {[]simcity.FaultWindow{struck("LONG", hour, 3*hour), struck("SHORT", 2*hour, 2*hour+minute)}, nil, 3*hour + minute, "LONG 0s, SHORT 1m"},
		"the end of a longer, late":  {[]simcity.FaultWindow{struck("LONG", hour, 3*hour), struck("SHORT", 2*hour, 2*hour+minute)}, nil, 3*hour + 16*minute, ""},
		"the fault that came before": {[]simcity.FaultWindow{struck("A", hour, hour+minute), struck("B", 2*hour, 3*hour)}, nil, 2*hour - minute, ""},
		"not what the next one does": {[]simcity.FaultWindow{struck("A", hour, hour+minute), struck("B", 2*hour, 3*hour)}, nil, 2*hour + minute, "A 0s, B 0s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := review(invariants.RecoveryTimeAfter(c.faults, 0, c.heals...), join(history{leaked(did("a", "see", c.bad, c.bad))}, calm(5*hour)))
			require.Equal(t, c.took == "", v.broken(), v.judgement.Got)
			if c.took != "" {
				require.Equal(t, c.took, v.judgement.Got)
			}
		})
	}
}

// A recovery that nobody looked at was not checked, and what is certain is told
// nevertheless.
func TestRecoveryTimeNeedsALaterLook(t *testing.T) {
	t.Parallel()
	active := struck("PAUSE", 4*hour, 0)
	active.Active = true
	faults := []simcity.FaultWindow{struck("STORM", hour, 2*hour), struck("STORM", 3*hour, 3*hour+minute), active}
	v := review(invariants.RecoveryTimeAfter(faults, 0), join(calm(0), calm(2*hour+30*minute), calm(3*hour+10*minute)))
	require.Empty(t, v.breaches)
	require.Equal(t, "STORM 0s (1 of 2 not checked), PAUSE not checked", v.judgement.Got)
	require.Equal(t, [2]int64{1, 3}, [2]int64{v.judgement.Samples, v.judgement.Needs})
	v = review(invariants.RecoveryTimeAfter(faults, 0), join(calm(0), bad(2*hour+30*minute, 1, leaked), calm(3*hour)))
	require.Len(t, v.breaches, 1)
	require.Equal(t, "STORM: 1 looks at foreign data, 30m into recovery", v.breaches[0].Got)
}

// A reading of the cache does not mix what a fault did with what came after it,
// nor a quiet night with itself.
func TestRecoveryTimeReadsTheCacheFairly(t *testing.T) {
	t.Parallel()
	faults := []simcity.FaultWindow{struck("STORM", hour, hour+4*minute)}
	page := func(when time.Duration, misses float64, active ...string) simcity.Snapshot {
		s := gauges(when, map[string]float64{invariants.CacheHits: 0, invariants.CacheMisses: misses})
		s.Faults = active
		return s
	}
	rule := invariants.RecoveryTimeAfter(faults, second)
	fair := history{page(hour, 0, "STORM"), page(hour+5*minute, 40)}
	for i := range 12 {
		fair = append(fair, page(hour+time.Duration(10+5*i)*minute, 40+9*float64(i)))
	}
	require.False(t, review(rule, join(fair, calm(3*hour))).broken())
	v := review(rule, join(fair, history{page(hour+70*minute, 300)}, calm(3*hour)))
	require.True(t, v.broken())
	require.Contains(t, v.breaches[0].Got, "cache lookups were hits, 1h6m into recovery")
}

func TestRecoveryTimeRemembersOneSignPerFault(t *testing.T) {
	t.Parallel()
	faults := make([]simcity.FaultWindow, 20)
	for i := range faults {
		faults[i] = struck(fmt.Sprint("F", i), time.Duration(i)*hour, time.Duration(i)*hour+minute)
	}
	var h history
	for i := range 20 * 60 {
		h = append(h, bad(time.Duration(i)*minute, 1, leaked)[:1]...)
	}
	v := review(invariants.RecoveryTimeAfter(faults, hour), join(h, calm(24*hour)))
	require.Empty(t, v.breaches)
	require.Contains(t, v.judgement.Got, "F0 58m, F1 58m, ")
	require.InDelta(t, 58, v.judgement.Value, 1e-9)
}
