package invariants

import (
	"fmt"
	"strings"

	"github.com/bookiji/simcity/simcity"
)

// ZeroDoubleBookings is "zero_double_bookings": no two claims that were
// acknowledged to clients and still hold overlap on one exclusive resource.
// Holds lapse at Until; intervals that only touch do not overlap; a claim that
// was moved or given back is free from the start of that operation on. Two
// claims that were spelled differently, and made one after the other, are the
// matter of [NoDoubleBookingsByAlias]. Always, critical, needs 1 claim.
func ZeroDoubleBookings() simcity.Invariant {
	return doubles("zero_double_bookings",
		"no two live claims overlap on one exclusive resource", "double bookings", false)
}

// NoDoubleBookingsByAlias is "no_double_bookings_by_alias": the same rule for
// two claims, made one after the other, whose clients spelled the resource or the time differently, as the
// same instant at another UTC offset or "B01" for "B1". Both facts must say
// their Spelling, and one of them must have travelled: a word of its Spelling is
// neither a part of the fact's Resource nor its Start or End as RFC 3339 in UTC.
// Always, critical; needs 1 claim or refusal that travelled, for otherwise
// nothing was tried.
func NoDoubleBookingsByAlias() simcity.Invariant {
	return doubles("no_double_bookings_by_alias",
		"no two live claims overlap on one exclusive resource in two spellings", "double bookings by alias", true)
}

func doubles(name, doc, unit string, alias bool) simcity.Invariant {
	tell := func(held []*stay) simcity.Breach {
		return simcity.Breach{
			Got:    fmt.Sprintf("%d live claims on %s", len(held), held[0].resource),
			Want:   "at most 1",
			Detail: list(held),
		}
	}
	rule := claimRule{unit: unit, needs: 1, opened: func(l *ledger, d *docket, s *stay) {
		if !s.exclusive() {
			return
		}
		l.shelves[s.resource].overlapping(s.start, s.end, func(other *stay) bool {
			if other.id != s.id && other.exclusive() && other.holdsAt(s.from) && byAlias(s, other) == alias {
				d.add(suspicion{at: s.from, stays: []*stay{other, s}, limit: 1, tell: tell})
			}
			return true
		})
	}}
	if alias {
		rule.sample = func(op *simcity.Operation, f *simcity.Fact, _ *stay) int64 {
			if op.Outcome != simcity.Failed && f.Kind != simcity.Released && travelled(f) {
				return 1
			}
			return 0
		}
	}
	return simcity.Invariant{Name: name, Doc: doc, When: simcity.Always, Begin: rule.check}
}

// byAlias reports whether two claims were spelled differently for other reasons
// than that they are different places, one of them having travelled, and one
// after the other: of two that were made at the same time a race is the likelier
// cause.
func byAlias(a, b *stay) bool {
	together := a.begun < b.from && b.begun < a.from
	return !together && a.spelling != "" && b.spelling != "" && a.spelling != b.spelling && (a.travelled || b.travelled)
}

// CapacityConservation is "capacity_conservation": the live claims of one group
// (Capacity above 1, same Resource, same Start) are never more than its
// Capacity. If claims differ in it, the largest counts. Always, critical, needs
// 1 claim on a group.
func CapacityConservation() simcity.Invariant {
	rule := claimRule{unit: "oversold groups", needs: 1, opened: func(l *ledger, d *docket, s *stay) {
		if s.exclusive() {
			return
		}
		group, capacity := groupOf(l, s)
		if len(group) <= capacity {
			return
		}
		d.add(suspicion{at: s.from, stays: group, limit: capacity, tell: func(held []*stay) simcity.Breach {
			return simcity.Breach{
				Got:    fmt.Sprintf("%d live claims on %s", len(held), place(s.resource, s.start, s.end)),
				Want:   fmt.Sprintf("at most %d", capacity),
				Detail: eachOf(held, s),
			}
		}})
	}}
	rule.sample = func(_ *simcity.Operation, _ *simcity.Fact, opened *stay) int64 {
		if opened != nil && !opened.exclusive() {
			return 1
		}
		return 0
	}
	return simcity.Invariant{
		Name: "capacity_conservation", Doc: "live claims of one group never exceed its capacity",
		When: simcity.Always, Begin: rule.check,
	}
}

// eachOf names those that held, the last first: any of them may be the one too many.
func eachOf(held []*stay, last *stay) string {
	const most = 10
	texts := []string{"the last: " + last.String()}
	for _, s := range held {
		if s != last && len(texts) < most {
			texts = append(texts, s.String())
		}
	}
	if more := len(held) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprint(more, " more"))
	}
	return strings.Join(texts, "; ")
}

// groupOf is the stays that share a group with s and hold when it begins.
func groupOf(l *ledger, s *stay) (group []*stay, capacity int) {
	capacity = s.capacity
	ids := make(map[string]bool)
	l.shelves[s.resource].overlapping(s.start, s.end, func(other *stay) bool {
		if other.start.Equal(s.start) && !other.exclusive() && other.holdsAt(s.from) && (other.id == "" || !ids[other.id]) {
			ids[other.id] = true
			group = append(group, other)
			capacity = max(capacity, other.capacity)
		}
		return true
	})
	return group, capacity
}
