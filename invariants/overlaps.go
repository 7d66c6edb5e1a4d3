package invariants

import "github.com/bookiji/simcity/simcity"

// Overlaps is "overlapping_requests": of the operations that citizens have under
// way at once on two devices, such as paying for a booking and cancelling it,
// less than bound, a fraction, fail. Zero means 0.1. Either may come too late and
// be refused by rule; but a target that answers with an error where requests meet
// has not thought of the other one. It is a share, and a larger one than that of
// [APIErrorRate], so that a target which fails now and then is that rule's.
// Steady, critical, needs 10 such operations in the phase.
func Overlaps(bound float64) simcity.Invariant {
	return proportion{
		name: "overlapping_requests", of: "operations on two devices at once", what: "fail", bound: or(bound, 0.1), needs: 10,
		among: func(op *simcity.Operation) bool { return op.Device > 0 },
		so:    func(op *simcity.Operation) bool { return op.Outcome == simcity.Failed },
	}.below()
}
