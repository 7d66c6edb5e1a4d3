package booking

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"sync/atomic"
)

// settled counts the charges of which the provider said that the money came.
type settled struct {
	charges, cents atomic.Int64
}

// webhook answers POST /api/payments/webhook, by which the payment provider
// says that a charge is settled. An event that comes again is answered the same
// and counts once. The ledger has had the charge since it was confirmed.
func (a *App) webhook(c *call) (reply, error) {
	if !a.fromProvider(c) {
		return reply{}, forbidden("this is for the payment provider")
	}
	var event PaymentEvent
	if err := c.decode(&event); err != nil {
		return reply{}, err
	}
	if event.Event == "" || len(event.Event) > keyLengthMax {
		return reply{}, badRequest("event must have 1 to %d bytes", keyLengthMax)
	}
	if event.Kind != KindCharge {
		return reply{}, badRequest("kind must be %s", KindCharge)
	}
	key := IdempotencyKey{User: "payments", Path: c.URL.Path, Key: event.Event}
	out, err := a.changeOnce(c, key, func(tx Tx) (reply, error) {
		if err := findCharge(tx, event); err != nil {
			return reply{}, err
		}
		return answerJSON(http.StatusOK, struct {
			Settled string `json:"settled"`
		}{event.Charge})
	})
	switch {
	case err != nil:
	case !out.replayed:
		a.settled.charges.Add(1)
		a.settled.cents.Add(int64(event.Cents))
	case a.has(BugWebhookChargesTwice):
		err = a.chargeAgain(c, event)
	}
	return out, err
}

// fromProvider compares the secret in constant time. Without a secret the
// webhook is closed.
func (a *App) fromProvider(c *call) bool {
	want, got := sha256.Sum256([]byte(a.config.WebhookSecret)), sha256.Sum256([]byte(c.Header.Get(secretHeader)))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && a.config.WebhookSecret != ""
}

// findCharge makes sure that the ledger has what the provider speaks of.
func findCharge(tx Tx, event PaymentEvent) error {
	b, err := tx.Booking(event.Booking)
	if err != nil {
		return missing(err, "booking "+event.Booking)
	}
	entries, err := tx.Entries(b.Customer, entriesMax)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(entries, func(e Entry) bool {
		return e.ID == event.Charge && e.Booking == b.ID && e.Kind == event.Kind
	})
	if i < 0 {
		return notFound("charge " + event.Charge)
	}
	if entries[i].Cents != event.Cents {
		return badRequest("charge %s has %d cents, not %d", event.Charge, entries[i].Cents, event.Cents)
	}
	return nil
}

// entriesMax is more than a customer's bookings can bring about before they are
// compacted away.
const entriesMax = 100_000

// chargeAgain is BugWebhookChargesTwice.
func (a *App) chargeAgain(c *call, event PaymentEvent) error {
	return a.store.Update(c.Context(), func(tx Tx) error {
		b, err := tx.Booking(event.Booking)
		if err != nil {
			return err
		}
		_, err = post(tx, &b, KindCharge, SequenceCharge, event.Cents, c.now)
		return err // and b, with its new total, is not put
	})
}
