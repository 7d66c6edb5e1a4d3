package agents

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/bookiji/simcity/simcity"
)

var customerLines = []string{
	"Hello, is there parking nearby?",
	"I may be five minutes late.",
	"Could you please confirm soon?",
	"Thank you!",
}

// follow stays with a paid booking: it waits for the vendor's answer and makes
// its plans.
func (l *life) follow(ctx context.Context, c *claim) error {
	if err := l.say(ctx, c.ID, customerLines); err != nil {
		return err
	}
	if err := l.await(ctx, c); err != nil {
		return err
	}
	if c.live() {
		l.makePlans(c)
	}
	return nil
}

// await looks at the booking every tick until the vendor has answered or
// patience is at its end.
func (l *life) await(ctx context.Context, c *claim) error {
	patience := l.Policies().CustomerPatienceThreshold
	if !l.character.Patient {
		patience = max(1, patience/2)
	}
	for ; patience > 0 && c.Status == StatusRequested; patience-- {
		if err := l.Sleep(ctx, about(l.Rand(), l.Tick())); err != nil {
			return err
		}
		if err := l.see(ctx, c); err != nil {
			if ended(ctx, err) {
				return err
			}
			if errors.Is(err, ErrUnsupported) || errors.Is(err, ErrGone) {
				return nil
			}
		}
	}
	if !l.character.Patient && c.Status == StatusRequested && l.chance(0.5) {
		return only(ctx, l.cancel(ctx, c, ""))
	}
	return l.consider(ctx, c)
}

// see looks at one booking.
func (l *life) see(ctx context.Context, c *claim) error {
	return l.do(ctx, OpSee, c.ID, func(ctx context.Context, op *simcity.Operation) error {
		b, err := l.market.See(ctx, l.User, c.ID)
		if inDoubt(err) {
			l.suspect(op, simcity.Confirmed, c)
		}
		if err == nil {
			l.update(op, c, b)
		}
		return err
	})
}

// consider answers a proposal, if there is one: by moving there, or by giving
// the booking back.
func (l *life) consider(ctx context.Context, c *claim) error {
	if c.Status != StatusProposed || c.ProposedStart.IsZero() {
		return nil
	}
	if err := l.think(ctx); err != nil {
		return err
	}
	likes := 0.9
	if l.character.Strict {
		likes = 0.3
	}
	if l.chance(likes) {
		err := l.move(ctx, c, c.ProposedStart)
		if err == nil || ended(ctx, err) {
			return err
		}
	}
	return only(ctx, l.cancel(ctx, c, ""))
}

// move reschedules a booking.
func (l *life) move(ctx context.Context, c *claim, to time.Time) error {
	m := Move{ID: c.ID, Start: to.UTC(), Sent: to.UTC().Format(time.RFC3339)}
	return l.do(ctx, OpReschedule, c.ID+" "+m.Sent, func(ctx context.Context, op *simcity.Operation) error {
		b, err := l.market.Reschedule(ctx, l.User, m)
		if errors.Is(err, ErrTaken) {
			l.refusedAs(op, c.ID, Slot{
				Vendor: c.Vendor, Service: c.Service, Capacity: c.capacity,
				Start: m.Start, End: m.Start.Add(c.End.Sub(c.Start)),
			}, c.spelling(m.Sent))
		}
		if inDoubt(err) {
			there := *c
			there.Start, there.End = m.Start, m.Start.Add(c.End.Sub(c.Start))
			l.suspect(op, simcity.Moved, &there)
		}
		if err != nil {
			return err
		}
		if b.Start.IsZero() {
			b.Start = m.Start
		}
		l.updateAs(op, c, b, c.spelling(m.Sent))
		return nil
	})
}

// cancel gives a booking back. That completes the funnel, unless it is empty. A
// refusal means that the booking is not what the customer takes it for: perhaps
// the network has delivered the request before, and it is given back already. So
// it looks.
func (l *life) cancel(ctx context.Context, c *claim, funnel string) error {
	err := l.giveBack(ctx, c, funnel)
	var refused *Refusal
	if errors.As(err, &refused) && !errors.Is(err, ErrTryLater) {
		if unseen := l.see(ctx, c); ended(ctx, unseen) {
			return unseen
		}
	}
	return err
}

func (l *life) giveBack(ctx context.Context, c *claim, funnel string) error {
	return l.do(ctx, OpCancel, c.ID, func(ctx context.Context, op *simcity.Operation) error {
		b, refund, err := l.market.Cancel(ctx, l.User, c.ID)
		if inDoubt(err) {
			l.suspect(op, simcity.Released, c)
			l.suspect(op, simcity.Refunded, c)
		}
		if err != nil {
			return err
		}
		l.learnReleased(op, c)
		l.learnRefunded(op, c, refund.Cents, refund.ID)
		l.update(op, c, b)
		l.complete(op, funnel)
		return nil
	})
}

// makePlans decides what becomes of a booking. People cancel after 42 % of the
// lead time (median; Antonio et al. 2019, Data in Brief 22, hotel demand data):
// a uniform draw to the power of ln 0.42 / ln 0.5 has that median.
func (l *life) makePlans(c *claim) {
	policies := l.Policies()
	now := l.Now()
	lead := c.Start.Sub(now)
	within := func(share float64) time.Time { return now.Add(time.Duration(share * float64(lead))) }
	if share := 0.5 * l.Rand().Float64(); l.chance(policies.RescheduleChance) {
		l.plan(within(share), toMove, c)
	}
	if share := math.Pow(l.Rand().Float64(), math.Log(0.42)/math.Log(0.5)); l.chance(policies.CancelChance) {
		at := within(share)
		if last := l.until.Add(-l.Tick()); at.After(last) {
			at = last // it meant to: then the last moment of its life must do
		}
		l.plan(at, toCancel, c)
	}
	if c.Status == StatusRequested {
		l.plan(now.Add(l.LeadMin), toLook, c)
	}
	if !l.chance(l.Habits.NoShow) {
		early := time.Duration((l.Rand().Float64() - 0.5) * float64(10*time.Minute))
		l.plan(c.Start.Add(early), toCome, c)
	}
}
