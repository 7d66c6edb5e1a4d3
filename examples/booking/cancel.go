package booking

import (
	"net/http"
	"time"
)

// refunded is what a cancellation or refusal answers.
type refunded struct {
	Booking Booking  `json:"booking"`
	Refund  *receipt `json:"refund"` // null when nothing is paid back
}

// cancel calls a booking off that has not begun and pays the fee back. Either
// side may.
func (a *App) cancel(c *call) (reply, error) {
	if err := c.empty(); err != nil {
		return reply{}, err
	}
	var gone Booking
	out, err := a.change(c, func(tx Tx) (reply, error) {
		b, err := c.booking(tx)
		if err != nil {
			return reply{}, err
		}
		if !b.Status.Live() || !c.now.Before(b.Start) {
			return reply{}, wrongState("a booking that is %s and starts at %s cannot be cancelled", b.Status, b.Start.Format(time.RFC3339))
		}
		paidBack, err := a.payBack(tx, &b, c.now)
		if err != nil {
			return reply{}, err
		}
		b.finish(StatusCancelled, c.now)
		gone = b
		if err := tx.PutBooking(b); err != nil {
			return reply{}, err
		}
		return answerJSON(http.StatusOK, refunded{b, receiptOf(paidBack)})
	})
	if err == nil && a.has(BugRefusesCancelled) && !out.replayed {
		a.cancelled.add(gone)
	}
	return out, err
}

// payBack refunds what a cancelled booking was charged.
func (a *App) payBack(tx Tx, b *Booking, now time.Time) (Entry, error) {
	if a.has(BugForgetsRefund) && !a.config.NoRefunds && b.ChargedCents > b.RefundedCents {
		return draftEntry(tx, b, KindRefund, SequenceRefund, b.ChargedCents-b.RefundedCents, now)
	}
	return a.refund(tx, b, now)
}

// refund pays back what a booking was charged, unless this shop does not.
func (a *App) refund(tx Tx, b *Booking, now time.Time) (Entry, error) {
	if a.config.NoRefunds {
		return Entry{}, nil
	}
	return refund(tx, b, now)
}
