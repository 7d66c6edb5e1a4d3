package invariants

import (
	"fmt"
	"net/http"

	"github.com/bookiji/simcity/simcity"
)

// Limits is "rate_limited_share": at most bound of the operations, a fraction,
// are answered with status 429. Zero means 0.01, one per cent. Rate limits are
// for abuse: citizens who behave should hardly ever meet them. Steady, critical,
// needs 100 operations in the phase.
func Limits(bound float64) simcity.Invariant {
	if bound == 0 {
		bound = 0.01
	}
	return simcity.Invariant{
		Name: "rate_limited_share", Doc: "at most " + percent(bound) + " of operations are answered 429", When: simcity.Steady,
		Begin: func(*simcity.World) simcity.Check {
			var limited, all int64
			var last string
			return simcity.Check{
				Operation: func(op *simcity.Operation) *simcity.Breach {
					all++
					if op.Status == http.StatusTooManyRequests {
						limited++
						last = op.Name
					}
					return nil
				},
				Judge: func() simcity.Judgement {
					rate := share(limited, all)
					return steady(simcity.Judgement{
						Got: percent(rate), Want: "at most " + percent(bound), Value: rate, Bound: bound,
						Samples: all, Needs: 100,
					}, rate > bound, fmt.Sprintf("%d of %d operations, the last was %q", limited, all, last))
				},
				Restart: func() { limited, all = 0, 0 },
			}
		},
	}
}
