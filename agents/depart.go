package agents

import (
	"context"
	"slices"

	"github.com/bookiji/simcity/simcity"
)

// depart ends a life: the customer looks at all its bookings and at what the
// app says it paid. If an operation of its own is in doubt, so is what the
// ledger should say, and it does not report.
func (l *life) depart(ctx context.Context) error {
	if err := l.review(ctx); err != nil {
		return only(ctx, err)
	}
	if l.doubtful {
		return nil
	}
	return only(ctx, l.report(ctx))
}

// review reads the list of own bookings.
func (l *life) review(ctx context.Context) error {
	err := l.do(ctx, OpMine, "", func(ctx context.Context, op *simcity.Operation) error {
		list, err := l.market.Mine(ctx, l.User)
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
	return only(ctx, err)
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
