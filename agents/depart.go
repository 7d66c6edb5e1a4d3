package agents

import (
	"context"
	"errors"
	"slices"

	"github.com/bookiji/simcity/simcity"
)

// depart ends a life: the customer looks at all its bookings and at what the
// app says it paid. If a payment of its own went unanswered, nobody knows what
// the ledger should say, and it does not report.
func (l *life) depart(ctx context.Context) error {
	if err := l.review(ctx); ended(ctx, err) {
		return err
	}
	if l.doubtful {
		return nil
	}
	return only(ctx, l.report(ctx))
}

// refreshFrom is how many live bookings a customer has before it looks at all
// of them first, when it books another one.
const refreshFrom = 2

// refresh finds out what became of own bookings without the customer's doing
// (a request that nobody answered, an appointment it did not keep). Otherwise
// it would take for live what the app does not, and its next booking for one
// more than allowed.
func (l *life) refresh(ctx context.Context) error {
	live := 0
	for _, c := range l.claims {
		if c.live() && !(c.unpaid() && !l.Now().Before(c.ExpiresAt)) {
			live++
		}
	}
	if live < refreshFrom {
		return nil
	}
	err := l.insist(ctx, func() error { return l.review(ctx) })
	if errors.Is(err, ErrUnsupported) {
		return nil
	}
	return err
}

// review reads the list of own bookings, if there are any.
func (l *life) review(ctx context.Context) error {
	if len(l.claims) == 0 {
		return nil
	}
	return l.do(ctx, OpMine, "", func(ctx context.Context, op *simcity.Operation) error {
		list, err := l.market.Mine(ctx, l.User)
		if inDoubt(err) {
			l.suspect(op, simcity.Confirmed, l.claims[0])
		}
		if err != nil {
			return err
		}
		op.Facts = slices.Grow(op.Facts, len(list))
		for _, b := range list {
			op.Learn(l.saw(b))
			i := slices.IndexFunc(l.claims, func(c *claim) bool { return c.ID == b.ID })
			if i >= 0 {
				l.update(op, l.claims[i], b)
			}
		}
		return nil
	})
}

// saw tells whose the booking is that the customer was shown.
func (l *life) saw(b Booking) simcity.Fact {
	fact := simcity.Fact{Kind: simcity.Saw, ID: b.ID, Holder: l.Citizen.ID(), Of: l.Citizen.ID()}
	if b.Customer != "" && l.Account != "" && b.Customer != l.Account {
		fact.Of = b.Customer
	}
	return fact
}

// report reads the ledger. Refunds that came since the customer last looked
// are known from its entries.
func (l *life) report(ctx context.Context) error {
	return l.do(ctx, OpLedger, "", func(ctx context.Context, op *simcity.Operation) error {
		s, err := l.market.Ledger(ctx, l.User)
		if inDoubt(err) {
			op.Learn(simcity.Fact{Kind: simcity.Reported, Of: "charged", Holder: l.Citizen.ID()})
		}
		if err != nil {
			return err
		}
		for _, c := range l.claims {
			var refunded int64
			var last string
			for _, e := range s.Entries {
				if e.Booking == c.ID && e.Kind == "refund" {
					refunded += e.Cents
					last = e.ID
				}
			}
			l.learnRefunded(op, c, refunded-c.refunded, last)
		}
		holder := l.Citizen.ID()
		op.Learn(
			simcity.Fact{Kind: simcity.Reported, Of: "charged", Holder: holder, Amount: s.ChargedCents},
			simcity.Fact{Kind: simcity.Reported, Of: "refunded", Holder: holder, Amount: s.RefundedCents},
		)
		return nil
	})
}
