package agents

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// plan is something that the customer means to do with a booking.
type plan struct {
	at    time.Time
	what  intent
	claim *claim
}

type intent uint8

const (
	toLook   intent = iota // whether the vendor has answered
	toMove                 // to another slot
	toCancel               // and perhaps regret it
	toCome                 // and check in
)

func (l *life) plan(at time.Time, what intent, c *claim) {
	l.agenda = append(l.agenda, plan{at, what, c})
}

// pursue does what is planned before until, in the order of time.
func (l *life) pursue(ctx context.Context, until time.Time) error {
	for len(l.agenda) > 0 {
		next := 0
		for i, p := range l.agenda {
			if p.at.Before(l.agenda[next].at) {
				next = i
			}
		}
		p := l.agenda[next]
		if !p.at.Before(until) || !p.at.Before(l.until) {
			return nil
		}
		l.agenda = slices.Delete(l.agenda, next, next+1)
		if !p.claim.live() {
			continue
		}
		if err := l.SleepUntil(ctx, p.at); err != nil {
			return err
		}
		if err := l.carryOut(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (l *life) carryOut(ctx context.Context, p plan) error {
	switch p.what {
	case toLook:
		return l.lookAgain(ctx, p.claim)
	case toMove:
		return l.changeMind(ctx, p.claim)
	case toCancel:
		return l.callOff(ctx, p.claim)
	default:
		return l.come(ctx, p.claim)
	}
}

// lookAgain sees whether an answer came after patience was at its end.
func (l *life) lookAgain(ctx context.Context, c *claim) error {
	if err := l.see(ctx, c); err != nil {
		return only(ctx, err)
	}
	if c.Status == StatusRequested && c.looks > 0 {
		c.looks--
		l.plan(l.Now().Add(l.LeadMin), toLook, c)
	}
	return l.consider(ctx, c)
}

// changeMind moves the booking to another slot, some without looking again
// whether the one they remember is still free.
func (l *life) changeMind(ctx context.Context, c *claim) error {
	slots := c.seen
	if !l.chance(l.Habits.Stale) || len(slots) == 0 {
		var err error
		if slots, err = l.list(ctx, c.Vendor, c.Service); err != nil {
			return only(ctx, err)
		}
	}
	earliest := l.earliest()
	slots = slices.DeleteFunc(slices.Clone(slots), func(s Slot) bool {
		return s.Start.Before(earliest) || s.Start.Equal(c.Start)
	})
	for tries := 2; tries > 0 && len(slots) > 0; tries-- {
		if err := l.think(ctx); err != nil {
			return err
		}
		i := pickEarly(l.Rand(), len(slots))
		err := l.move(ctx, c, slots[i].Start)
		switch {
		case err == nil:
			return l.moved(ctx, c)
		case !errors.Is(err, ErrTaken):
			return only(ctx, err)
		}
		slots = slices.Delete(slots, i, i+1)
	}
	return nil
}

// moved waits for what the vendor says to the new start.
func (l *life) moved(ctx context.Context, c *claim) error {
	if err := l.say(ctx, c.ID, customerLines); err != nil {
		return err
	}
	if c.Status == StatusRequested {
		l.plan(l.Now().Add(l.LeadMin), toLook, c)
	}
	return nil
}

// callOff cancels, and some regret it at once.
func (l *life) callOff(ctx context.Context, c *claim) error {
	if !l.Now().Before(c.Start) {
		return nil
	}
	if err := l.cancel(ctx, c, ""); err != nil {
		return only(ctx, err)
	}
	if !l.chance(l.Habits.Regret) || c.Start.Before(l.earliest()) {
		return nil
	}
	if err := l.think(ctx); err != nil {
		return err
	}
	s := Slot{Vendor: c.Vendor, Service: c.Service, Start: c.Start, End: c.End, Capacity: c.capacity}
	_, err := l.take(ctx, s, c.seen, "")
	return err
}

// come checks in, if the vendor has confirmed and the slot is still then.
func (l *life) come(ctx context.Context, c *claim) error {
	if now := l.Now(); c.Start.Sub(now) > 15*time.Minute {
		l.plan(c.Start, toCome, c)
		return nil
	}
	if c.Status != StatusConfirmed {
		if err := l.see(ctx, c); err != nil {
			return only(ctx, err)
		}
	}
	if c.Status != StatusConfirmed && c.Status != "" {
		return nil
	}
	err := l.do(ctx, OpCheckIn, c.ID, func(ctx context.Context, op *simcity.Operation) error {
		b, err := l.market.CheckIn(ctx, l.User, c.ID)
		if inDoubt(err) {
			l.suspect(op, simcity.Confirmed, c)
		}
		if err == nil {
			l.update(op, c, b)
		}
		return err
	})
	return only(ctx, err)
}

// about is d, give or take a tenth.
func about(r *rand.Rand, d time.Duration) time.Duration {
	return time.Duration((0.9 + 0.2*r.Float64()) * float64(d))
}
