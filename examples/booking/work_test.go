package booking_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

func TestNoTwoTimersAreDueAtOneInstant(t *testing.T) {
	t.Parallel()
	const horizon = 60 * 24 * time.Hour
	due := map[time.Duration]time.Duration{}
	for _, period := range booking.Periods {
		for at := period; at < horizon; at += period {
			other, taken := due[at]
			require.False(t, taken, "%v and %v are both due after %v", period, other, at)
			due[at] = period
		}
	}
}

func TestNobodyCheckedInIsANoShow(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		shop.act(b, "accept", nil).is(200)
		time.Sleep(time.Until(monday(9, 29)))
		require.Equal(t, booking.StatusConfirmed, ann.see(b).Status)
		time.Sleep(6*time.Minute + time.Second)
		require.Equal(t, booking.StatusNoShow, ann.see(b).Status)
		require.Zero(t, city.metric("ledger_refunded_cents_total"), "the fee is kept")
	})
}

func TestCheckedInIsCompletedAfterItsEnd(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		ann.act(b, "checkin", nil).refused(409, "wrong_state")
		shop.act(b, "accept", nil).is(200)
		ann.act(b, "checkin", nil).refused(409, "wrong_state")
		time.Sleep(time.Until(monday(9, 10)))
		came := as[booking.Booking](ann.act(b, "checkin", nil).is(200))
		require.Equal(t, monday(9, 10), came.CheckedInAt)
		require.Equal(t, came, as[booking.Booking](shop.act(b, "checkin", nil).is(200)))
		time.Sleep(time.Until(monday(9, 59)))
		require.Equal(t, booking.StatusConfirmed, ann.see(b).Status)
		time.Sleep(6*time.Minute + time.Second)
		require.Equal(t, booking.StatusCompleted, ann.see(b).Status)
		require.Equal(t, 0, city.metric("bookings_live"))
	})
}

func TestARequestWithoutAnswerIsDeclinedWhenItsSlotBegins(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		time.Sleep(time.Until(monday(9, 0)))
		shop.act(b, "accept", nil).refused(409, "wrong_state")
		time.Sleep(5*time.Minute + time.Second)
		got := ann.see(b)
		require.Equal(t, booking.StatusDeclined, got.Status)
		require.Equal(t, 100, got.RefundedCents)
	})
}

func TestCompactionKeepsMemoryFlatAndTotals(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{RatePerMinute: -1}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		var resident []int
		turns := 0
		for day := range 9 {
			for range 200 {
				start := time.Now().UTC().Truncate(24 * time.Hour).Add(34 * time.Hour)
				key := fmt.Sprint("turn ", turns)
				order := body{"vendor": "v-1", "service": shop.massage, "start": start}
				b := as[booking.Booking](ann.post("/api/bookings", order, "Idempotency-Key", key).is(201))
				ann.act(b, "messages", body{"text": "hello"}).is(201)
				ann.confirm(b).is(200)
				ann.act(b, "cancel", nil).is(200)
				time.Sleep(6 * time.Minute)
				turns++
			}
			time.Sleep(24*time.Hour*time.Duration(day+1) - time.Since(bubbleStart))
			resident = append(resident, city.metric("process_resident_memory_bytes"))
		}
		require.Greater(t, resident[1], resident[0])
		for _, bytes := range resident[3:] {
			require.InDelta(t, resident[2], bytes, 0.02*float64(resident[2]))
		}
		require.InDelta(t, 2*200, city.metric("bookings_kept"), 20)
		require.InDelta(t, 200, city.metric("idempotency_keys_kept"), 20)
		require.Equal(t, turns*100, city.metric("ledger_charged_cents_total"))
		require.Equal(t, turns*100, city.metric("ledger_refunded_cents_total"))
		require.Contains(t, ann.get("/api/ledger").is(200).body, fmt.Sprintf(`"charges":%d`, turns))
		ann.get("/api/bookings/bk_1").refused(404, "not_found")
	})
}

// bubbleStart is when time begins in a bubble.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
