package booking_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

func TestACustomerHasFiveLiveBookings(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		var b booking.Booking
		for i := range 5 {
			b = ann.held("v-1", shop.massage, monday(8+i, 0))
		}
		ann.book("v-1", shop.massage, monday(14, 0)).refused(409, "quota_exceeded")
		ann.act(b, "cancel", nil).is(200)
		ann.held("v-1", shop.massage, monday(14, 0))
		ann.book("v-1", shop.massage, monday(15, 0)).refused(409, "quota_exceeded")
		time.Sleep(10 * time.Minute)
		ann.held("v-1", shop.massage, monday(15, 0))
	})
}

// withPromo books with a code and returns the answer.
func (u *user) withPromo(shop *shop, start time.Time, code string) answer {
	return u.post("/api/bookings", body{"vendor": shop.handle, "service": shop.massage, "start": start, "promo": code})
}

func TestPromoReducesTheFeeOncePerCustomer(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		ann.withPromo(shop, monday(9, 0), "NONSENSE").refused(422, "promo_invalid")
		first := as[booking.Booking](ann.withPromo(shop, monday(9, 0), "WELCOME").is(201))
		second := as[booking.Booking](ann.withPromo(shop, monday(10, 0), "WELCOME").is(201))
		require.Equal(t, 50, first.FeeCents)
		require.Contains(t, ann.confirm(first).is(200).body, `"cents":50`)
		ann.confirm(second).refused(422, "promo_invalid")
		ann.withPromo(shop, monday(11, 0), "WELCOME").refused(422, "promo_invalid")
		require.Contains(t, ann.act(first, "cancel", nil).is(200).body, `"cents":50`)
	})
}

func TestPromoEndsAfterItsUses(t *testing.T) {
	t.Parallel()
	promos := map[string]booking.Promo{"TWO": {MaxUses: 2, CentsOff: 500}}
	bubble(t, booking.Config{Promos: promos}, func(t *testing.T, city *city) {
		shop := city.shop("v-1", "UTC")
		var held []booking.Booking
		var who []*user
		for i := range 3 {
			u := city.customer(fmt.Sprint("c", i))
			who, held = append(who, u), append(held, as[booking.Booking](u.withPromo(shop, monday(9+i, 0), "TWO").is(201)))
		}
		require.Zero(t, held[0].FeeCents, "a fee does not fall below zero")
		who[0].confirm(held[0]).is(200)
		who[1].confirm(held[1]).is(200)
		who[2].confirm(held[2]).refused(422, "promo_invalid")
		city.customer("late").withPromo(shop, monday(14, 0), "TWO").refused(422, "promo_invalid")
	})
}

func TestRepeatedRequestsAreAnsweredTheSame(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann, bob := city.shop("v-1", "UTC"), city.customer("ann"), city.customer("bob")
		order := body{"vendor": "v-1", "service": shop.massage, "start": monday(9, 0)}
		first := ann.post("/api/bookings", order, "Idempotency-Key", "k").is(201)
		again := ann.post("/api/bookings", order, "Idempotency-Key", "k").is(201)
		require.Equal(t, first.body, again.body)
		require.Empty(t, first.header.Get("Idempotency-Replayed"))
		require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
		require.Equal(t, 1, city.metric("bookings_kept"))

		bob.post("/api/bookings", order, "Idempotency-Key", "k").refused(409, "slot_taken")
		order["start"] = monday(10, 0)
		ann.post("/api/bookings", order, "Idempotency-Key", "k").refused(422, "key_reused")
		ann.post("/api/bookings", order, "Idempotency-Key", "l").is(201)
	})
}

func TestEveryChangeCanBeRepeated(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		one, two := ann.held("v-1", shop.massage, monday(9, 0)), ann.held("v-1", shop.massage, monday(11, 0))
		key := []string{"Idempotency-Key", "k"}
		twice := func(u *user, b booking.Booking, what string, with any) {
			t.Helper()
			first := u.act(b, what, with, key...)
			require.Less(t, first.status, 300, first.body)
			again := u.act(b, what, with, key...)
			require.Equal(t, first.body, again.body)
			require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
		}
		twice(ann, one, "confirm", body{"paymentToken": "tok_good"})
		twice(ann, two, "confirm", body{"paymentToken": "tok_good"})
		twice(shop.user, one, "propose", body{"start": monday(13, 0)})
		twice(ann, one, "reschedule", body{"start": monday(13, 0)})
		twice(ann, one, "messages", body{"text": "see you"})
		twice(shop.user, two, "decline", nil)
		twice(ann, one, "cancel", nil)
		require.Equal(t, 200, city.metric("ledger_charged_cents_total"))
		require.Equal(t, 200, city.metric("ledger_refunded_cents_total"))
		require.Equal(t, 1, city.metric("messages_kept"))
	})
}

func TestARefusalIsNotRemembered(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann, bob := city.shop("v-1", "UTC"), city.customer("ann"), city.customer("bob")
		b := bob.held("v-1", shop.massage, monday(9, 0))
		order := body{"vendor": "v-1", "service": shop.massage, "start": monday(9, 0)}
		ann.post("/api/bookings", order, "Idempotency-Key", "k").refused(409, "slot_taken")
		bob.act(b, "cancel", nil).is(200)
		ann.post("/api/bookings", order, "Idempotency-Key", "k").is(201)
	})
}

func TestLedgerIsConserved(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, other := city.shop("v-1", "UTC"), city.shop("v-2", "UTC")
		ann, bob := city.customer("ann"), city.customer("bob")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		time.Sleep(time.Minute)
		ann.act(b, "cancel", nil).is(200)
		ann.requested("v-2", other.massage, monday(9, 0))
		bob.requested("v-1", shop.massage, monday(9, 0))

		type statement struct {
			Entries []booking.Entry
			booking.Totals
		}
		of := func(u *user) statement { return as[statement](u.get("/api/ledger").is(200)) }
		require.Equal(t, booking.Totals{ChargedCents: 200, RefundedCents: 100, Charges: 2, Refunds: 1}, of(ann).Totals)
		require.Equal(t, booking.Totals{ChargedCents: 100, Charges: 1}, of(bob).Totals)
		require.Equal(t, booking.Totals{ChargedCents: 200, RefundedCents: 100, Charges: 2, Refunds: 1}, of(shop.user).Totals)
		all := as[booking.Totals](city.send("", "GET", "/api/test/ledger", nil).is(200))
		require.Equal(t, booking.Totals{ChargedCents: 300, RefundedCents: 100, Charges: 3, Refunds: 1}, all)
		require.Equal(t, booking.Entry{
			ID: "rf_1", At: time.Now().UTC(), Booking: "bk_1", Customer: ann.UserID, Vendor: "v-1",
			Kind: booking.KindRefund, Cents: 100,
		}, of(shop.user).Entries[2])
	})
}
