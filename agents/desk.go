package agents

import (
	"context"
	"errors"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// desk is one vendor's state.
type desk struct {
	operator
	Vendor
	listing Listing
	waiting []request
	seeking seeking
}

// request is an entry of the inbox that the vendor means to answer at due.
type request struct {
	id    string
	asked time.Time // moving a booking asks again
	due   time.Time
}

var vendorLines = []string{
	"We look forward to seeing you.",
	"Please come five minutes early.",
	"Sorry, it is a busy day.",
}

// closing is when the desk closes: today, or when the vendor leaves.
func (d *desk) closing(leaves time.Time) time.Time {
	hours := d.Policies().VendorOpenHours
	closes := d.Now().UTC().Truncate(24 * time.Hour).Add(time.Duration(hours.To) * time.Hour)
	if !leaves.IsZero() && leaves.Before(closes) {
		return leaves
	}
	return closes
}

// work looks into the inbox and answers what is due. Near closing everything
// is.
func (d *desk) work(ctx context.Context, closing time.Time) error {
	if !d.Policies().VendorOpenHours.Contains(d.Now()) {
		return nil
	}
	requests, err := d.look(ctx)
	if err != nil {
		if errors.Is(err, ErrUnsupported) {
			return err
		}
		return only(ctx, err)
	}
	last := d.Now().Add(d.Tick() * 3 / 2).After(closing)
	d.schedule(requests)
	for i, b := range requests {
		if !last && d.waiting[i].due.After(d.Now()) {
			continue
		}
		if err := d.answer(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// look reads the inbox and tells whose bookings it was shown.
func (d *desk) look(ctx context.Context) (requests []Booking, err error) {
	err = d.do(ctx, OpInbox, "", func(ctx context.Context, op *simcity.Operation) error {
		if requests, err = d.market.Inbox(ctx, d.User); err != nil {
			return err
		}
		for _, b := range requests {
			if d.knows(b) {
				continue
			}
			fact := simcity.Fact{Kind: simcity.Saw, ID: b.ID, Holder: d.ID(), Of: d.ID()}
			if b.Vendor != "" && b.Vendor != d.listing.Vendor {
				fact.Of = b.Vendor
			}
			op.Learn(fact)
		}
		return nil
	})
	return requests, err
}

func (d *desk) knows(b Booking) bool {
	for _, w := range d.waiting {
		if w.id == b.ID {
			return true
		}
	}
	return false
}

// schedule gives every request its due time and forgets those that are gone.
// The result has the order of requests.
func (d *desk) schedule(requests []Booking) {
	before := d.waiting
	d.waiting = make([]request, len(requests))
	for i, b := range requests {
		d.waiting[i] = request{id: b.ID, asked: b.RequestedAt}
		known := false
		for _, w := range before {
			if w.id == b.ID && w.asked.Equal(b.RequestedAt) {
				d.waiting[i].due, known = w.due, true
				break
			}
		}
		if !known {
			d.waiting[i].due = d.due(b)
		}
	}
}

// due draws when a new request is answered: some time after it was asked, two
// ticks before its slot begins at the latest. What was asked while the desk was
// closed waits from the opening.
func (d *desk) due(b Booking) time.Time {
	now := d.Now()
	asked := b.RequestedAt
	if asked.IsZero() || asked.After(now) {
		asked = now
	}
	hours := d.Policies().VendorOpenHours
	if opened := now.UTC().Truncate(24 * time.Hour).Add(time.Duration(hours.From) * time.Hour); asked.Before(opened) {
		asked = opened
	}
	due := asked.Add(min(d.ResponseTime.Draw(d.Rand()), d.ResponseMax))
	if last := b.Start.Add(-2 * d.Tick()); !b.Start.IsZero() && last.Before(due) {
		return last
	}
	return due
}

// answer decides one request.
func (d *desk) answer(ctx context.Context, b Booking) error {
	if err := d.Sleep(ctx, ThinkTime{Median: 5 * time.Second, Sigma: 0.5}.Draw(d.Rand())); err != nil {
		return err
	}
	if err := d.say(ctx, b.ID, vendorLines); err != nil {
		return err
	}
	declines, proposes := d.Decline, d.Propose
	if d.character.Strict {
		declines, proposes = declines+proposes/2, proposes/2
	}
	switch drawn := d.Rand().Float64(); {
	case drawn < declines:
		return only(ctx, d.decline(ctx, b))
	case drawn < declines+proposes:
		err := d.propose(ctx, b)
		if err == nil || ended(ctx, err) {
			return err
		}
	}
	return only(ctx, d.accept(ctx, b))
}

func (d *desk) answered(op *simcity.Operation, b Booking) {
	op.Learn(simcity.Fact{Kind: simcity.Answered, ID: b.ID, Holder: d.listing.Vendor})
}

func (d *desk) accept(ctx context.Context, b Booking) error {
	return d.do(ctx, OpAccept, b.ID, func(ctx context.Context, op *simcity.Operation) error {
		_, err := d.market.Accept(ctx, d.User, b.ID)
		if err == nil {
			d.answered(op, b)
		}
		return err
	})
}

// decline refuses. That the fee came back is for the customer to tell.
func (d *desk) decline(ctx context.Context, b Booking) error {
	err := d.turnDown(ctx, b)
	var refused *Refusal
	if errors.As(err, &refused) && !errors.Is(err, ErrTryLater) {
		if unseen := d.see(ctx, b); ended(ctx, unseen) {
			return unseen
		}
	}
	return err
}

func (d *desk) turnDown(ctx context.Context, b Booking) error {
	return d.do(ctx, OpDecline, b.ID, func(ctx context.Context, op *simcity.Operation) error {
		after, _, err := d.market.Decline(ctx, d.User, b.ID)
		if err != nil && !inDoubt(err) {
			return err
		}
		if err == nil {
			d.answered(op, b)
		}
		d.learnReleased(op, b, after)
		return err
	})
}

// see is for a request whose declining was refused: perhaps the network has
// delivered that before, and the place is given back already.
func (d *desk) see(ctx context.Context, b Booking) error {
	return d.do(ctx, OpSee, b.ID, func(ctx context.Context, op *simcity.Operation) error {
		after, err := d.market.See(ctx, d.User, b.ID)
		if err == nil && after.Status.Final() {
			d.learnReleased(op, b, after)
		}
		return err
	})
}

func (d *desk) learnReleased(op *simcity.Operation, b, after Booking) {
	capacity := d.capacity(b.Service)
	if after.Start.IsZero() {
		after = b
	}
	op.Learn(simcity.Fact{
		Kind: simcity.Released, ID: b.ID, Resource: resource(d.listing.Vendor, b.Service, capacity),
		Start: after.Start, End: after.End, Capacity: capacity,
	})
}

func (d *desk) capacity(service string) int {
	for _, s := range d.listing.Services {
		if s.ID == service {
			return s.Capacity
		}
	}
	return 0
}

// errNothingFree says that there is no other time to propose.
var errNothingFree = errors.New("agents: nothing free")

// propose offers the first free slot within a day after the wanted one.
func (d *desk) propose(ctx context.Context, b Booking) error {
	var slots []Slot
	w := Window{Vendor: d.listing.Vendor, Service: b.Service, From: b.Start.Add(time.Second), To: b.Start.Add(24 * time.Hour)}
	err := d.do(ctx, OpSlots, b.ID, func(ctx context.Context, _ *simcity.Operation) (err error) {
		slots, err = d.market.Slots(ctx, d.User, w)
		return err
	})
	if err != nil {
		return err
	}
	if len(slots) == 0 {
		return errNothingFree
	}
	m := Move{ID: b.ID, Start: slots[0].Start, Sent: slots[0].Start.UTC().Format(time.RFC3339)}
	return d.do(ctx, OpPropose, b.ID+" "+m.Sent, func(ctx context.Context, op *simcity.Operation) error {
		_, err := d.market.Propose(ctx, d.User, m)
		if err == nil {
			d.answered(op, b)
		}
		return err
	})
}

// rest lets time pass until the next look: a tick within open hours, otherwise
// until the next opening, an hour at a time since the policies may change.
func (d *desk) rest(ctx context.Context, closing time.Time) error {
	hours := d.Policies().VendorOpenHours
	now := d.Now()
	pause := about(d.Rand(), d.Tick())
	if hours.Contains(now) {
		return d.idle(ctx, pause)
	}
	opening := nextOpening(now, hours)
	if left := closing.Sub(now); left > 0 && closing.Before(opening) {
		return d.idle(ctx, min(left, time.Hour)) // it leaves before it opens again
	}
	wait := opening.Add(pause / 10).Sub(now)
	return d.idle(ctx, min(wait, time.Hour))
}
