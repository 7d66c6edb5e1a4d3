package booking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

func (s *shop) open() []booking.Booking {
	s.t.Helper()
	return as[struct{ Requests []booking.Booking }](s.get("/api/vendor/inbox").is(200)).Requests
}

func TestJoinIsIdempotentPerUser(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{})
	owner := city.signIn("vera", "vendor")
	first := owner.post("/api/vendors", shopForm("", "UTC")).is(201)
	require.Equal(t, "v-1", as[booking.Vendor](first).Handle)
	require.Equal(t, first.body, owner.post("/api/vendors", shopForm("other", "UTC")).is(201).body)
	require.Equal(t, 1, city.metric("vendors"))
}

func TestJoinFillsInWhatIsUsual(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{})
	owner := city.signIn("vera", "vendor")
	v := as[booking.Vendor](owner.post("/api/vendors", shopForm("Spa", "")).is(201))
	require.Equal(t, booking.Vendor{
		Handle: "spa", Name: "Spa Spa", City: "Berlin", Timezone: "UTC", OpenFrom: 8, OpenTo: 18, Rating: 5,
		Services: []booking.Service{
			{ID: "svc_1", Name: "Massage", DurationMinutes: 60, PriceCents: 5000, Capacity: 1},
			{ID: "svc_2", Name: "Yoga", DurationMinutes: 30, PriceCents: 900, Capacity: 2},
		},
	}, v)
}

func TestJoinRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{})
	city.shop("taken", "UTC")
	owner := city.signIn("vera", "vendor")
	refuses := func(field string, value any, status int, code string) {
		t.Helper()
		form := shopForm("new", "UTC")
		form[field] = value
		owner.post("/api/vendors", form).refused(status, code)
	}
	refuses("handle", "Taken", 409, "handle_taken")
	refuses("handle", "no_underscores", 400, "bad_request")
	refuses("name", "", 400, "bad_request")
	refuses("city", " ", 400, "bad_request")
	refuses("timezone", "Europe/Bielefeld", 400, "bad_request")
	refuses("timezone", "Local", 400, "bad_request")
	refuses("openTo", 25, 400, "bad_request")
	refuses("services", []body{}, 400, "bad_request")
	refuses("services", []body{{"name": "x", "durationMinutes": 0}}, 400, "bad_request")
	refuses("services", []body{{"name": "x", "durationMinutes": 601}}, 400, "bad_request")
	refuses("services", []body{{"name": "x", "durationMinutes": 30, "capacity": -1}}, 400, "bad_request")
	refuses("mascot", "unicorn", 400, "bad_request")
}

func TestInboxHasOpenRequestsOldestFirst(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, other, ann := city.shop("v-1", "UTC"), city.shop("v-2", "UTC"), city.customer("ann")
		late := ann.held("v-1", shop.massage, monday(9, 0))
		early := ann.requested("v-1", shop.massage, monday(11, 0))
		require.Equal(t, []booking.Booking{early}, shop.open())
		time.Sleep(time.Minute)
		ann.confirm(late).is(200)
		open := shop.open()
		require.Equal(t, []string{"bk_2", "bk_1"}, []string{open[0].ID, open[1].ID})
		require.Equal(t, time.Now().UTC(), open[1].RequestedAt)
		require.Empty(t, other.open())
	})
}

func TestAcceptConfirms(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.held("v-1", shop.massage, monday(9, 0))
		shop.act(b, "accept", nil).refused(409, "wrong_state")
		ann.confirm(b).is(200)
		require.Equal(t, booking.StatusConfirmed, as[booking.Booking](shop.act(b, "accept", nil).is(200)).Status)
		shop.act(b, "accept", nil).refused(409, "wrong_state")
		require.Empty(t, shop.open())
	})
}

func TestDeclineRefunds(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		require.Contains(t, shop.act(b, "decline", nil).is(200).body, `"refund":{"id":"rf_1","cents":100}`)
		require.Equal(t, booking.StatusDeclined, ann.see(b).Status)
		require.Contains(t, starts(city.free("v-1", shop.massage)), "09:00")
	})
}

func TestReschedulingToTheProposalConfirms(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		ann.held("v-1", shop.massage, monday(16, 0))
		shop.act(b, "propose", body{"start": monday(16, 0)}).refused(409, "slot_taken")
		shop.act(b, "propose", body{"start": monday(20, 0)}).refused(422, "not_a_slot")
		proposed := as[booking.Booking](shop.act(b, "propose", body{"start": monday(14, 0)}).is(200))
		require.Equal(t, booking.StatusProposed, proposed.Status)
		require.Equal(t, monday(14, 0), proposed.ProposedStart)
		require.Equal(t, monday(9, 0), proposed.Start)
		require.Empty(t, shop.open())

		moved := as[booking.Booking](ann.act(b, "reschedule", body{"start": "2000-01-03T15:00:00+01:00"}).is(200))
		require.Equal(t, booking.StatusConfirmed, moved.Status)
		require.Equal(t, monday(14, 0), moved.Start)
		require.Zero(t, moved.ProposedStart)
	})
}

func TestReschedulingElsewhereAsksAgain(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		b := ann.requested("v-1", shop.massage, monday(9, 0))
		shop.act(b, "propose", body{"start": monday(14, 0)}).is(200)
		moved := as[booking.Booking](ann.act(b, "reschedule", body{"start": monday(15, 0)}).is(200))
		require.Equal(t, booking.StatusRequested, moved.Status)
		require.Len(t, shop.open(), 1)
	})
}

func TestRatingFallsWithRefusals(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		rating := func() float64 {
			return as[struct{ Results []booking.Vendor }](ann.get("/api/search").is(200)).Results[0].Rating
		}
		require.Equal(t, 5.0, rating())
		shop.act(ann.requested("v-1", shop.massage, monday(9, 0)), "decline", nil).is(200)
		require.Equal(t, 5.0, rating(), "as of the latest refresh")
		time.Sleep(2 * time.Minute)
		require.Equal(t, 4.5, rating(), "the cached search is dropped when the rating moves")
		require.Equal(t, 1, city.metric("cache_invalidations_total"))
	})
}
