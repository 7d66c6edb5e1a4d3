package agents

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Poisson lets citizens arrive at random, independently of one another: an
// open model, the right one for a public service. It is non-homogeneous: the
// rate is PerHour times the Daily curve times an effect of the day, drawn
// from a gamma distribution with mean 1, as arrivals of real days vary more
// than a Poisson process of known rate would. Arrivals are drawn by thinning
// (Lewis and Shedler 1979).
//
// That arrivals within a day are Poisson with a rate that changes by the time
// of day, and that days are overdispersed: Kim and Whitt 2014, "Are call
// center and hospital arrivals well modeled by nonhomogeneous Poisson
// processes?", MSOM 16(3); Brown et al. 2004, "Statistical analysis of a
// telephone call center", JASA 100.
type Poisson struct {
	// PerHour is the mean of arrivals per simulated hour over a whole day.
	// Required.
	PerHour float64
	// Daily is how the rate changes by the time of day. Default: not at all.
	Daily Curve
	// DayShape is the shape of the gamma distribution of the day effect: its
	// variance is 1/DayShape. Default 10; negative means no day effect.
	DayShape float64
}

// Curve is a factor on the rate by the time of day: 1 plus two harmonics, cut
// off at 0. Its mean is 1 as long as it does not reach 0.
type Curve struct {
	// Daily and HalfDaily are the amplitudes of the waves with one and two
	// peaks a day.
	Daily     float64
	HalfDaily float64
	// DailyPeak and HalfDailyPeak are the hours of (first) peak, UTC.
	DailyPeak     float64
	HalfDailyPeak float64
}

// EveningCurve has its peak at 20 h, a smaller one before noon and quiet
// nights: 40 % of salon bookings are made before 9 or after 19 h (Zenoti 2025).
func EveningCurve() Curve {
	return Curve{Daily: 0.6, DailyPeak: 17, HalfDaily: 0.35, HalfDailyPeak: 9}
}

// At is the factor at a time of day.
func (c Curve) At(hour float64) float64 {
	wave := 1 +
		c.Daily*math.Cos(2*math.Pi*(hour-c.DailyPeak)/24) +
		c.HalfDaily*math.Cos(4*math.Pi*(hour-c.HalfDailyPeak)/24)
	return max(0, wave)
}

// bound is never less than At.
func (c Curve) bound() float64 { return 1 + math.Abs(c.Daily) + math.Abs(c.HalfDaily) }

// Arrive implements [simcity.Arrivals].
func (p Poisson) Arrive(ctx context.Context, g *simcity.Gate) error {
	orElse(&p.DayShape, 10)
	began := g.Now().Add(-g.Elapsed())
	next := p.times(g.Rand(), began)
	for {
		at := next().Sub(began)
		if at < 0 || at > g.Duration() {
			return nil
		}
		if err := g.SleepUntil(ctx, at); err != nil {
			return err
		}
		g.Spawn()
	}
}

// times returns a function that returns the arrivals from t on, in order. Each
// day has an effect of its own; since the process has no memory, a candidate
// beyond midnight is dropped and the search goes on from there.
func (p Poisson) times(r *rand.Rand, t time.Time) func() time.Time {
	midnight := t
	effect := 1.0
	return func() time.Time {
		for {
			if !t.Before(midnight) {
				effect = p.dayEffect(r)
				midnight = t.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
			}
			highest := p.PerHour * p.Daily.bound() * effect
			hours := r.ExpFloat64() / highest
			if left := midnight.Sub(t); !(hours < left.Hours()) {
				t = midnight
				continue
			}
			// At least a nanosecond, so that no two arrive at one instant.
			t = t.Add(max(1, time.Duration(hours*float64(time.Hour))))
			if r.Float64()*p.Daily.bound() < p.Daily.At(hourOf(t)) {
				return t
			}
		}
	}
}

func hourOf(t time.Time) float64 {
	t = t.UTC()
	return t.Sub(t.Truncate(24 * time.Hour)).Hours()
}

// dayEffect draws from a gamma distribution of mean 1.
func (p Poisson) dayEffect(r *rand.Rand) float64 {
	if p.DayShape < 0 {
		return 1
	}
	return gamma(r, p.DayShape) / p.DayShape
}

// gamma draws from the gamma distribution of the shape, at least 1, and scale
// 1 by the method of Marsaglia and Tsang 2000, ACM TOMS 26(3): a squeezed
// normal, accepted more than 95 times of 100.
func gamma(r *rand.Rand, shape float64) float64 {
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// Validate reports the first field that cannot be meant.
func (p Poisson) Validate() error {
	if err := positive("Poisson.PerHour", p.PerHour); err != nil {
		return err
	}
	for _, a := range []struct {
		field string
		value float64
	}{
		{"Poisson.Daily.Daily", p.Daily.Daily}, {"Poisson.Daily.HalfDaily", p.Daily.HalfDaily},
		{"Poisson.Daily.DailyPeak", p.Daily.DailyPeak}, {"Poisson.Daily.HalfDailyPeak", p.Daily.HalfDailyPeak},
	} {
		if !(math.Abs(a.value) <= 24) {
			return &simcity.FieldError{Field: a.field, Value: a.value, Allowed: "amplitudes about 0 to 1, peaks 0 to 24 h", Fix: "use agents.EveningCurve() or leave Daily out"}
		}
	}
	if !(p.DayShape < 0 || p.DayShape == 0 || p.DayShape >= 1 && p.DayShape <= 1e6) {
		return &simcity.FieldError{Field: "Poisson.DayShape", Value: p.DayShape, Allowed: "1 or more, negative for none", Fix: "leave it out for 10"}
	}
	return nil
}
