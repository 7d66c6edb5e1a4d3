package booking_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/internal/cputime"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// hour is a small city: an hour of the baseline with two vendors and five
// customers, judged by the whole catalogue. What so short a life leaves unchecked
// is allowed.
func hour(bugs ...booking.Bug) *simcity.Simulation {
	scenario := scenarios.Baseline()
	scenario.Name, scenario.Duration, scenario.AllowEmpty = "hour", time.Hour, []string{"*"}
	vendors, customers := scenario.Populations[0], scenario.Populations[2]
	vendors.Arrivals = agents.Burst{N: 2}
	customers.Arrivals = agents.Burst{N: 5, At: time.Minute}
	scenario.Populations = []simcity.Population{vendors, customers}
	return simcity.New(scenario).Target(simcity.InProcess(newCity(bugs...)))
}

// One-hour seeds per second of processor time, one after the other in this process.
func BenchmarkSeedsOfAnHour(b *testing.B) {
	before, operations := cputime.Used(), int64(0)
	for i := range b.N {
		running, err := hour().Seed(uint64(i + 1)).Start(context.Background())
		require.NoError(b, err)
		result := running.Wait()
		require.Equal(b, simcity.Pass, result.Verdict, result.Explain())
		operations += result.Operations
	}
	b.ReportMetric(float64(b.N)/(cputime.Used()-before).Seconds(), "seeds/cpu-s")
	b.ReportMetric(float64(operations)/float64(b.N), "operations/seed")
}
