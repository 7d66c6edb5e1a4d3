package simcity

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/internal/staging"
)

// Limits are what a run may ask of a target elsewhere.
type Limits struct {
	// Citizens living at once, residents included. Default 200.
	Citizens int
	// Rate is requests per second of real time, of all citizens, collectors and
	// faults together, with bursts of a tenth of a second's worth. Whatever is above
	// is held back, and then the run is INCONCLUSIVE. Default 100.
	Rate float64
	// Duration of a run in real time. Default 1 hour.
	Duration time.Duration
}

// Most that a limit may be.
const (
	maxCitizens = 1_000_000
	maxRate     = 1e6
)

// limitsFor are the limits in force. On loopback zero means none.
func (u *URLTarget) limitsFor(guard *staging.Guard) Limits {
	l := u.limits
	if !guard.Loopback() {
		l.Citizens, l.Rate, l.Duration = cmp.Or(l.Citizens, 200), cmp.Or(l.Rate, 100), cmp.Or(l.Duration, time.Hour)
	}
	return l
}

// check refuses a scenario that asks for more, as far as that is known before.
func (l Limits) check(clock Clock, scenario *Scenario) error {
	s := scenario.withDefaults()
	takes := realDuration(clock, &s)
	switch {
	case l.Citizens < 0 || l.Citizens > maxCitizens:
		return &FieldError{Field: "Target.Limits.Citizens", Value: l.Citizens, Allowed: fmt.Sprintf("1 to %d", maxCitizens), Fix: "leave it out for 200"}
	case !(l.Rate >= 0 && l.Rate <= maxRate):
		return &FieldError{Field: "Target.Limits.Rate", Value: l.Rate, Allowed: "more than 0 to 1000000 requests per second", Fix: "leave it out for 100"}
	case l.Duration < 0:
		return &FieldError{Field: "Target.Limits.Duration", Value: l.Duration, Allowed: "more than 0", Fix: "leave it out for 1h"}
	case l.Duration > 0 && takes > l.Duration:
		return &FieldError{Field: "Target.Limits.Duration", Value: l.Duration, Allowed: fmt.Sprintf("at least %s, which the scenario takes", takes.Round(time.Second)), Fix: fmt.Sprintf("shorten the run with .Until, compress it more, or allow it: .Limit(simcity.Limits{Duration: %d * time.Minute})", int(takes.Minutes())+1)}
	}
	return l.allow(s.Policies)
}

// allow refuses policies that let in more citizens than may live.
func (l Limits) allow(p Policies) error {
	if l.Citizens == 0 || p.MaxConcurrentAgents <= l.Citizens {
		return nil
	}
	return &FieldError{
		Field: "policies.maxConcurrentAgents", Value: p.MaxConcurrentAgents, Allowed: fmt.Sprintf("up to %d, the target's limit of citizens", l.Citizens),
		Fix: fmt.Sprintf("lower the policy, or allow it: .Limit(simcity.Limits{Citizens: %d})", p.MaxConcurrentAgents),
	}
}

// realDuration is how long a paced run takes; 0 for the others.
func realDuration(clock Clock, s *Scenario) time.Duration {
	if clock.inner.Name() != "paced" {
		return 0
	}
	return time.Duration(float64(s.Duration) / cmp.Or(clock.inner.Factor(), s.Compression))
}

// A governor lets so many requests through per second of real time and holds the
// others back. Its zero value lets all through.
type governor struct {
	rate float64
	held atomic.Int64 // requests that had to wait

	mu   sync.Mutex
	next time.Time // when the next request is due at that rate
}

// wait returns when a request may be sent, or with ctx's error.
func (g *governor) wait(ctx context.Context) error {
	if g.rate == 0 {
		return nil
	}
	wait := g.book(time.Now())
	if wait <= 0 {
		return nil
	}
	g.held.Add(1)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// book takes the next place and tells how long it is till then. This is the
// generic cell rate algorithm (ITU-T I.371) with a tenth of a second as tolerance.
func (g *governor) book(now time.Time) time.Duration {
	const tolerance = time.Second / 10
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next.Before(now) {
		g.next = now
	}
	wait := g.next.Sub(now) - tolerance
	g.next = g.next.Add(time.Duration(float64(time.Second) / g.rate))
	return wait
}

// endAfter calls end when so much real time has passed, 0 for never, until off is
// called.
func endAfter(d time.Duration, end func()) (off func()) {
	if d == 0 {
		return func() {}
	}
	timer := time.AfterFunc(d, end)
	return func() { timer.Stop() }
}
