package invariants_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

func TestStagesTellHowTheCityFared(t *testing.T) {
	t.Parallel()
	lookups := func(when time.Duration, hits, misses float64) simcity.Snapshot {
		return gauges(when, map[string]float64{invariants.CacheHits: hits, invariants.CacheMisses: misses})
	}
	slow := did("a", "search", hour, hour+2*second)
	rule := invariants.Stages(0)
	require.Equal(t, simcity.Warning, rule.Severity)
	v := review(rule, history{
		lookups(0, 10, 10), did("a", "search", 0, 0), slow, failed(did("a", "search", 2*hour, 2*hour)), did("a", "search", 3*hour, 3*hour),
		lookups(6*hour, 40, 20), // the tick at its very end
		did("a", "search", 13*hour, 13*hour+100*time.Millisecond), tick(14 * hour),
	})
	require.Empty(t, v.breaches)
	require.Equal(t, `0s-6h: 4 operations, p99 2.001s, 25 % failed, 75 % cache hits
6h-12h: no operations
12h-18h: 1 operations, p99 100ms, 0 % failed`, v.judgement.Got)
	require.Equal(t, [3]float64{3, 5, 1}, [3]float64{v.judgement.Value, float64(v.judgement.Samples), float64(v.judgement.Needs)})
}

func TestStagesHaveALimit(t *testing.T) {
	t.Parallel()
	v := review(invariants.Stages(minute), many(200, func(i int) any {
		when := time.Duration(i) * minute
		return did("a", "search", when, when)
	}))
	require.Equal(t, 100.0, v.judgement.Value)
	require.Contains(t, v.judgement.Got, "from 1h39m: 101 operations")
}

func TestLimits(t *testing.T) {
	t.Parallel()
	burst := func(n, all int) history {
		return many(all, func(i int) any {
			op := did("a", "search", 0, 0)
			if i < n {
				op = limited(op)
			}
			return op
		})
	}
	v := review(invariants.Limits(0), burst(2, 200))
	require.Len(t, v.breaches, 1)
	require.Equal(t, "less than 1 %", v.breaches[0].Want)
	require.False(t, review(invariants.Limits(0), burst(2, 201)).broken())
	require.False(t, review(invariants.Limits(0.5), burst(49, 100)).broken())
	few := review(invariants.Limits(0), burst(99, 99))
	require.False(t, few.broken())
	require.Less(t, few.judgement.Samples, few.judgement.Needs)
}

func TestSearchFreshnessHasALimitOfYourOwn(t *testing.T) {
	t.Parallel()
	v := review(invariants.SearchFreshness(hour), searches(hour+second, true, true, false))
	require.Len(t, v.breaches, 1)
	require.Equal(t, "studio not found by v, 1h0m1s after it was acknowledged", v.breaches[0].Got)
	require.Equal(t, "found within 1h", v.breaches[0].Want)
	require.False(t, review(invariants.SearchFreshness(hour), searches(hour, false, false, false)).broken())
	unanswered := failed(searches(2*hour, false)[0].(simcity.Operation))
	require.Zero(t, review(invariants.SearchFreshness(0), history{unanswered}).judgement.Samples)
}
