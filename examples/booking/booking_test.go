package booking_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

func TestBookingIsHeldForTenMinutes(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.held("v-1", shop.massage, monday(9, 0))
		require.Equal(t, booking.Booking{
			ID: "bk_1", Vendor: "v-1", Service: shop.massage, Customer: ann.UserID,
			Start: monday(9, 0), End: monday(10, 0), Status: booking.StatusHeld,
			CreatedAt: time.Now().UTC(), ExpiresAt: time.Now().UTC().Add(10 * time.Minute), FeeCents: 100,
		}, b)
		require.Equal(t, b, ann.see(b))
	})
}

func TestHoldEndsByTheClockBeforeTheSweeperComes(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann, bob := city.shop("v-1", "UTC"), city.customer("ann"), city.customer("bob")
		time.Sleep(30 * time.Second)
		b := ann.held("v-1", shop.massage, monday(9, 0))
		time.Sleep(10*time.Minute - 1)
		bob.book("v-1", shop.massage, monday(9, 0)).refused(409, "slot_taken")
		time.Sleep(time.Nanosecond)
		require.Equal(t, booking.StatusExpired, ann.see(b).Status)
		ann.confirm(b).refused(409, "wrong_state")
		require.Len(t, city.free("v-1", shop.massage), 19)
		require.Equal(t, 1, city.metric("bookings_live"))
		bob.held("v-1", shop.massage, monday(9, 0))
		time.Sleep(time.Minute)
		require.Equal(t, 1, city.metric("bookings_live"))
		require.Equal(t, booking.StatusExpired, ann.see(b).Status)
	})
}

func TestConfirmChargesAndRequests(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.held("v-1", shop.massage, monday(9, 0))
		time.Sleep(time.Minute)
		got := as[struct {
			Booking booking.Booking
			Charge  struct {
				ID    string
				Cents int
			}
		}](ann.confirm(b).is(200))
		require.Equal(t, "ch_1", got.Charge.ID)
		require.Equal(t, 100, got.Charge.Cents)
		require.Equal(t, booking.StatusRequested, got.Booking.Status)
		require.Equal(t, time.Now().UTC(), got.Booking.RequestedAt)
		require.Zero(t, got.Booking.ExpiresAt)
		ann.confirm(b).refused(409, "wrong_state")
	})
}

func TestDeclinedPaymentLeavesTheHold(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.held("v-1", shop.massage, monday(9, 0))
		ann.act(b, "confirm", body{"paymentToken": "tok_declined"}).refused(402, "payment_declined")
		ann.act(b, "confirm", body{}).refused(400, "bad_request")
		require.Equal(t, b, ann.see(b))
		ann.confirm(b).is(200)
	})
}

func TestExclusiveServicesShareOneCalendar(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		ann.held("v-1", shop.massage, monday(9, 0))
		ann.book("v-1", shop.massage, monday(8, 30)).refused(409, "slot_taken")
		ann.book("v-1", shop.massage, monday(9, 30)).refused(409, "slot_taken")
		ann.held("v-1", shop.massage, monday(8, 0))
		ann.held("v-1", shop.massage, monday(10, 0))
		ann.held("v-1", shop.yoga, monday(9, 0))
		require.Equal(t, []string{
			"11:00", "11:30", "12:00", "12:30", "13:00", "13:30", "14:00",
			"14:30", "15:00", "15:30", "16:00", "16:30", "17:00",
		}, starts(city.free("v-1", shop.massage)))
	})
}

func TestOneInstantInAnySpellingIsOneSlot(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("V-1", "Europe/Berlin"), city.customer("ann")
		order := body{"vendor": " V-1 ", "service": shop.massage, "start": "2000-01-03T10:00:00+01:00"}
		b := as[booking.Booking](ann.post("/api/bookings", order).is(201))
		require.Equal(t, "v-1", b.Vendor)
		require.Equal(t, monday(9, 0), b.Start)
		for _, start := range []string{"2000-01-03T09:00:00Z", "2000-01-03T09:00:00.000Z", "2000-01-03T04:00:00-05:00"} {
			order := body{"vendor": "v-1", "service": shop.massage, "start": start}
			ann.post("/api/bookings", order).refused(409, "slot_taken")
		}
	})
}

func TestRescheduleMovesInOneStep(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann, bob := city.shop("v-1", "UTC"), city.customer("ann"), city.customer("bob")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		bob.held("v-1", shop.massage, monday(12, 0))
		ann.act(b, "reschedule", body{"start": monday(12, 30)}).refused(409, "slot_taken")
		require.Equal(t, b, ann.see(b))
		ann.act(b, "reschedule", body{"start": monday(9, 10)}).refused(422, "not_a_slot")

		// Half an hour later overlaps the booking itself, which is no reason.
		moved := as[booking.Booking](ann.act(b, "reschedule", body{"start": monday(9, 30)}).is(200))
		require.Equal(t, monday(9, 30), moved.Start)
		require.Equal(t, monday(10, 30), moved.End)
		require.Equal(t, booking.StatusRequested, moved.Status)
		bob.held("v-1", shop.massage, monday(8, 30))
	})
}

func TestMovingAConfirmedBookingAsksTheVendorAgain(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		shop.act(b, "accept", nil).is(200)
		time.Sleep(time.Hour)
		moved := as[booking.Booking](ann.act(b, "reschedule", body{"start": monday(15, 0)}).is(200))
		require.Equal(t, booking.StatusRequested, moved.Status)
		require.Equal(t, time.Now().UTC(), moved.RequestedAt)
	})
}

func TestCancelRefundsUntilTheSlotBegins(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		first := ann.requested("v-1", shop.massage, monday(9, 0))
		second := ann.requested("v-1", shop.massage, monday(10, 0))
		shop.act(second, "accept", nil).is(200)
		got := as[struct {
			Booking booking.Booking
			Refund  struct {
				ID    string
				Cents int
			}
		}](ann.act(first, "cancel", nil).is(200))
		require.Equal(t, "rf_1", got.Refund.ID)
		require.Equal(t, 100, got.Refund.Cents)
		require.Equal(t, booking.StatusCancelled, got.Booking.Status)
		ann.act(first, "cancel", nil).refused(409, "wrong_state")
		require.Contains(t, starts(city.free("v-1", shop.massage)), "09:00")

		time.Sleep(time.Until(monday(10, 0)))
		ann.act(second, "cancel", nil).refused(409, "wrong_state")
		ann.act(second, "reschedule", body{"start": monday(12, 0)}).refused(409, "wrong_state")
	})
}

func TestCancelOfAHoldRefundsNothing(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.held("v-1", shop.massage, monday(9, 0))
		require.Contains(t, ann.act(b, "cancel", "{}").is(200).body, `"refund":null`)
	})
}

func TestNoRefundsKeepsTheFee(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{NoRefunds: true}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		require.Contains(t, ann.act(b, "cancel", nil).is(200).body, `"refund":null`)
		require.Equal(t, 100, city.metric("ledger_charged_cents_total"))
		require.Zero(t, city.metric("ledger_refunded_cents_total"))
	})
}

func TestBookingsListIsMineAndNewestFirst(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann, bob := city.shop("v-1", "UTC"), city.customer("ann"), city.customer("bob")
		ann.held("v-1", shop.massage, monday(9, 0))
		bob.held("v-1", shop.massage, monday(10, 0))
		ann.held("v-1", shop.massage, monday(11, 0))
		ids := func(u *user) (ids []string) {
			for _, b := range as[struct{ Bookings []booking.Booking }](u.get("/api/bookings").is(200)).Bookings {
				ids = append(ids, b.ID)
			}
			return ids
		}
		require.Equal(t, []string{"bk_3", "bk_1"}, ids(ann))
		require.Equal(t, []string{"bk_2"}, ids(bob))
		require.Equal(t, []string{"bk_3", "bk_2", "bk_1"}, ids(shop.user))
	})
}

func TestUnknownThingsAreNotFound(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		ann.book("v-9", shop.massage, monday(9, 0)).refused(404, "not_found")
		ann.book("v-1", "svc_99", monday(9, 0)).refused(404, "not_found")
		ann.get("/api/bookings/bk_9").refused(404, "not_found")
		ann.get("/api/vendors/v-9/slots").refused(404, "not_found")
		ann.get("/api/vendors/v-1/slots?service=svc_99").refused(404, "not_found")
		ann.get("/api/nowhere").refused(404, "not_found")
	})
}

func TestChatIsForBothSides(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.held("v-1", shop.massage, monday(9, 0))
		ann.act(b, "messages", body{"text": "is there parking?"}).is(201)
		shop.act(b, "messages", body{"text": "behind the house"}).is(201)
		ann.act(b, "messages", body{"text": " "}).refused(400, "bad_request")
		got := as[struct{ Messages []booking.Message }](ann.get("/api/bookings/bk_1/messages").is(200)).Messages
		require.Equal(t, []booking.Message{
			{ID: "msg_1", Booking: "bk_1", From: ann.UserID, At: time.Now().UTC(), Text: "is there parking?"},
			{ID: "msg_2", Booking: "bk_1", From: shop.UserID, At: time.Now().UTC(), Text: "behind the house"},
		}, got)
		city.customer("eve").get("/api/bookings/bk_1/messages").refused(404, "not_found")
	})
}

// Real threads, for the race detector's sake; the stories in simulated time
// let one request after the other in.
func TestOneOfManyGetsTheSlot(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{})
	shop, start := city.shop("v-1", "UTC"), tomorrow()
	customers := make([]*user, 50)
	for i := range customers {
		customers[i] = city.customer(fmt.Sprint("c", i))
	}
	var sold atomic.Int64
	var all sync.WaitGroup
	for _, u := range customers {
		all.Go(func() {
			city.find("?city=Berlin")
			u.get("/api/vendors/v-1/slots")
			if b := u.book("v-1", shop.massage, start); b.status == 201 {
				sold.Add(1)
				u.confirm(as[booking.Booking](b))
			}
			u.get("/api/bookings")
			city.send("", "GET", "/metrics", nil)
		})
	}
	all.Wait()
	require.EqualValues(t, 1, sold.Load())
	require.Len(t, shop.open(), 1)
}
