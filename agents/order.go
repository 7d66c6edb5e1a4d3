package agents

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// order writes down what the customer wants, in its own way of writing.
func (l *life) order(s Slot) Order {
	o := l.plainOrder(s)
	if l.zone != nil {
		o.Vendor = strings.ToUpper(s.Vendor)
		o.Start = s.Start.In(l.zone).Format(time.RFC3339)
	}
	if l.chance(l.Habits.Promo) && !l.usedPromo {
		o.Promo = l.PromoCode
	}
	return o
}

func (l *life) plainOrder(s Slot) Order {
	return Order{Slot: s, Vendor: s.Vendor, Start: s.Start.UTC().Format(time.RFC3339), Key: l.key()}
}

// key makes an idempotency key that no other run of another seed makes.
func (l *life) key() string {
	l.keys++
	return l.Citizen.ID() + "-" + strconv.Itoa(l.keys) + "-" + strconv.FormatUint(l.Rand().Uint64(), 36)
}

// input is what the operation was asked, for readers.
func (o Order) input() string {
	text := o.Vendor + "/" + o.Slot.Service + " " + o.Start
	if o.Promo != "" {
		text += " " + o.Promo
	}
	return text
}

// take books a slot and goes on with it. It returns true if another slot may
// be tried instead.
func (l *life) take(ctx context.Context, s Slot, seen []Slot, funnel string) (taken bool, err error) {
	o := l.order(s)
	c, err := l.book(ctx, o, seen, funnel)
	if errors.Is(err, ErrPromo) && o.Promo != "" {
		l.usedPromo = true
		o.Promo, o.Key = "", l.key()
		c, err = l.book(ctx, o, seen, funnel)
	}
	if err != nil {
		return mayTryAnother(err), only(ctx, err)
	}
	if l.zone != nil && s.Exclusive() && l.chance(l.Habits.Twice) {
		if err := l.twice(ctx, s); err != nil {
			return false, err
		}
	}
	if l.chance(l.Habits.Abandon) {
		return false, nil
	}
	if err := l.think(ctx); err != nil {
		return false, err
	}
	if c.unpaid() {
		settle := l.pay
		if l.chance(l.Habits.Torn) {
			settle = l.payTorn
		}
		if err := settle(ctx, c, o, funnel); err != nil {
			return errors.Is(err, ErrPromo), only(ctx, err)
		}
	}
	if !c.live() {
		return false, nil
	}
	return false, l.follow(ctx, c)
}

func mayTryAnother(err error) bool {
	return errors.Is(err, ErrRefused) && !errors.Is(err, ErrQuota)
}

// only keeps the errors that end a life. The others have been recorded.
func only(ctx context.Context, err error) error {
	if ended(ctx, err) {
		return err
	}
	return nil
}

// book places an order, again with the same key if the first went unanswered.
func (l *life) book(ctx context.Context, o Order, seen []Slot, funnel string) (c *claim, err error) {
	if err := l.refresh(ctx); err != nil {
		return nil, err
	}
	input := o.input()
	err = l.persist(ctx, func(doubtful bool) error {
		return l.do(ctx, OpBook, input, func(ctx context.Context, op *simcity.Operation) error {
			l.enter(op, funnel)
			b, err := l.market.Book(ctx, l.User, o)
			if errors.Is(err, ErrTaken) && !doubtful { // otherwise it may be taken by ourselves
				l.refusedAs(op, "", o.Slot, o.spelling())
			}
			if inDoubt(err) {
				l.suspectHeld(op, o)
			}
			if err != nil {
				return err
			}
			c = l.hold(op, b, o, seen)
			if !c.unpaid() {
				l.complete(op, funnel)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	if l.chance(l.Habits.Repeat) {
		return c, l.repeatBook(ctx, c, o)
	}
	return c, nil
}

// persist repeats what went unanswered or was put off, with the same key.
func (l *life) persist(ctx context.Context, try func(doubtful bool) error) error {
	doubtful := false
	for n := 1; ; n++ {
		err := try(doubtful)
		if err == nil || ended(ctx, err) {
			return err
		}
		doubtful = doubtful || inDoubt(err)
		if !inDoubt(err) && !errors.Is(err, ErrTryLater) || n == triesMax {
			return err
		}
		pause := l.ThinkTime.Draw(l.Rand())
		var refused *Refusal
		if errors.As(err, &refused) {
			pause = max(pause, refused.RetryAfter)
		}
		if err := l.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// enter tells that the visit's funnel begins; again for a second try it
// does not.
func (l *life) enter(op *simcity.Operation, funnel string) {
	if funnel != "" && funnel != l.entered {
		l.entered = funnel
		op.Learn(simcity.Fact{Kind: simcity.Entered, Of: funnelBooking, Holder: funnel})
	}
}

func (l *life) complete(op *simcity.Operation, funnel string) {
	if funnel != "" {
		op.Learn(simcity.Fact{Kind: simcity.Completed, Of: funnelBooking, Holder: funnel})
	}
}

// hold notes an accepted order.
func (l *life) hold(op *simcity.Operation, b Booking, o Order, seen []Slot) *claim {
	c := l.claimed(b, o, seen)
	l.claims = append(l.claims, c)
	l.learnHeld(op, c, o)
	return c
}

// pay confirms a hold.
func (l *life) pay(ctx context.Context, c *claim, o Order, funnel string) error {
	p := Payment{ID: c.ID, Token: l.PaymentToken, Key: l.key()}
	var charge Receipt
	err := l.persist(ctx, func(bool) error {
		return l.do(ctx, OpConfirm, c.ID, func(ctx context.Context, op *simcity.Operation) error {
			b, receipt, err := l.market.Confirm(ctx, l.User, p)
			if inDoubt(err) {
				l.suspect(op, simcity.Confirmed, c)
				l.suspect(op, simcity.Charged, c)
			}
			if err != nil {
				return err
			}
			charge = receipt
			l.paid(op, c, b, receipt, o)
			l.complete(op, funnel)
			return nil
		})
	})
	switch {
	case errors.Is(err, ErrPromo): // used up since it was booked
		l.usedPromo = true
		if gone := l.cancel(ctx, c, ""); ended(ctx, gone) {
			return gone
		}
		return err
	case err != nil:
		return err
	case l.chance(l.Habits.Repeat):
		return l.repeatPay(ctx, c, p, charge)
	}
	return nil
}

// paid tells what a confirmation means.
func (l *life) paid(op *simcity.Operation, c *claim, b Booking, charge Receipt, o Order) {
	l.update(op, c, b)
	op.Learn(l.fact(simcity.Confirmed, c))
	if charge == (Receipt{}) {
		charge.Cents = b.ChargedCents
	}
	if charge != (Receipt{}) {
		op.Learn(simcity.Fact{
			Kind: simcity.Charged, ID: c.ID, Holder: l.Citizen.ID(), Of: charge.ID, Amount: charge.Cents,
		})
	}
	if o.Promo != "" {
		l.usedPromo = true
		op.Learn(simcity.Fact{Kind: simcity.Redeemed, ID: c.ID, Holder: l.Citizen.ID(), Of: o.Promo})
	}
}
