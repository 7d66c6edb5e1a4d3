package agents

import (
	"context"
	"slices"

	"github.com/bookiji/simcity/simcity"
)

// payTorn pays for a hold on one device and cancels it on another at the same
// time. Whichever the app lets go first, both deserve an answer. A visit that ends
// by the customer's own cancelling has completed its funnel: the app did not lose
// it.
func (l *life) payTorn(ctx context.Context, c *claim, o Order, funnel string) error {
	payer, canceller := *c, *c
	var paying, cancelling life
	var paid, cancelled error
	err := l.Together(ctx,
		func(ctx context.Context, device *simcity.Citizen) error {
			paying = l.on(device)
			paid = paying.pay(ctx, &payer, o, funnel)
			return only(ctx, paid)
		},
		func(ctx context.Context, device *simcity.Citizen) error {
			cancelling = l.on(device)
			cancelled = cancelling.cancel(ctx, &canceller, funnel)
			return only(ctx, cancelled)
		})
	if err != nil {
		return err
	}
	l.usedPromo = l.usedPromo || paying.usedPromo
	l.doubtful = l.doubtful || paying.doubtful || cancelling.doubtful
	switch {
	case cancelled == nil:
		*c = canceller
	case paid == nil:
		*c = payer
	}
	c.released = payer.released || canceller.released // told by either is told
	c.refunded = max(payer.refunded, canceller.refunded)
	return paid
}

// on is the customer at a device: it knows what the customer knows, and signs in
// nowhere.
func (l *life) on(device *simcity.Citizen) life {
	user, there := *l.User, *l
	user.Citizen = device
	there.User = &user
	there.lacks, there.claims, there.agenda = slices.Clip(l.lacks), slices.Clip(l.claims), slices.Clip(l.agenda)
	return there
}
