package invariants

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Figures of a target's cache, by the names of the runbook. They are read from
// the snapshot's gauges, else its counters: see [Prometheus].
const (
	CacheHits          = "cache_hits_total"
	CacheMisses        = "cache_misses_total"
	CacheInvalidations = "cache_invalidations_total"
)

// CacheHitRate is "cache_hit_rate": of the cache lookups since the phase began
// at least bound, a fraction, were hits. Zero means 0.5. Counting begins at the
// first tick of the phase. Steady, warning, needs 50 lookups.
func CacheHitRate(bound float64) simcity.Invariant {
	if bound == 0 {
		bound = 0.5
	}
	return simcity.Invariant{
		Name: "cache_hit_rate", Doc: "at least " + percent(bound) + " of cache lookups are hits",
		When: simcity.Steady, Severity: simcity.Warning,
		Begin: func(*simcity.World) simcity.Check {
			hit, miss := rise{name: CacheHits}, rise{name: CacheMisses}
			var hits, lookups float64
			return simcity.Check{
				Tick: func(s *simcity.Snapshot) *simcity.Breach {
					h, m := hit.since(s), miss.since(s)
					hits += h
					lookups += h + m
					return nil
				},
				Judge: func() simcity.Judgement {
					rate := share(int64(hits), int64(lookups))
					return steady(simcity.Judgement{
						Got: percent(rate), Want: "at least " + percent(bound), Value: rate, Bound: bound,
						Samples: int64(lookups), Needs: 50,
					}, rate < bound, fmt.Sprintf("%.0f hits in %.0f lookups", hits, lookups))
				},
				Restart: func() {
					hit.known, miss.known = false, false
					hits, lookups = 0, 0
				}, Anytime: true,
			}
		},
	}
}

// What a reading of the cache is made of, and how many in a row are a spike.
const (
	readingLookups = 10
	spikeReadings  = 3
)

// CacheInvalidationSpike is "cache_invalidation_spike": cache invalidations per
// lookup stay below bound. Zero means 0.35. A reading covers as many ticks in a
// row as bring at least 10 lookups, so that it means the same in a quiet city;
// three readings in a row at or above bound are a spike. Steady, warning, needs
// 3 readings in the phase.
func CacheInvalidationSpike(bound float64) simcity.Invariant {
	if bound == 0 {
		bound = 0.35
	}
	return simcity.Invariant{
		Name: "cache_invalidation_spike",
		Doc:  fmt.Sprintf("cache invalidations stay below %s of lookups", percent(bound)),
		When: simcity.Steady, Severity: simcity.Warning,
		Begin: func(*simcity.World) simcity.Check {
			c := &churn{hits: rise{name: CacheHits}, misses: rise{name: CacheMisses}, dropped: rise{name: CacheInvalidations}}
			return simcity.Check{
				Tick: c.tick,
				Judge: func() simcity.Judgement {
					return steady(simcity.Judgement{
						Got: percent(c.peak) + " sustained", Want: "less than " + percent(bound), Value: c.peak, Bound: bound,
						Samples: c.readings, Needs: spikeReadings,
					}, c.peak >= bound, fmt.Sprintf("highest in the readings up to %v", c.peakAt))
				},
				Restart: c.restart, Anytime: true,
			}
		},
	}
}

// churn is how much of a cache is thrown away.
type churn struct {
	hits, misses, dropped rise
	lookups, drops        float64 // of the reading under way
	recent                [spikeReadings]float64
	readings              int64
	peak                  float64 // highest level that three readings in a row kept
	peakAt                time.Duration
}

func (c *churn) tick(s *simcity.Snapshot) *simcity.Breach {
	c.lookups += c.hits.since(s) + c.misses.since(s)
	c.drops += c.dropped.since(s)
	if c.lookups < readingLookups {
		return nil
	}
	c.recent[c.readings%spikeReadings] = c.drops / c.lookups
	c.readings++
	c.lookups, c.drops = 0, 0
	if c.readings < spikeReadings {
		return nil
	}
	if sustained := min(c.recent[0], c.recent[1], c.recent[2]); sustained > c.peak {
		c.peak, c.peakAt = sustained, s.At
	}
	return nil
}

func (c *churn) restart() {
	*c = churn{hits: rise{name: c.hits.name}, misses: rise{name: c.misses.name}, dropped: rise{name: c.dropped.name}}
}
