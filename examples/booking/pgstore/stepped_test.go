package pgstore_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// Under a Stepped clock the host lives on real time, and requests may be parked in
// the middle of a transaction while others wait for its locks for real. Citizens'
// dates run ahead of the host's, so that whatever lies ahead of a citizen lies
// ahead of the host: their bookings are in the real future.
func TestCityStepsThroughTransactions(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	began := time.Now()
	var booked, late int
	day := scenarios.Baseline()
	day.Duration = 6 * time.Hour
	day.Policies.VendorOpenHours = simcity.OpenHours{From: 0, To: 24}
	day.AllowEmpty = []string{"*"}
	day.Invariants = slices.DeleteFunc(day.Invariants, func(inv simcity.Invariant) bool { // real latencies, of whatever machine this is
		return strings.HasSuffix(inv.Name, "_response_time") || inv.Name == "search_freshness"
	})
	result := simcity.New(day).Clock(simcity.Stepped()).
		Target(seamsOn(postgres.Seams{InTransactions: true}, marketplace.Database(t), booking.Config{})).
		Check(simcity.Invariant{Name: "real_future", Begin: func(*simcity.World) simcity.Check {
			return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
				for _, f := range op.Facts {
					if f.Kind == simcity.Held {
						booked++
						if !f.Start.After(began) {
							late++
						}
					}
				}
				return nil
			}}
		}}).Simulate(t)
	require.Equal(t, simcity.Pass, result.Verdict, result.Explain())
	require.NotZero(t, booked)
	require.Zero(t, late)
}
