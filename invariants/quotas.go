package invariants

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// userLimit is how many holders' uses of limited things are remembered.
const userLimit = 200_000

// Quotas are the limits that a marketplace sets its users.
type Quotas struct {
	// ActivePerHolder is how many live claims one Holder may have whose interval
	// has not begun. Default 5.
	ActivePerHolder int
	// Uses is how often a limited thing (the Of of a Redeemed fact) may be used
	// in all. Default {"WELCOME": 20}. What is not in it has no such limit.
	Uses map[string]int
	// UsesPerHolder is how often one Holder may use each. Default 1.
	UsesPerHolder int
}

func (q Quotas) withDefaults() Quotas {
	if q.ActivePerHolder == 0 {
		q.ActivePerHolder = 5
	}
	if q.Uses == nil {
		q.Uses = map[string]int{"WELCOME": 20}
	}
	if q.UsesPerHolder == 0 {
		q.UsesPerHolder = 1
	}
	return q
}

// QuotasRespected is "quotas_respected": no holder has more active claims, and
// no limited thing is used more often, than q allows. Holds that lapsed, claims
// given back and claims whose interval has begun are not active. A second Redeemed
// fact with the ID of the holder's last one is a retry and counts once. Always,
// critical, needs 1 claim or use.
func QuotasRespected(q Quotas) simcity.Invariant {
	q = q.withDefaults()
	return simcity.Invariant{
		Name: "quotas_respected", Doc: "live claims per holder and uses of limited things stay within their limits",
		When: simcity.Always,
		Begin: func(w *simcity.World) simcity.Check {
			u := &usage{limits: q, held: make(map[string][]*stay), all: make(map[string]int), each: make(map[use]*uses)}
			claims := claimRule{
				unit: "quotas exceeded", needs: 1, opened: u.opened, tick: u.tick,
				sample: func(_ *simcity.Operation, _ *simcity.Fact, opened *stay) int64 {
					if opened != nil {
						return 1
					}
					return 0
				},
			}
			check := claims.check(w)
			return simcity.Check{
				Operation: func(op *simcity.Operation) *simcity.Breach {
					check.Operation(op)
					return u.redeemed(op)
				},
				Tick: check.Tick,
				Judge: func() simcity.Judgement {
					j := check.Judge()
					j.Samples += u.uses
					j.Value += float64(u.exceeded)
					j.Got = fmt.Sprintf("%.0f quotas exceeded", j.Value)
					return j
				},
			}
		},
	}
}

type use struct{ of, holder string }

type uses struct {
	count int
	last  string
}

type usage struct {
	limits   Quotas
	held     map[string][]*stay // by holder
	all      map[string]int     // uses by thing
	each     map[use]*uses
	uses     int64
	exceeded int64
	swept    time.Duration
}

// active reports whether a stay counts against its holder's quota.
// Only what lies ahead does: a host may settle a claim that has begun, or that
// nobody answered by then, without telling its holder.
func active(s *stay, at time.Duration) bool {
	return s.holdsAt(at) && at < s.over-s.end.Sub(s.start)
}

func (u *usage) opened(_ *ledger, d *docket, s *stay) {
	if s.holder == "" {
		return
	}
	mine := u.held[s.holder][:0]
	for _, other := range u.held[s.holder] {
		if active(other, s.from) && (other.id != s.id || s.id == "") {
			mine = append(mine, other)
		}
	}
	mine = append(mine, s)
	u.held[s.holder] = mine
	if len(mine) <= u.limits.ActivePerHolder || !active(s, s.from) {
		return
	}
	d.add(suspicion{
		at: s.from, stays: append([]*stay(nil), mine...), limit: u.limits.ActivePerHolder,
		tell: func(held []*stay) simcity.Breach {
			return simcity.Breach{
				Got:    fmt.Sprintf("%d active claims of %s", len(held), s.holder),
				Want:   fmt.Sprintf("at most %d", u.limits.ActivePerHolder),
				Detail: "the last: " + s.String(),
			}
		},
	})
}

// tick forgets holders who have nothing left, once per simulated hour.
func (u *usage) tick(s *simcity.Snapshot) {
	if s.At < u.swept+sweepEvery {
		return
	}
	u.swept = s.At
	for holder, stays := range u.held {
		live := false
		for _, one := range stays {
			live = live || active(one, s.At)
		}
		if !live {
			delete(u.held, holder)
		}
	}
}

// redeemed counts uses. They only ever grow, so a breach is certain at once.
func (u *usage) redeemed(op *simcity.Operation) (first *simcity.Breach) {
	if op.Outcome == simcity.Failed {
		return nil
	}
	for i := range op.Facts {
		f := &op.Facts[i]
		if f.Kind != simcity.Redeemed {
			continue
		}
		if b := u.redeem(f); b != nil {
			u.exceeded++
			if first == nil {
				first = b
			}
		}
	}
	return first
}

func (u *usage) redeem(f *simcity.Fact) *simcity.Breach {
	u.uses++
	key := use{f.Of, f.Holder}
	mine := u.each[key]
	if mine == nil {
		mine = &uses{}
		if len(u.each) < userLimit {
			u.each[key] = mine
		}
	}
	if f.ID != "" && mine.last == f.ID {
		return nil
	}
	mine.last = f.ID
	mine.count++
	u.all[f.Of]++
	if limit, ok := u.limits.Uses[f.Of]; ok && u.all[f.Of] > limit {
		return &simcity.Breach{
			Got:  fmt.Sprintf("%s used %d times", f.Of, u.all[f.Of]),
			Want: fmt.Sprintf("at most %d", limit), Detail: "the last by " + f.Holder,
		}
	}
	if f.Holder != "" && mine.count > u.limits.UsesPerHolder {
		return &simcity.Breach{
			Got:  fmt.Sprintf("%s used %d times by %s", f.Of, mine.count, f.Holder),
			Want: fmt.Sprintf("at most %d", u.limits.UsesPerHolder),
		}
	}
	return nil
}
