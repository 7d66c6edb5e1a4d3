package agents

import (
	"github.com/bookiji/simcity/simcity"
)

// claim is one booking of a customer, as far as the customer knows.
type claim struct {
	Booking
	capacity int
	seen     []Slot // what the list showed when it was chosen
	released bool
	refunded int64 // cents that facts tell of
	looks    int   // left for looking at it later
}

func (c *claim) live() bool { return !c.released && !c.Status.Final() }

// unpaid tells whether the claim lapses unless it is confirmed.
func (c *claim) unpaid() bool {
	return c.Status == StatusHeld || c.Status == "" && !c.ExpiresAt.IsZero()
}

// spelling is how a move to a start is written: the vendor is not named.
func (c *claim) spelling(start string) string { return c.resource() + " " + start }

func (c *claim) resource() string { return resource(c.Vendor, c.Service, c.capacity) }

// fact is a statement on the claim by its holder.
func (l *life) fact(kind simcity.FactKind, c *claim) simcity.Fact {
	return simcity.Fact{
		Kind: kind, ID: c.ID, Resource: c.resource(), Holder: l.Citizen.ID(),
		Start: c.Start, End: c.End, Capacity: c.capacity,
	}
}

// An operation that went unanswered may have had its effect. It says what that
// would have been, so that rules know what is in doubt and judge all the rest;
// its outcome, Failed, says that it is no more than possible. Reads have no
// effect and say again what is known.

// suspect tells what an unanswered operation may have done to a claim.
func (l *life) suspect(op *simcity.Operation, kind simcity.FactKind, c *claim) {
	l.doubtful = l.doubtful || kind == simcity.Charged || kind == simcity.Refunded
	op.Learn(l.fact(kind, c))
}

// suspectHeld tells what an unanswered order may have claimed.
func (l *life) suspectHeld(op *simcity.Operation, o Order) {
	op.Learn(simcity.Fact{
		Kind: simcity.Held, Resource: o.Slot.Resource(), Spelling: o.spelling(), Holder: l.Citizen.ID(),
		Start: o.Slot.Start, End: o.Slot.End, Capacity: o.Slot.Capacity,
	})
}

// claimed is what an accepted order makes. The app's own words count; what it
// leaves out is as ordered.
func (l *life) claimed(b Booking, o Order, seen []Slot) *claim {
	orElse(&b.Vendor, o.Slot.Vendor)
	orElse(&b.Service, o.Slot.Service)
	if b.Start.IsZero() {
		b.Start = o.Slot.Start
	}
	if b.End.IsZero() {
		b.End = b.Start.Add(o.Slot.End.Sub(o.Slot.Start))
	}
	return &claim{Booking: b, capacity: o.Slot.Capacity, seen: seen, looks: 2}
}

// learnHeld tells that a claim was acknowledged.
func (l *life) learnHeld(op *simcity.Operation, c *claim, o Order) {
	held := l.fact(simcity.Held, c)
	held.Spelling, held.Until = o.spelling(), c.ExpiresAt
	op.Learn(held)
	if !c.unpaid() { // an app without holds
		op.Learn(l.fact(simcity.Confirmed, c))
	}
	if c.Status == StatusRequested {
		op.Learn(simcity.Fact{Kind: simcity.Asked, ID: c.ID, Holder: c.Vendor})
	}
}

// update takes over what the app says of a claim and tells what is new.
func (l *life) update(op *simcity.Operation, c *claim, b Booking) {
	l.updateAs(op, c, b, "")
}

// updateAs is update after a move to a start that was spelled.
func (l *life) updateAs(op *simcity.Operation, c *claim, b Booking, spelling string) {
	start := b.Start
	if start.IsZero() {
		start = c.Start
	}
	end := b.End
	if end.IsZero() {
		end = start.Add(c.End.Sub(c.Start))
	}
	asked := b.Status == StatusRequested &&
		(c.Status != StatusRequested && b.RequestedAt.IsZero() || b.RequestedAt.After(c.RequestedAt))
	moved := !start.Equal(c.Start)
	vendor, service := c.Vendor, c.Service
	c.Booking = b
	c.Vendor, c.Service, c.Start, c.End = vendor, service, start, end
	if moved {
		fact := l.fact(simcity.Moved, c)
		fact.Spelling = spelling
		op.Learn(fact)
	}
	if asked {
		op.Learn(simcity.Fact{Kind: simcity.Asked, ID: c.ID, Holder: c.Vendor})
	}
	if b.Status.Final() { // a no-show too: the app does not count it any more
		l.learnReleased(op, c)
	}
	l.learnRefunded(op, c, b.RefundedCents-c.refunded, "")
}

func (l *life) learnReleased(op *simcity.Operation, c *claim) {
	if !c.released {
		c.released = true
		op.Learn(l.fact(simcity.Released, c))
	}
}

// learnRefunded tells of cents that came back and were not told of yet.
func (l *life) learnRefunded(op *simcity.Operation, c *claim, cents int64, payment string) {
	if cents <= 0 {
		return
	}
	c.refunded += cents
	op.Learn(simcity.Fact{
		Kind: simcity.Refunded, ID: c.ID, Holder: l.Citizen.ID(), Of: payment, Amount: cents,
	})
}

// refusedAs tells that a slot was refused as taken. id is the claim that was
// to be moved there, or empty.
func (l *life) refusedAs(op *simcity.Operation, id string, s Slot, spelling string) {
	op.Learn(simcity.Fact{
		Kind: simcity.Refused, ID: id, Resource: s.Resource(), Spelling: spelling, Holder: l.Citizen.ID(),
		Start: s.Start, End: s.End, Capacity: s.Capacity,
	})
}
