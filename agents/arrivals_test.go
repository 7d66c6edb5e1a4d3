package agents_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/simcity"
)

// Processes without chance arrive at exactly these minutes.
func TestArrivalsAreExact(t *testing.T) {
	for _, test := range []struct {
		name     string
		arrivals simcity.Arrivals
		minutes  []float64
	}{
		{"constant", agents.Constant{PerHour: 3}, []float64{10, 30, 50, 70, 90, 110}},
		{"slow constant", agents.Constant{PerHour: 0.5}, []float64{60}},
		{"ramp up", agents.Ramp{To: 8, Over: time.Hour}, []float64{21.213, 36.742, 47.434, 56.125, 63.75, 71.25, 78.75, 86.25, 93.75, 101.25, 108.75, 116.25}},
		{"ramp down", agents.Ramp{From: 8, Over: time.Hour}, []float64{3.875, 12.566, 23.258, 38.787}},
		{"level ramp", agents.Ramp{From: 1, To: 1, Over: time.Hour}, []float64{30, 90}},
		{"stairs", agents.Stairs{PerHour: []float64{2, 0, 4}, Each: 30 * time.Minute}, []float64{15, 67.5, 82.5, 97.5, 112.5}},
		{"burst", agents.Burst{N: 3, At: time.Minute}, []float64{1, 1, 1}},
		{"bursts", agents.Burst{N: 2, Every: time.Hour}, []float64{0, 0, 60, 60, 120, 120}},
	} {
		t.Run(test.name, func(t *testing.T) {
			times, _ := arrive(t, 1, 2*time.Hour, test.arrivals, nil)
			var got []float64
			for _, at := range times {
				got = append(got, at.Minutes())
			}
			// Bursts at the very end of the run may or may not be let in.
			if n := len(test.minutes); test.name == "bursts" && len(got) < n {
				test.minutes = test.minutes[:len(got)]
			}
			require.InDeltaSlice(t, test.minutes, got, 0.001)
		})
	}
}

func TestExactlyComesExactly(t *testing.T) {
	var sum, n float64
	for seed := range uint64(20) {
		times, _ := arrive(t, seed+1, 10*time.Hour, agents.Exactly{N: 100, Over: 5 * time.Hour}, nil)
		require.Len(t, times, 100, "seed %d", seed+1)
		require.True(t, slices.IsSorted(times), "seed %d", seed+1)
		require.Less(t, times[99], 5*time.Hour+time.Second, "seed %d", seed+1)
		for _, at := range times {
			sum += at.Hours()
			n++
		}
	}
	// 2000 uniform draws from 5 h: mean 2.5, standard error 5/sqrt(12*2000).
	require.InDelta(t, 2.5, sum/n, 4*5/math.Sqrt(12*n), "seeds 1 to 20")
}

// Without a day effect the count is Poisson: mean and variance are equal, and
// distances are exponential.
func TestPoissonIsPoisson(t *testing.T) {
	const perHour, hours = 30.0, 24.0
	var counts []float64
	short, gaps := 0.0, 0.0
	for seed := range uint64(40) {
		times, _ := arrive(t, seed+1, hours*time.Hour, agents.Poisson{PerHour: perHour, DayShape: -1}, nil)
		counts = append(counts, float64(len(times)))
		for i := 1; i < len(times); i++ {
			gaps++
			if (times[i] - times[i-1]).Hours() < 1/perHour {
				short++
			}
		}
	}
	mean, variance := moments(counts)
	require.InDelta(t, perHour*hours, mean, 4*math.Sqrt(perHour*hours/40), "seeds 1 to 40")
	require.InDelta(t, 1, variance/mean, 4*math.Sqrt(2.0/39), "seeds 1 to 40")
	require.InDelta(t, 1-1/math.E, short/gaps, 4*0.5/math.Sqrt(gaps), "seeds 1 to 40")
}

// The day effect makes days differ by more than chance, around the same mean.
func TestPoissonDaysDiffer(t *testing.T) {
	const perHour, days = 20.0, 300
	times, _ := arrive(t, 7, days*24*time.Hour, agents.Poisson{PerHour: perHour}, nil)
	perDay := make([]float64, days)
	for _, at := range times {
		perDay[min(days-1, int(at.Hours()/24))]++
	}
	mean, variance := moments(perDay)
	expected := perHour * 24
	spread := expected + expected*expected/10 // Poisson plus gamma of shape 10
	require.InDelta(t, expected, mean, 4*math.Sqrt(spread/days), "seed 7")
	require.InDelta(t, 1, variance/spread, 0.4, "seed 7")
}

func TestPoissonFollowsTheCurve(t *testing.T) {
	curve := agents.EveningCurve()
	times, _ := arrive(t, 3, 60*24*time.Hour, agents.Poisson{PerHour: 20, Daily: curve, DayShape: -1}, nil)
	var got, want [24]float64
	for _, at := range times {
		got[int(math.Mod(at.Hours(), 24))]++
	}
	total := 0.0
	for hour := range want {
		for part := range 60 {
			want[hour] += curve.At(float64(hour)+(float64(part)+0.5)/60) / 60
		}
		total += want[hour]
	}
	for hour := range want {
		expected := 20 * 60 * want[hour]
		require.InDelta(t, expected, got[hour], 4.5*math.Sqrt(expected)+1, "hour %d, seed 3", hour)
	}
	require.InDelta(t, 24, total, 0.2, "the curve's mean is 1")
}

func TestPerTickExpectation(t *testing.T) {
	for _, test := range []struct {
		rate         float64
		open         bool
		mean, spread float64 // of a day of 288 ticks, of which 120 in open hours
	}{
		{0.3, false, 0.3 * 288, math.Sqrt(0.3 * 0.7 * 288)},
		{0.1, true, 0.1 * 120, math.Sqrt(0.1 * 0.9 * 120)},
		{2.25, false, 2.25 * 288, math.Sqrt(0.25 * 0.75 * 288)},
		{3, true, 360, 0.001},
	} {
		t.Run(fmt.Sprint(test.rate), func(t *testing.T) {
			sum := 0.0
			for seed := range uint64(10) {
				process := agents.PerTick{Rate: func(simcity.Policies) float64 { return test.rate }, OpenHours: test.open}
				times, _ := arrive(t, seed+1, 24*time.Hour, process, nil)
				sum += float64(len(times))
				for _, at := range times {
					require.True(t, !test.open || at >= 8*time.Hour && at < 18*time.Hour, "seed %d at %s", seed+1, at)
				}
			}
			// The tick at the very end may or may not be in the run.
			require.InDelta(t, test.mean, sum/10, 4*test.spread/math.Sqrt(10)+test.rate, "seeds 1 to 10")
		})
	}
}

func TestPoliciesSetTheRates(t *testing.T) {
	spawn := func(p *simcity.Policies) { p.CustomerSpawnRate, p.VendorSpawnRate = 1, 2 }
	customers, _ := arrive(t, 1, time.Hour, agents.CustomersPerTick(), spawn)
	require.InDelta(t, 12, len(customers), 1)
	night, _ := arrive(t, 1, time.Hour, agents.VendorsPerTick(), spawn)
	require.Empty(t, night, "vendors come within open hours")
}

func TestNonsenseIsRefused(t *testing.T) {
	t.Parallel()
	type checked interface{ Validate() error }
	for _, test := range []struct {
		field string
		value checked
	}{
		{"Poisson.PerHour", agents.Poisson{}},
		{"Poisson.PerHour", agents.Poisson{PerHour: math.NaN()}},
		{"Poisson.DayShape", agents.Poisson{PerHour: 1, DayShape: 0.5}},
		{"Poisson.Daily.Daily", agents.Poisson{PerHour: 1, Daily: agents.Curve{Daily: math.Inf(1)}}},
		{"Constant.PerHour", agents.Constant{PerHour: -1}},
		{"Ramp.From", agents.Ramp{From: -1, To: 1, Over: 1}},
		{"Ramp.To", agents.Ramp{Over: 1}},
		{"Ramp.Over", agents.Ramp{To: 1}},
		{"Stairs.PerHour", agents.Stairs{Each: 1}},
		{"Stairs.PerHour[1]", agents.Stairs{PerHour: []float64{1, math.Inf(1)}, Each: 1}},
		{"Stairs.Each", agents.Stairs{PerHour: []float64{1}}},
		{"Burst.N", agents.Burst{}},
		{"Burst.At", agents.Burst{N: 1, At: -1}},
		{"Burst.Every", agents.Burst{N: 1, Every: -1}},
		{"Exactly.N", agents.Exactly{N: -1}},
		{"Exactly.Over", agents.Exactly{N: 1, Over: -1}},
		{"PerTick.Rate", agents.PerTick{}},
		{"Customer.VisitsMax", agents.Customer{VisitsMax: -1}},
		{"Customer.ThinkTime.Median", agents.Customer{ThinkTime: agents.ThinkTime{Sigma: 1}}},
		{"Customer.Pause.Sigma", agents.Customer{Pause: agents.ThinkTime{Median: 1, Sigma: math.NaN()}}},
		{"Customer.Habits.Promo", agents.Customer{Habits: agents.Habits{Promo: 2}}},
		{"Vendor.Decline", agents.Vendor{Decline: math.NaN()}},
		{"Vendor.Stay", agents.Vendor{Stay: -1}},
	} {
		var wrong *simcity.FieldError
		require.ErrorAs(t, test.value.Validate(), &wrong, "%#v", test.value)
		require.Equal(t, test.field, wrong.Field)
		require.NotEmpty(t, wrong.Fix)
	}
	for _, fine := range []checked{
		agents.Poisson{PerHour: 1}, agents.Ramp{To: 1, Over: 1}, agents.CustomersPerTick(), agents.VendorsPerTick(),
		agents.Customer{}, agents.Customer{Habits: agents.Habits{Promo: -1}}, agents.Vendor{},
	} {
		require.NoError(t, fine.Validate())
	}
}

func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x)-1)
	}
	return mean, variance
}
