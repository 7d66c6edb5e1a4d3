package invariants

import "github.com/bookiji/simcity/simcity"

// A claimRule is an invariant over the ledger of claims.
type claimRule struct {
	unit  string // what must not be, in the plural
	needs int64
	// opened sees each stay that began for certain, and raises suspicions.
	opened func(l *ledger, d *docket, s *stay)
	// sample says how many samples a fact is. Optional: default one per stay
	// that began.
	sample func(op *simcity.Operation, f *simcity.Fact, opened *stay) int64
	// tick is called once per tick, for forgetting. Optional.
	tick func(s *simcity.Snapshot)
}

// check puts the rule to work in one run. Breaches are told at ticks and at the
// end, when they are certain, so that no innocent operation is blamed: the
// breach names those that offend.
func (r claimRule) check(w *simcity.World) simcity.Check {
	l, d := newLedger(w), &docket{}
	var samples int64
	return simcity.Check{
		Operation: func(op *simcity.Operation) *simcity.Breach {
			for i := range op.Facts {
				f := &op.Facts[i]
				if !speaksOfClaims(f.Kind) {
					continue
				}
				opened := l.learn(op, f)
				switch {
				case r.sample != nil:
					samples += r.sample(op, f, opened)
				case opened != nil:
					samples++
				}
				if opened != nil {
					r.opened(l, d, opened)
				}
			}
			return nil
		},
		Tick: func(s *simcity.Snapshot) *simcity.Breach {
			d.settle(s)
			d.decide()
			l.sweep(min(s.At, s.Settled))
			if r.tick != nil {
				r.tick(s)
			}
			return d.next()
		},
		Judge: func() simcity.Judgement { return l.note(d.judgement(r.unit, samples, r.needs)) },
	}
}
