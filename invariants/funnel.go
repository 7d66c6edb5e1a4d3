package invariants

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Limits of what a funnel remembers.
const (
	funnelTime  = time.Hour // how long before the end an open funnel must have begun to count
	funnelLimit = 100_000   // open funnels
)

// BookingFunnel is "booking_funnel_success": of the funnels entered at least
// bound, a fraction, were completed. Zero means 0.85. A funnel is one Entered
// fact of a Holder and Of; entering again begins another one and leaves the
// first as not completed. Funnels still open at the end that were entered less
// than one simulated hour before it do not count. AtEnd, critical, needs 20.
func BookingFunnel(bound float64) simcity.Invariant {
	if bound == 0 {
		bound = 0.85
	}
	return simcity.Invariant{
		Name: "booking_funnel_success", Doc: "at least " + percent(bound) + " of funnels entered are completed",
		When: simcity.AtEnd,
		Begin: func(*simcity.World) simcity.Check {
			f := &funnels{open: make(map[use]time.Duration)}
			return simcity.Check{
				Operation: f.operation,
				Tick: func(s *simcity.Snapshot) *simcity.Breach {
					f.latest = max(f.latest, s.At)
					return nil
				},
				Judge: func() simcity.Judgement {
					counted := f.entered - f.recent()
					rate := share(f.completed, counted)
					return steady(simcity.Judgement{
						Got: percent(rate), Want: "at least " + percent(bound), Value: rate, Bound: bound,
						Samples: counted, Needs: 20,
					}, rate < bound, fmt.Sprintf("%d of %d completed", f.completed, counted))
				}, Anytime: true,
			}
		},
	}
}

type funnels struct {
	open               map[use]time.Duration // when entered
	entered, completed int64
	latest             time.Duration
}

func (f *funnels) operation(op *simcity.Operation) *simcity.Breach {
	f.latest = op.End
	for i := range op.Facts {
		fact := &op.Facts[i]
		key := use{fact.Of, fact.Holder}
		switch fact.Kind {
		case simcity.Entered:
			f.entered++
			if len(f.open) >= funnelLimit {
				f.forget()
			}
			f.open[key] = op.End
		case simcity.Completed:
			if _, ok := f.open[key]; ok {
				f.completed++
				delete(f.open, key)
			}
		}
	}
	return nil
}

// recent is how many open funnels are too young to count.
func (f *funnels) recent() (n int64) {
	for _, entered := range f.open {
		if entered > f.latest-funnelTime {
			n++
		}
	}
	return n
}

// forget gives up open funnels at the limit: those that are older than an hour,
// or all. They stay counted as not completed.
func (f *funnels) forget() {
	for key, entered := range f.open {
		if entered <= f.latest-funnelTime {
			delete(f.open, key)
		}
	}
	if len(f.open) >= funnelLimit {
		clear(f.open)
	}
}
