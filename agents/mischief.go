package agents

import (
	"context"
	"errors"
	"fmt"

	"github.com/bookiji/simcity/simcity"
)

// What people do that a correct app takes calmly: sending things twice, in
// another spelling, for something that does not exist, or without end.

// repeatBook sends an order again that was accepted.
func (l *life) repeatBook(ctx context.Context, c *claim, o Order) error {
	if err := l.think(ctx); err != nil {
		return err
	}
	err := l.do(ctx, OpBook, o.input()+" (repeated)", func(ctx context.Context, op *simcity.Operation) error {
		b, err := l.market.Book(ctx, l.User, o)
		l.learnRepeated(op, o.Key, "booking", c.ID, b.ID, err)
		switch {
		case inDoubt(err):
			l.suspectHeld(op, o)
		case err == nil && b.ID != c.ID:
			l.hold(op, b, o, nil) // one more, whatever the key says
		}
		return err
	})
	return only(ctx, err)
}

// repeatPay sends a confirmation again that was accepted.
func (l *life) repeatPay(ctx context.Context, c *claim, p Payment, first Receipt) error {
	if err := l.think(ctx); err != nil {
		return err
	}
	err := l.do(ctx, OpConfirm, c.ID+" (repeated)", func(ctx context.Context, op *simcity.Operation) error {
		_, again, err := l.market.Confirm(ctx, l.User, p)
		l.learnRepeated(op, p.Key, "charge", first.ID, again.ID, err)
		if inDoubt(err) {
			l.suspect(op, simcity.Confirmed, c)
			l.suspect(op, simcity.Charged, c)
		}
		if err == nil && again != (Receipt{}) && again.ID != first.ID {
			op.Learn(simcity.Fact{
				Kind: simcity.Charged, ID: c.ID, Holder: l.Citizen.ID(), Of: again.ID, Amount: again.Cents,
			})
		}
		return err
	})
	return only(ctx, err)
}

// learnRepeated compares the answer of a retry with the first. No answer, or
// "try later", is not an answer that could differ.
func (l *life) learnRepeated(op *simcity.Operation, key, what, first, again string, err error) {
	if err != nil && (inDoubt(err) || errors.Is(err, ErrTryLater) || errors.Is(err, ErrUnsupported)) {
		return
	}
	fact := simcity.Fact{Kind: simcity.Repeated, ID: key, Holder: l.Citizen.ID(), Same: err == nil && first == again}
	switch {
	case err != nil:
		fact.Detail = fmt.Sprintf("first %s %s, then: %v", what, first, err)
	case !fact.Same:
		fact.Detail = fmt.Sprintf("first %s %s, then %s", what, first, again)
	}
	op.Learn(fact)
}

// twice orders in plain spelling what this traveller has just got in its own.
func (l *life) twice(ctx context.Context, s Slot) error {
	if err := l.think(ctx); err != nil {
		return err
	}
	if err := l.refresh(ctx); err != nil {
		return only(ctx, err)
	}
	o := l.plainOrder(s)
	err := l.do(ctx, OpBook, o.input()+" (again)", func(ctx context.Context, op *simcity.Operation) error {
		b, err := l.market.Book(ctx, l.User, o)
		switch {
		case errors.Is(err, ErrTaken):
			l.refusedAs(op, "", s, o.spelling())
		case inDoubt(err):
			l.suspectHeld(op, o)
		case err == nil:
			l.hold(op, b, o, nil)
		}
		return err
	})
	return only(ctx, err)
}

// mistype orders something that does not exist.
func (l *life) mistype(ctx context.Context, listing Listing, s Slot) error {
	if err := l.think(ctx); err != nil {
		return err
	}
	o := l.plainOrder(s)
	wrong := &o.Vendor
	if l.chance(0.5) && len(listing.Services) > 0 {
		wrong = &o.Slot.Service
	}
	*wrong += "-nowhere"
	err := l.do(ctx, OpBookUnknown, o.input(), func(ctx context.Context, op *simcity.Operation) error {
		b, err := l.market.Book(ctx, l.User, o)
		switch {
		case err == nil:
			op.Learn(simcity.Fact{Kind: simcity.Referred, ID: b.ID, Of: *wrong, Holder: l.Citizen.ID()})
		case errors.Is(err, ErrRefused):
			op.Output = "refused, as it should be"
		}
		return err
	})
	return only(ctx, err)
}

// collect books slots one after the other until the app refuses, pays for the
// first, and lets the others lapse.
func (l *life) collect(ctx context.Context, slots []Slot) error {
	var first *claim
	var order Order
	got := 0
	for i := 0; i < len(slots) && got < l.CollectMax; i++ {
		if i > 0 && slots[i].Start.Before(slots[i-1].End) && slots[i].Exclusive() {
			continue
		}
		if err := l.Sleep(ctx, l.ThinkTime.Draw(l.Rand())/2); err != nil {
			return err
		}
		o := l.plainOrder(slots[i])
		c, err := l.book(ctx, o, slots, "")
		if ended(ctx, err) {
			return err
		}
		if err != nil && !errors.Is(err, ErrTaken) {
			break // enough, says the app
		}
		if err == nil {
			got++
			if first == nil {
				first, order = c, o
			}
		}
	}
	if first == nil {
		return nil
	}
	if first.unpaid() {
		if err := l.pay(ctx, first, order, ""); err != nil {
			return only(ctx, err)
		}
	}
	return l.follow(ctx, first)
}
