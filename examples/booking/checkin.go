package booking

import (
	"net/http"
	"time"
)

// Check-in is open from an hour before the start until the customer counts
// as not having come.
const (
	checkInEarliest = time.Hour
	noShowAfter     = 30 * time.Minute
)

// checkIn notes that the customer came. Either side may; doing it again
// changes nothing.
func (a *App) checkIn(c *call) (reply, error) {
	if err := c.empty(); err != nil {
		return reply{}, err
	}
	return a.change(c, func(tx Tx) (reply, error) {
		b, err := c.booking(tx)
		if err != nil {
			return reply{}, err
		}
		if b.Status != StatusConfirmed {
			return reply{}, wrongState("the booking is %s, not confirmed", b.Status)
		}
		if b.CheckedInAt.IsZero() {
			if c.now.Before(b.Start.Add(-checkInEarliest)) || !c.now.Before(b.Start.Add(noShowAfter)) {
				return reply{}, wrongState("check-in is open from an hour before until 30 minutes after %s", b.Start.Format(time.RFC3339))
			}
			b.CheckedInAt = c.now
			if err := tx.PutBooking(b); err != nil {
				return reply{}, err
			}
		}
		return answerJSON(http.StatusOK, b)
	})
}

// settle decides what becomes of a booking whose slot has begun, which may be
// nothing yet. A request that the vendor left unanswered is declined, which
// pays the fee back and may move the rating in the city it returns.
func (a *App) settle(tx Tx, b Booking, now time.Time) (rated string, err error) {
	switch {
	case b.Status == StatusRequested || b.Status == StatusProposed:
		if _, err := a.refund(tx, &b, now); err != nil {
			return "", err
		}
		b.finish(StatusDeclined, now)
		if rated, err = rate(tx, b.Vendor, false); err != nil {
			return "", err
		}
	case !b.CheckedInAt.IsZero() && !now.Before(b.End):
		b.finish(StatusCompleted, now)
	case b.CheckedInAt.IsZero() && !now.Before(b.Start.Add(noShowAfter)):
		b.finish(StatusNoShow, now)
	default:
		return "", nil
	}
	return rated, tx.PutBooking(b)
}
