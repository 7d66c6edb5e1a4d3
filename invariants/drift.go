package invariants

import (
	"fmt"

	"github.com/bookiji/simcity/simcity"
)

// TickDrift is "orchestrator_tick_drift": ticks of a paced run come, on the mean
// of the phase, less than bound real milliseconds late per real second. Zero
// means 100. It is about SimCity itself: a machine that is too slow for the
// pace cannot be believed about anything else. Steady, critical; needs 1 tick of
// a paced run, and does not apply under other clocks.
func TickDrift(bound float64) simcity.Invariant {
	if bound == 0 {
		bound = 100
	}
	return simcity.Invariant{
		Name: "orchestrator_tick_drift",
		Doc:  fmt.Sprintf("ticks come less than %v ms late per real second", bound),
		When: simcity.Steady,
		Begin: func(w *simcity.World) simcity.Check {
			paced := pacedIn(w)
			var ticks int64
			var sum, worst float64
			return simcity.Check{
				Tick: func(s *simcity.Snapshot) *simcity.Breach {
					if s.Paced {
						paced = true
						ticks++
						sum += s.DriftMillis
						worst = max(worst, s.DriftMillis)
					}
					return nil
				},
				Judge: func() simcity.Judgement {
					want := fmt.Sprintf("less than %v ms/s", bound)
					if !paced {
						return simcity.Judgement{Got: "not paced", Exempt: "not paced", Want: want, Bound: bound}
					}
					mean := sum / float64(max(ticks, 1))
					return steady(simcity.Judgement{
						Got: fmt.Sprintf("%.3g ms/s", mean), Want: want, Value: mean, Bound: bound,
						Samples: ticks, Needs: 1,
					}, mean >= bound, fmt.Sprintf("the worst tick: %.3g ms/s", worst))
				},
				Restart: func() { ticks, sum, worst = 0, 0, 0 }, Anytime: true,
			}
		},
	}
}
