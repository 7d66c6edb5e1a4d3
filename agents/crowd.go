package agents

import (
	"context"
	"slices"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// crowdMax is the most that one burst or exact count may hold.
const crowdMax = 10_000_000

// Burst lets many citizens arrive at the same instant: the rush when tickets
// go on sale.
type Burst struct {
	// N is how many arrive at once. Required.
	N int
	// At is when, since the run began. Default 0.
	At time.Duration
	// Every repeats the burst. Default 0: once.
	Every time.Duration
}

// Arrive implements [simcity.Arrivals].
func (b Burst) Arrive(ctx context.Context, g *simcity.Gate) error {
	for at := b.At; at <= g.Duration(); at += b.Every {
		if err := g.SleepUntil(ctx, at); err != nil {
			return err
		}
		for range b.N {
			g.Spawn()
		}
		if b.Every <= 0 {
			break
		}
	}
	return nil
}

// Validate reports the first field that cannot be meant.
func (b Burst) Validate() error {
	switch {
	case b.At < 0:
		return &simcity.FieldError{Field: "Burst.At", Value: b.At, Allowed: "0 or more", Fix: "give the time since the run began"}
	case b.Every < 0:
		return &simcity.FieldError{Field: "Burst.Every", Value: b.Every, Allowed: "0 or more", Fix: "leave it out for a single burst"}
	}
	return count("Burst.N", b.N)
}

// Exactly lets N citizens arrive, each at a time of its own drawn evenly from
// the first Over of the run. Given their number, that is how the arrivals of a
// Poisson process lie.
type Exactly struct {
	// N is how many arrive. Required.
	N int
	// Over is the time in which they do. Default: the whole run.
	Over time.Duration
}

// Arrive implements [simcity.Arrivals].
func (e Exactly) Arrive(ctx context.Context, g *simcity.Gate) error {
	over := g.Duration()
	if e.Over > 0 {
		over = e.Over
	}
	times := make([]time.Duration, e.N)
	for i := range times {
		times[i] = time.Duration(g.Rand().Int64N(max(1, int64(over))))
	}
	slices.Sort(times)
	for _, at := range times {
		if err := g.SleepUntil(ctx, at); err != nil {
			return err
		}
		g.Spawn()
	}
	return nil
}

// Validate reports the first field that cannot be meant.
func (e Exactly) Validate() error {
	if e.Over < 0 {
		return &simcity.FieldError{Field: "Exactly.Over", Value: e.Over, Allowed: "0 or more", Fix: "leave it out for the whole run"}
	}
	return count("Exactly.N", e.N)
}

func count(field string, n int) error {
	if n < 1 || n > crowdMax {
		return &simcity.FieldError{Field: field, Value: n, Allowed: "1 to 10 million", Fix: "give the number of citizens"}
	}
	return nil
}
