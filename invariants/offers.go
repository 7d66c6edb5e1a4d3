package invariants

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// OfferedSlotsAreFree is "offered_slots_are_free": the availability page never
// shows a slot of an exclusive resource as free while, by history, a confirmed
// claim overlaps it that was acknowledged more than staleness before the page
// was asked for and held until after its answer. Zero staleness means one
// simulated minute. A fact with Capacity 1 and Left 0 shows the slot as taken,
// and groups are no matter of this rule. Always, critical, needs 100 offers.
func OfferedSlotsAreFree(staleness time.Duration) simcity.Invariant {
	if staleness == 0 {
		staleness = time.Minute
	}
	return simcity.Invariant{
		Name: "offered_slots_are_free",
		Doc:  fmt.Sprintf("no slot is offered that has been booked for more than %v", staleness),
		When: simcity.Always,
		Begin: func(w *simcity.World) simcity.Check {
			o := &offers{ledger: newLedger(w), staleness: staleness}
			return simcity.Check{Operation: o.operation, Tick: o.tick, Judge: func() simcity.Judgement {
				return o.ledger.note(o.docket.judgement("offers of booked slots", o.seen-o.docket.dropped, 100))
			}}
		},
	}
}

type offers struct {
	ledger    *ledger
	docket    docket
	staleness time.Duration
	seen      int64
}

func (o *offers) operation(op *simcity.Operation) *simcity.Breach {
	for i := range op.Facts {
		f := &op.Facts[i]
		if f.Kind == simcity.Offered {
			o.offered(op, f)
		} else if speaksOfClaims(f.Kind) {
			o.ledger.learn(op, f)
		}
	}
	return nil
}

func (o *offers) offered(op *simcity.Operation, f *simcity.Fact) {
	if f.Capacity > 1 || f.Capacity == 1 && f.Left <= 0 || op.Outcome == simcity.Failed {
		return
	}
	o.seen++
	h := o.ledger.shelves[f.Resource]
	if h == nil {
		return
	}
	start, end := interval(f.Start, f.End)
	h.overlapping(start, end, func(s *stay) bool {
		known := max(s.from, s.confirmed)
		if !s.exclusive() || s.confirmed == forever || known+o.staleness >= op.Start || !s.holdsAt(op.End) {
			return true
		}
		number, citizen, asked := op.Number, op.Citizen, op.Start
		o.docket.add(suspicion{at: op.End, stays: []*stay{s}, tell: func(held []*stay) simcity.Breach {
			return simcity.Breach{
				Got:    fmt.Sprintf("%s offered although booked for %v", place(f.Resource, start, end), asked-known),
				Want:   fmt.Sprintf("free, or booked for at most %v", o.staleness),
				Detail: fmt.Sprintf("operation %d of %s; %s", number, citizen, held[0]),
			}
		}})
		return false
	})
}

func (o *offers) tick(s *simcity.Snapshot) *simcity.Breach {
	o.docket.settle(s)
	o.docket.decide()
	o.ledger.sweep(min(s.At, s.Settled))
	return o.docket.next()
}
