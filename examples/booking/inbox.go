package booking

import (
	"net/http"
	"slices"
	"time"
)

// inbox answers GET /api/vendor/inbox: the requests that await the vendor,
// oldest first.
func (a *App) inbox(c *call) (reply, error) {
	var open []Booking
	err := a.viewOwn(c, func(tx Tx) error {
		handle, err := c.party(tx)
		if err != nil {
			return err
		}
		open, err = tx.Inbox(handle, listMax)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	if a.has(BugLateInbox) {
		open = slices.DeleteFunc(open, func(b Booking) bool { return c.now.Sub(b.RequestedAt) < 3*time.Hour })
	}
	return answerJSON(http.StatusOK, struct {
		Requests []Booking `json:"requests"`
	}{notNil(open)})
}

// accept confirms a request.
func (a *App) accept(c *call) (reply, error) {
	return a.answerRequest(c, true, func(_ Tx, b *Booking) (any, error) {
		b.Status, b.ProposedStart = StatusConfirmed, time.Time{}
		return b, nil
	})
}

// decline refuses a request and pays the fee back.
func (a *App) decline(c *call) (reply, error) {
	return a.answerRequest(c, false, func(tx Tx, b *Booking) (any, error) {
		paidBack, err := a.refund(tx, b, c.now)
		b.finish(StatusDeclined, c.now)
		return refunded{*b, receiptOf(paidBack)}, err
	})
}

// answerRequest lets the vendor decide a request that has not begun, and
// keeps its rating.
func (a *App) answerRequest(c *call, accepted bool, decide func(Tx, *Booking) (any, error)) (reply, error) {
	if err := c.empty(); err != nil {
		return reply{}, err
	}
	var rated string
	out, err := a.change(c, func(tx Tx) (reply, error) {
		b, err := c.request(tx)
		if err != nil {
			return reply{}, err
		}
		answer, err := decide(tx, &b)
		if err != nil {
			return reply{}, err
		}
		if err := tx.PutBooking(b); err != nil {
			return reply{}, err
		}
		if rated, err = rate(tx, b.Vendor, accepted); err != nil {
			return reply{}, err
		}
		return answerJSON(http.StatusOK, answer)
	})
	if err == nil && rated != "" {
		a.refresher.mark(rated)
	}
	return out, err
}

// request reads a booking that awaits this vendor's answer.
func (c *call) request(tx Tx) (Booking, error) {
	b, err := c.booking(tx)
	if err != nil {
		return b, err
	}
	if b.Status != StatusRequested && b.Status != StatusProposed {
		return b, wrongState("the booking is %s and awaits no answer", b.Status)
	}
	if !c.now.Before(b.Start) {
		return b, wrongState("the slot has begun")
	}
	return b, nil
}

// rate counts a vendor's answer. It returns the city whose searches show
// another rating now, or "".
func rate(tx Tx, handle string, accepted bool) (city string, err error) {
	v, err := tx.Vendor(handle)
	if err != nil {
		return "", missing(err, "vendor "+handle)
	}
	if v.answered(accepted) {
		city = v.City
	}
	return city, tx.PutVendor(v)
}

// propose offers the customer another start. It is free when proposed but not
// kept: who reschedules first has it.
func (a *App) propose(c *call) (reply, error) {
	to, start, err := c.decodeMove()
	if err != nil {
		return reply{}, err
	}
	return a.change(c, func(tx Tx) (reply, error) {
		b, err := c.request(tx)
		if err != nil {
			return reply{}, err
		}
		there, err := a.at(tx, c, b, to, start)
		if err != nil {
			return reply{}, err
		}
		if err := a.checkFree(tx, there, c.now); err != nil {
			return reply{}, err
		}
		b.Status, b.ProposedStart = StatusProposed, start
		if err := tx.PutBooking(b); err != nil {
			return reply{}, err
		}
		return answerJSON(http.StatusOK, b)
	})
}
