package booking

import (
	"net/http"
	"time"
)

// move is the body of a reschedule or a proposal.
type move struct {
	Start string `json:"start"`
}

func (c *call) decodeMove() (to move, start time.Time, err error) {
	if err := c.decode(&to); err != nil {
		return to, start, err
	}
	start, err = startOf(to.Start)
	return to, start, err
}

// reschedule moves a booking to another start in one step. Moving to the
// start that the vendor proposed accepts the proposal; any other move of a
// paid booking asks the vendor again. A hold stays a hold.
func (a *App) reschedule(c *call) (reply, error) {
	to, start, err := c.decodeMove()
	if err != nil {
		return reply{}, err
	}
	return a.change(c, func(tx Tx) (reply, error) {
		b, err := c.booking(tx)
		if err != nil {
			return reply{}, err
		}
		if !b.Status.Live() || !c.now.Before(b.Start) {
			return reply{}, wrongState("a booking that is %s and starts at %s cannot be moved", b.Status, b.Start.Format(time.RFC3339))
		}
		moved, err := a.moveTo(tx, c, b, to, start)
		if err != nil {
			return reply{}, err
		}
		if !a.has(BugRescheduleIgnores) {
			if err := a.checkFree(tx, moved, c.now); err != nil {
				return reply{}, err
			}
		}
		if err := tx.PutBooking(moved); err != nil {
			return reply{}, err
		}
		return answerJSON(http.StatusOK, moved)
	})
}

// moveTo is the booking at its new start, not yet checked against others.
func (a *App) moveTo(tx Tx, c *call, b Booking, to move, start time.Time) (Booking, error) {
	b, err := a.at(tx, c, b, to, start)
	if err != nil {
		return b, err
	}
	switch {
	case b.Status == StatusHeld:
	case b.Status == StatusProposed && start.Equal(b.ProposedStart):
		b.Status = StatusConfirmed
	case b.Status != StatusRequested:
		b.Status, b.RequestedAt = StatusRequested, c.now
	}
	b.ProposedStart = time.Time{}
	return b, nil
}

// at is the booking with another start, if that is a slot.
func (a *App) at(tx Tx, c *call, b Booking, to move, start time.Time) (Booking, error) {
	o, err := a.findOffer(tx, b.Vendor, b.Service)
	if err != nil {
		return b, err
	}
	if err := o.check(start, c.now); err != nil {
		return b, err
	}
	b.Start, b.End = start, start.Add(o.service.Duration())
	if a.has(BugComparesText) {
		b.AsSent = spelling(b.Vendor, to.Start)
	}
	return b, nil
}
