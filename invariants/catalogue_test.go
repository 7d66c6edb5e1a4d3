package invariants_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

// rules has, for each invariant of the catalogue, a history that breaks it and
// no other, and a near one that keeps it.
var rules = map[string]struct{ breaks, keeps history }{
	"api_p95_response_time": {
		breaks: latencies(94, 6, 501*time.Millisecond),
		keeps:  latencies(95, 5, 501*time.Millisecond),
	},
	"api_p99_response_time": {
		breaks: latencies(98, 2, time.Second),
		keeps:  latencies(99, 1, time.Second),
	},
	"api_error_rate": {
		breaks: failures(1, 100),
		keeps:  failures(1, 101),
	},
	"booking_funnel_success": {
		breaks: funnels(20, 16),
		keeps:  funnels(20, 17),
	},
	"vendor_sla_response": {
		breaks: requests(20, 17),
		keeps:  requests(20, 18),
	},
	"cache_hit_rate": {
		breaks: caches(2, 49, 51, 0),
		keeps:  caches(2, 50, 50, 0),
	},
	"cache_invalidation_spike": {
		breaks: caches(4, 60, 40, 35),
		keeps:  caches(4, 60, 40, 34),
	},
	"search_freshness": {
		breaks: searches(10*minute+1, true, true, false),
		keeps:  join(searches(10*minute, false), searches(10*minute+1, true, true, true)),
	},
	"zero_double_bookings": {
		breaks: history{did("a", "book", 0, 0, held("1", "room", noon)), did("b", "book", second, second, held("2", "room", noon+30*minute))},
		keeps:  history{did("a", "book", 0, 0, held("1", "room", noon)), did("b", "book", second, second, held("2", "room", noon+hour))},
	},
	"no_double_bookings_by_alias": {
		breaks: history{
			did("a", "book", 0, 0, spelled(held("1", "b01", noon), "b01 2000-01-02T12:00:00Z")),
			did("b", "book", second, second, spelled(held("2", "b01", noon), "b01 2000-01-02T14:00:00+02:00")),
		},
		keeps: history{
			did("a", "book", 0, 0, spelled(held("1", "b01", noon), "b01 2000-01-02T12:00:00Z")),
			did("b", "book", second, second, spelled(held("2", "b01", noon+hour), "B1 2000-01-02T13:00:00Z")),
		},
	},
	"capacity_conservation": {
		breaks: seatsTaken(3, 2),
		keeps:  seatsTaken(2, 2),
	},
	"no_orphaned_references": {
		breaks: history{did("a", "book_unknown", 0, 0, simcity.Fact{Kind: simcity.Referred, ID: "1", Of: "nobody"})},
		keeps:  history{did("a", "book_unknown", 0, 0)},
	},
	"offered_slots_are_free": {
		breaks: offers(minute + 1),
		keeps:  offers(minute),
	},
	"no_refusals_while_free": {
		breaks: join(attempts(99), history{did("b", "book", minute, minute, of(simcity.Refused, held("", "room", noon))), tick(3 * minute)}),
		keeps: join(attempts(98), history{
			did("a", "book", 0, 0, held("1", "room", noon)),
			did("b", "book", minute, minute, of(simcity.Refused, held("", "room", noon))), tick(3 * minute),
		}),
	},
	"money_conservation": {
		breaks: reports(10, 99),
		keeps:  reports(10, 100),
	},
	"quotas_respected": {
		breaks: claimsOfOne(6),
		keeps:  claimsOfOne(5),
	},
	"idempotent_retries": {
		breaks: retries(5, 1),
		keeps:  retries(5, 0),
	},
	"overlapping_requests": {
		breaks: onDevices(2, 20),
		keeps:  onDevices(2, 21),
	},
	"orchestrator_tick_drift": {
		breaks: history{simcity.Snapshot{Paced: true, DriftMillis: 100}},
		keeps:  history{simcity.Snapshot{Paced: true, DriftMillis: 99}},
	},
	"memory_usage": {
		breaks: memories(80, 80, 80),
		keeps:  memories(80, 80, 79, 80, 80),
	},
}

func latencies(fast, slow int, latency time.Duration) history {
	return many(fast+slow, func(i int) any {
		op := did("a", "search", 0, 0)
		if i >= fast {
			op.Latency = latency
		}
		return op
	})
}

func failures(n, all int) history {
	return many(all, func(i int) any {
		op := did("a", "search", 0, 0)
		if i < n {
			op.Outcome, op.Status = simcity.Failed, 500
		}
		return op
	})
}

func funnels(entered, completed int) history {
	var h history
	for i := range entered {
		holder := fmt.Sprint(i)
		h = append(h, did(holder, "search", 0, 0, simcity.Fact{Kind: simcity.Entered, Of: "booking", Holder: holder}))
		if i < completed {
			h = append(h, did(holder, "pay", minute, minute, simcity.Fact{Kind: simcity.Completed, Of: "booking", Holder: holder}))
		}
	}
	return append(h, tick(2*hour))
}

func requests(asked, answered int) history {
	var h history
	for i := range asked {
		id := fmt.Sprint(i)
		h = append(h, did("a", "ask", 9*hour, 9*hour, simcity.Fact{Kind: simcity.Asked, ID: id}))
		if i < answered {
			h = append(h, did("v", "answer", 11*hour, 11*hour, simcity.Fact{Kind: simcity.Answered, ID: id}))
		}
	}
	return append(h, tick(12*hour))
}

// caches is ticks between each of which that many lookups happen.
func caches(ticks int, hits, misses, invalidations float64) history {
	return many(ticks, func(i int) any {
		n := float64(i)
		return gauges(time.Duration(i)*minute, map[string]float64{
			invariants.CacheHits: n * hits, invariants.CacheMisses: n * misses, invariants.CacheInvalidations: n * invalidations,
		})
	})
}

// searches look for a listing that has been there for a while.
func searches(age time.Duration, found ...bool) history {
	return many(len(found), func(i int) any {
		return did("v", "search", hour, hour+second, simcity.Fact{
			Kind: simcity.Sought, ID: "studio", Holder: "v", Start: at(hour - age), Same: found[i],
		})
	})
}

func seatsTaken(n, capacity int) history {
	return many(n, func(i int) any {
		id := fmt.Sprint(i)
		return did(id, "book", second, second, seats(held(id, "yoga", noon), capacity))
	})
}

// offers shows a slot a while after it was booked for good.
func offers(later time.Duration) history {
	free := of(simcity.Offered, held("", "other", noon))
	h := many(99, func(int) any { return did("b", "slots", 0, 0, free) })
	return append(h,
		did("a", "book", 0, 0, held("1", "room", noon)),
		did("a", "pay", second, second, confirmed("1")),
		did("b", "slots", second+later, second+later, of(simcity.Offered, held("", "room", noon))),
	)
}

// reports is totals that a citizen is told after paying 100.
func reports(n int, total int64) history {
	h := history{did("a", "pay", 0, 0, simcity.Fact{Kind: simcity.Charged, Holder: "a", Of: "p1", Amount: 100})}
	return append(h, many(n, func(int) any {
		return did("a", "ledger", minute, minute, simcity.Fact{Kind: simcity.Reported, Holder: "a", Of: "charged", Amount: total})
	})...)
}

func claimsOfOne(n int) history {
	return many(n, func(i int) any {
		return did("a", "book", 0, 0, by(held(fmt.Sprint(i), "room", noon+time.Duration(i)*hour), "a"))
	})
}

func retries(n, different int) history {
	return many(n, func(i int) any {
		return did("a", "book", 0, 0, simcity.Fact{Kind: simcity.Repeated, ID: fmt.Sprint(i), Same: i >= different})
	})
}

// onDevices is operations of a citizen who does several things at once, of which
// some fail.
func onDevices(n, all int) history {
	h := failures(n, all)
	for i := range h {
		op := h[i].(simcity.Operation)
		op.Device = 1 + i%2
		h[i] = op
	}
	return h
}

func memories(percent ...float64) history {
	return many(len(percent), func(i int) any {
		return gauges(time.Duration(i)*minute, map[string]float64{
			invariants.ResidentMemory: percent[i], invariants.MemoryLimit: 100,
		})
	})
}

func TestEachRuleIsBrokenByItsOwnHistoryAlone(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, inv := range invariants.Catalogue() {
		require.False(t, seen[inv.Name], "twice: %s", inv.Name)
		seen[inv.Name] = true
		rule, ok := rules[inv.Name]
		require.True(t, ok, "no histories for %s", inv.Name)
		t.Run(inv.Name, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, inv.Doc)
			for _, other := range invariants.Catalogue() {
				v := review(other, rule.breaks)
				if other.Name != inv.Name {
					require.Falsef(t, v.broken(), "%s is broken as well: %v", other.Name, v.breaches)
					continue
				}
				require.True(t, v.broken(), "got %s", v.judgement.Got)
				require.GreaterOrEqual(t, v.judgement.Samples, v.judgement.Needs)
				require.NotEmpty(t, v.breaches[0].Got)
				require.NotEmpty(t, v.breaches[0].Want)
			}
			v := review(inv, rule.keeps)
			require.Empty(t, v.breaches)
			require.GreaterOrEqual(t, v.judgement.Samples, v.judgement.Needs)
		})
	}
	require.Len(t, rules, len(seen))
}

func TestWhatSawNothingWasNotChecked(t *testing.T) {
	t.Parallel()
	for _, inv := range append(invariants.Catalogue(), invariants.Beyond()...) {
		v := review(inv, nil)
		require.Empty(t, v.breaches, inv.Name)
		if inv.Name == "recovery_time" {
			require.Contains(t, v.judgement.Exempt, "no fault struck")
			continue
		}
		if inv.Name == "orchestrator_tick_drift" {
			require.Equal(t, "not paced", v.judgement.Got)
			require.Zero(t, v.judgement.Needs)
			continue
		}
		require.Less(t, v.judgement.Samples, v.judgement.Needs, inv.Name)
	}
}
