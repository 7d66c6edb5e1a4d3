package agents

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Constant lets citizens arrive in equal distances.
type Constant struct {
	// PerHour is arrivals per simulated hour. Required.
	PerHour float64
}

// Arrive implements [simcity.Arrivals].
func (c Constant) Arrive(ctx context.Context, g *simcity.Gate) error {
	return pace{{from: c.PerHour, to: c.PerHour}}.arrive(ctx, g)
}

// Validate reports a rate that cannot be meant.
func (c Constant) Validate() error { return positive("Constant.PerHour", c.PerHour) }

// Ramp changes the rate of arrivals evenly and then stays at To.
type Ramp struct {
	// From and To are arrivals per simulated hour. One of them may be 0.
	From float64
	To   float64
	// Over is how long the change takes. Required.
	Over time.Duration
}

// Arrive implements [simcity.Arrivals].
func (r Ramp) Arrive(ctx context.Context, g *simcity.Gate) error {
	return pace{{from: r.From, to: r.To, length: r.Over}, {from: r.To, to: r.To}}.arrive(ctx, g)
}

// Validate reports the first field that cannot be meant.
func (r Ramp) Validate() error {
	if err := rate("Ramp.From", r.From); err != nil {
		return err
	}
	if err := rate("Ramp.To", r.To); err != nil {
		return err
	}
	if r.From == 0 && r.To == 0 {
		return positive("Ramp.To", 0)
	}
	return lasting("Ramp.Over", r.Over)
}

// Stairs keeps one rate after the other, the last until the run is over.
type Stairs struct {
	// PerHour are arrivals per simulated hour, a step each. 0 is a pause.
	// Required.
	PerHour []float64
	// Each is how long a step lasts. Required.
	Each time.Duration
}

// Arrive implements [simcity.Arrivals].
func (s Stairs) Arrive(ctx context.Context, g *simcity.Gate) error {
	p := make(pace, len(s.PerHour))
	for i, perHour := range s.PerHour {
		p[i] = stretch{from: perHour, to: perHour, length: s.Each}
	}
	if len(p) > 0 {
		p[len(p)-1].length = 0
	}
	return p.arrive(ctx, g)
}

// Validate reports the first field that cannot be meant.
func (s Stairs) Validate() error {
	highest := 0.0
	for i, perHour := range s.PerHour {
		if err := rate(fmt.Sprintf("Stairs.PerHour[%d]", i), perHour); err != nil {
			return err
		}
		highest = max(highest, perHour)
	}
	if highest == 0 {
		return &simcity.FieldError{Field: "Stairs.PerHour", Value: s.PerHour, Allowed: "at least one rate above 0", Fix: "give the steps, such as []float64{10, 20, 40}"}
	}
	return lasting("Stairs.Each", s.Each)
}

// pace is a rate of arrivals over time. It is a pure function: the n-th
// arrival is when the integral of the rate reaches n - 1/2, so that over any
// whole number of intervals the count is exact and no arrival falls on a
// boundary.
type pace []stretch

// stretch is a part of a pace in which the rate, per hour, changes evenly. A
// stretch without length goes on for ever.
type stretch struct {
	from, to float64
	length   time.Duration
}

// area is how many arrivals the stretch has in all.
func (s stretch) area() float64 {
	if s.length == 0 {
		if s.from > 0 {
			return math.Inf(1)
		}
		return 0
	}
	return (s.from + s.to) / 2 * s.length.Hours()
}

// reach is when, within the stretch, the integral of its rate reaches want.
// With rate from + slope*t it solves slope/2*t^2 + from*t = want in the form
// that stays exact when the slope is small.
func (s stretch) reach(want float64) time.Duration {
	slope := 0.0
	if s.length > 0 {
		slope = (s.to - s.from) / s.length.Hours()
	}
	hours := 2 * want / (s.from + math.Sqrt(max(0, s.from*s.from+2*slope*want)))
	return time.Duration(hours * float64(time.Hour))
}

// at is when the n-th arrival is due, counted from 1; false if there is none.
func (p pace) at(n int) (time.Duration, bool) {
	want := float64(n) - 0.5
	var passed time.Duration
	for _, s := range p {
		if area := s.area(); want > area {
			want -= area
			passed += s.length
			continue
		}
		at := passed + s.reach(want)
		return at, at >= 0 // a time that does not fit a Duration is never
	}
	return 0, false
}

func (p pace) arrive(ctx context.Context, g *simcity.Gate) error {
	for n := 1; ; n++ {
		at, ok := p.at(n)
		if !ok || at > g.Duration() {
			return nil
		}
		if err := g.SleepUntil(ctx, at); err != nil {
			return err
		}
		g.Spawn()
	}
}

// Arrivals per hour beyond this are surely a mistake of units.
const rateMax = 1e9

func rate(field string, perHour float64) error {
	if !(perHour >= 0 && perHour <= rateMax) { // also refuses NaN
		return &simcity.FieldError{Field: field, Value: perHour, Allowed: "0 to 1e9 per hour", Fix: "give arrivals per simulated hour"}
	}
	return nil
}

func positive(field string, perHour float64) error {
	if !(perHour > 0 && perHour <= rateMax) {
		return &simcity.FieldError{Field: field, Value: perHour, Allowed: "more than 0, up to 1e9 per hour", Fix: "give arrivals per simulated hour"}
	}
	return nil
}

func lasting(field string, d time.Duration) error {
	if d <= 0 {
		return &simcity.FieldError{Field: field, Value: d, Allowed: "more than 0", Fix: "give a simulated duration"}
	}
	return nil
}
