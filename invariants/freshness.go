package invariants

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// SearchFreshness is "search_freshness": what was acknowledged is found by
// search within limit; zero means 10 minutes. A Sought fact without Same is a
// violation if more than limit of simulated time passed from its Start to the
// start of the search. Steady, critical; needs 3 searches for something older
// than limit in the phase.
func SearchFreshness(limit time.Duration) simcity.Invariant {
	if limit == 0 {
		limit = 10 * time.Minute
	}
	return simcity.Invariant{
		Name: "search_freshness",
		Doc:  fmt.Sprintf("search shows what was acknowledged %s ago", brief(limit)),
		When: simcity.Steady,
		Begin: func(w *simcity.World) simcity.Check {
			start := startOf(w)
			var samples, missed int64
			return simcity.Check{
				Operation: func(op *simcity.Operation) (breach *simcity.Breach) {
					for i := range op.Facts {
						f := &op.Facts[i]
						age, old := soughtAfter(op, f, start, limit)
						if !old {
							continue
						}
						samples++
						if f.Same {
							continue
						}
						missed++
						breach = &simcity.Breach{
							Got:  fmt.Sprintf("%s not found by %s, %s after it was acknowledged", f.ID, f.Holder, brief(age)),
							Want: "found within " + brief(limit), Detail: f.Detail,
						}
					}
					return breach
				},
				Judge:   func() simcity.Judgement { return none("listings not found", missed, samples, 3) },
				Restart: func() { samples, missed = 0, 0 }, Anytime: true,
			}
		},
	}
}

// soughtAfter is how long something had been there when it was sought, and
// whether that is longer than limit.
func soughtAfter(op *simcity.Operation, f *simcity.Fact, start time.Time, limit time.Duration) (age time.Duration, old bool) {
	if f.Kind != simcity.Sought || op.Outcome == simcity.Failed {
		return 0, false
	}
	age = start.Add(op.Start).Sub(f.Start)
	return age, age > limit
}
