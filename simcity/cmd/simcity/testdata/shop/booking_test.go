package shop_test

import (
	"net/http"
	"testing"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// baseline is an ordinary day on the reference app as it is, its store in memory
// and no seam anywhere.
func baseline(t testing.TB, bug string, seed uint64) *simcity.Result {
	t.Helper()
	var bugs []booking.Bug
	if bug != "" {
		bugs = []booking.Bug{booking.Bug(bug)}
	}
	return simcity.New(scenarios.Baseline()).Seed(seed).
		Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
			return booking.New(booking.Config{Store: booking.NewMemoryStore(), Logger: w.Logger(), Bugs: bugs})
		})).
		Simulate(t)
}
