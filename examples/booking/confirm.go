package booking

import (
	"net/http"
	"time"
)

const confirmPattern = "POST /api/bookings/{id}/confirm"

// declinedToken is a payment token whose charge is always refused.
const declinedToken = "tok_declined"

// payment is the body of a confirmation.
type payment struct {
	PaymentToken string `json:"paymentToken"`
}

// receipt says what was charged or refunded.
type receipt struct {
	ID    string `json:"id"`
	Cents int    `json:"cents"`
}

func receiptOf(e Entry) *receipt {
	if e.ID == "" {
		return nil
	}
	return &receipt{e.ID, e.Cents}
}

// confirm charges the fee and asks the vendor. State, promo, charge and
// request change in one step, so that a cancellation comes before or after.
func (a *App) confirm(c *call) (reply, error) {
	var with payment
	if err := c.decode(&with); err != nil {
		return reply{}, err
	}
	if with.PaymentToken == "" {
		return reply{}, badRequest("paymentToken is missing")
	}
	paid := false
	if a.has(BugCancelRacesPay) {
		var err error
		if paid, err = a.payFirst(c); err != nil {
			return reply{}, err
		}
	}
	// Asked before, because a transaction waits for nobody. No money moves yet.
	approved, err := a.payments.Authorize(c.Context(), with.PaymentToken)
	if err != nil {
		return reply{}, err
	}
	var charged Entry
	out, err := a.change(c, func(tx Tx) (reply, error) {
		b, err := c.booking(tx)
		if err != nil {
			return reply{}, err
		}
		if paid && b.Status == StatusCancelled {
			return reply{}, errInternal
		}
		var answer reply
		answer, charged, err = a.request(tx, c, b, approved)
		return answer, err
	})
	if err == nil && !out.replayed {
		a.capture(c, charged)
	}
	return out, err
}

// capture has the provider take the money. The charge stands in any case: that
// it is not settled shows in the metrics.
func (a *App) capture(c *call, charged Entry) {
	if err := a.payments.Capture(c.Context(), charged); err != nil {
		a.config.Logger.Error("a charge was not captured", "charge", charged.ID, "error", err)
	}
}

// request turns a hold into a request to the vendor.
func (a *App) request(tx Tx, c *call, b Booking, approved bool) (reply, Entry, error) {
	if b.Status != StatusHeld {
		return reply{}, Entry{}, wrongState("the booking is %s, not held", b.Status)
	}
	if !c.now.Before(b.Start) {
		return reply{}, Entry{}, wrongState("the slot has begun")
	}
	if a.loses() || !approved {
		return reply{}, Entry{}, errDeclined
	}
	var err error
	if b.FeeCents, err = a.fee(tx, b); err != nil {
		return reply{}, Entry{}, err
	}
	if b.Promo != "" {
		if err := tx.UsePromo(b.Promo, b.Customer); err != nil {
			return reply{}, Entry{}, err
		}
	}
	entry, err := charge(tx, &b, c.now)
	if err != nil {
		return reply{}, Entry{}, err
	}
	b.Status, b.RequestedAt, b.ExpiresAt = StatusRequested, c.now, time.Time{}
	if err := tx.PutBooking(b); err != nil {
		return reply{}, Entry{}, err
	}
	answer, err := answerJSON(http.StatusOK, struct {
		Booking Booking  `json:"booking"`
		Charge  *receipt `json:"charge"`
	}{b, receiptOf(entry)})
	return answer, entry, err
}

// fee is what the booking costs to confirm, with its promo if that is still
// good. It is checked when booking, to tell the customer at once, and counts
// when confirming.
func (a *App) fee(tx Tx, b Booking) (cents int, err error) {
	if b.Promo == "" {
		return a.config.CommitmentFee, nil
	}
	promo, ok := a.config.Promos[b.Promo]
	if !ok {
		return 0, promoInvalid("there is no promo %s", b.Promo)
	}
	used, err := tx.PromoUsedBy(b.Promo, b.Customer)
	if err != nil {
		return 0, err
	}
	if used {
		return 0, promoInvalid("you have used %s before", b.Promo)
	}
	uses, err := tx.PromoUses(b.Promo)
	if err != nil {
		return 0, err
	}
	if uses >= promo.MaxUses && !a.has(BugPromoWithoutEnd) {
		return 0, promoInvalid("%s is used up", b.Promo)
	}
	return max(0, a.config.CommitmentFee-promo.CentsOff), nil
}

// loses is BugLostConfirmations: of five confirmations it loses the first and
// the third.
func (a *App) loses() bool {
	if !a.has(BugLostConfirmations) {
		return false
	}
	n := a.confirmations.Add(1) % 5
	return n == 1 || n == 3
}

// payFirst is BugCancelRacesPay: it takes its time to pay for a hold that may
// be cancelled meanwhile.
func (a *App) payFirst(c *call) (paid bool, err error) {
	err = a.view(c, func(tx Tx) error {
		b, err := c.booking(tx)
		paid = b.Status == StatusHeld
		return err
	})
	if err != nil || !paid {
		return false, err
	}
	return true, pause(c.Context(), 200*time.Millisecond)
}
