package booking

import (
	"net/http"
	"time"
)

const bookPattern = "POST /api/bookings"

// order is the body of POST /api/bookings.
type order struct {
	Vendor  string `json:"vendor"`
	Service string `json:"service"`
	Start   string `json:"start"`
	Promo   string `json:"promo"`
}

// book holds a slot for the customer.
func (a *App) book(c *call) (reply, error) {
	var want order
	if err := c.decode(&want); err != nil {
		return reply{}, err
	}
	start, err := startOf(want.Start)
	if err != nil {
		return reply{}, err
	}
	if a.has(BugCheckThenInsert) {
		if err := a.checkFirst(c, want, start); err != nil {
			return reply{}, err
		}
	}
	return a.change(c, func(tx Tx) (reply, error) {
		b, err := a.hold(tx, c, want, start)
		if err != nil {
			return reply{}, err
		}
		return answerJSON(http.StatusCreated, b)
	})
}

// startOf reads a start. It comes with any offset and is one instant.
func startOf(text string) (time.Time, error) {
	start, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return start, badRequest("start must be RFC 3339, such as 2000-01-03T09:00:00Z")
	}
	return start.UTC(), nil
}

// hold inserts a booking if everything speaks for it.
func (a *App) hold(tx Tx, c *call, want order, start time.Time) (Booking, error) {
	b, err := a.draft(tx, c, want, start)
	if err != nil {
		return b, err
	}
	if err := a.checkQuota(tx, b.Customer, c.now); err != nil {
		return b, err
	}
	if !a.has(BugCheckThenInsert) || !b.Exclusive() {
		if err := a.checkFree(tx, b, c.now); err != nil {
			return b, err
		}
	}
	if b.FeeCents, err = a.fee(tx, b); err != nil {
		return b, err
	}
	if b.ID, err = tx.NextID(SequenceBooking); err != nil {
		return b, err
	}
	return b, tx.PutBooking(b)
}

// draft is the booking that an order asks for, not yet checked against others.
func (a *App) draft(tx Tx, c *call, want order, start time.Time) (Booking, error) {
	o, err := a.findOffer(tx, want.Vendor, want.Service)
	if err != nil {
		return Booking{}, err
	}
	if err := o.check(start, c.now); err != nil {
		return Booking{}, err
	}
	b := Booking{
		Vendor: o.vendor.Handle, Service: o.service.ID, Customer: c.account.id,
		Start: start, End: start.Add(o.service.Duration()),
		Status: StatusHeld, CreatedAt: c.now, ExpiresAt: c.now.Add(a.config.HoldTTL),
		Promo: want.Promo, Capacity: o.service.Capacity,
	}
	if a.has(BugComparesText) {
		b.AsSent = spelling(want.Vendor, want.Start)
	}
	return b, nil
}

func (a *App) checkQuota(tx Tx, customer string, now time.Time) error {
	if a.has(BugNoQuota) {
		return nil
	}
	n, err := tx.CountLive(customer, now)
	if err != nil {
		return err
	}
	if n >= a.config.MaxActiveBookings {
		return quotaExceeded("you have %d live bookings; that is the limit", n)
	}
	return nil
}

// checkFirst is BugCheckThenInsert: by the time of the insert, what it found
// free may be taken.
func (a *App) checkFirst(c *call, want order, start time.Time) error {
	return a.view(c, func(tx Tx) error {
		if again, err := replay(tx, a.keyOf(c), c.body); err != nil || again.replayed {
			return err
		}
		b, err := a.draft(tx, c, want, start)
		if err != nil {
			return err
		}
		return a.checkFree(tx, b, c.now)
	})
}
