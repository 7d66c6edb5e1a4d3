package invariants

import (
	"net/http"

	"github.com/bookiji/simcity/simcity"
)

// Limits is "rate_limited_share": fewer than bound of the operations, a fraction,
// are answered with status 429. Zero means 0.01, one per cent. Rate limits are
// for abuse: citizens who behave should hardly ever meet them. Steady, critical,
// needs 100 operations in the phase.
func Limits(bound float64) simcity.Invariant {
	return proportion{
		name: "rate_limited_share", of: "operations", what: "are answered 429", bound: or(bound, 0.01), needs: 100,
		so: func(op *simcity.Operation) bool { return op.Status == http.StatusTooManyRequests },
	}.below()
}
