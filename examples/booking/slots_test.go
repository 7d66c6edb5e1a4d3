package booking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

func TestSlotsLieOnTheGridOfOpenHours(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop := city.shop("v-1", "Europe/Berlin")
		slots := city.free("V-1", shop.massage)
		require.Len(t, slots, 19)
		require.Equal(t, booking.Slot{
			Vendor: "v-1", Service: shop.massage, Start: monday(7, 0), End: monday(8, 0),
			Capacity: 1, Left: 1, PriceCents: 5000,
		}, slots[0])
		require.Equal(t, monday(17, 0), slots[18].End)
		require.Len(t, city.free("v-1", ""), 19+20)
	})
}

func TestEverySlotOfferedCanBeBookedAndNothingElse(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{MaxActiveBookings: 100}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "America/New_York"), city.customer("ann")
		offered := map[time.Time]bool{}
		for _, s := range city.free("v-1", shop.yoga) {
			offered[s.Start] = true
		}
		require.Len(t, offered, 20)
		for start := monday(0, 0); start.Before(monday(24, 0)); start = start.Add(15 * time.Minute) {
			answer := ann.book("v-1", shop.yoga, start)
			if offered[start] {
				answer.is(201)
			} else {
				answer.refused(422, "not_a_slot")
			}
		}
	})
}

func TestSlotsBeginInTheFuture(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		time.Sleep(time.Until(monday(9, 0)))
		require.Equal(t, "09:30", starts(city.free("v-1", shop.massage))[0])
		ann.book("v-1", shop.massage, monday(9, 0)).refused(422, "not_a_slot")
		ann.held("v-1", shop.massage, monday(9, 30))
	})
}

func TestSlotsWindow(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop, ann := city.shop("v-1", "UTC"), city.customer("ann")
		path := "/api/vendors/v-1/slots?service=" + shop.massage
		require.Len(t, city.freeBetween("v-1", shop.massage, "2000-01-02T00:00:00Z", "2000-01-16T00:00:00Z"), 14*19)
		ann.get(path+"&from=2000-01-02T00:00:00Z&to=2000-01-16T00:00:01Z").refused(400, "bad_request")
		ann.get(path+"&from=2000-01-02T00:00:00Z&to=2000-01-01T00:00:00Z").refused(400, "bad_request")
		ann.get(path+"&from=tomorrow").refused(400, "bad_request")
		require.Len(t, as[struct{ Slots []booking.Slot }](ann.get(path).is(200)).Slots, 19, "a day by default")
	})
}

func TestSlotsOnTheDaysWhenTheClockChanges(t *testing.T) {
	t.Parallel()
	for name, day := range map[string]struct {
		timezone, from, to string
		slots              int
		first, last        string // UTC
	}{
		// 02:00 CET is 03:00 CEST: the night has an hour less.
		"Berlin in spring": {"Europe/Berlin", "2000-03-25T23:00:00Z", "2000-03-26T22:00:00Z", 10, "23:00", "03:30"},
		"Berlin in autumn": {"Europe/Berlin", "2000-10-28T22:00:00Z", "2000-10-29T23:00:00Z", 14, "22:00", "04:30"},
		"New York in spring": {
			"America/New_York", "2000-04-02T05:00:00Z", "2000-04-03T04:00:00Z", 10, "05:00", "09:30"},
		"New York on a usual day": {
			"America/New_York", "2000-04-04T04:00:00Z", "2000-04-05T04:00:00Z", 12, "04:00", "09:30"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, booking.Config{MaxActiveBookings: 20}, func(t *testing.T, city *city) {
				night, ann := city.night(day.timezone), city.customer("ann")
				slots := city.freeBetween("night", night, day.from, day.to)
				got := starts(slots)
				require.Len(t, got, day.slots)
				require.Equal(t, day.first, got[0])
				require.Equal(t, day.last, got[len(got)-1])
				for _, s := range slots {
					ann.held("night", night, s.Start)
				}
			})
		})
	}
}

// night is a vendor that is open from midnight to six and returns its service.
func (c *city) night(timezone string) (service string) {
	c.t.Helper()
	form := shopForm("night", timezone)
	form["openFrom"], form["openTo"] = 0, 6
	v := as[booking.Vendor](c.signIn("owl", "vendor").post("/api/vendors", form).is(201))
	return v.Services[1].ID
}

func TestAVendorOpensAfterTheHourThatTheClockSkips(t *testing.T) {
	t.Parallel()
	for timezone, day := range map[string]string{"Europe/Berlin": "2000-03-26", "America/New_York": "2000-04-02"} {
		t.Run(timezone, func(t *testing.T) {
			t.Parallel()
			bubble(t, booking.Config{}, func(t *testing.T, city *city) {
				form := shopForm("early", timezone)
				form["openFrom"], form["openTo"] = 2, 4
				v := as[booking.Vendor](city.signIn("lark", "vendor").post("/api/vendors", form).is(201))
				slots := city.freeBetween("early", v.Services[1].ID, day+"T00:00:00Z", day+"T23:00:00Z")
				require.Len(t, slots, 2)
				loc, err := time.LoadLocation(timezone)
				require.NoError(t, err)
				require.Equal(t, "03:00", slots[0].Start.In(loc).Format("15:04"))
			})
		})
	}
}

func TestAClassHasSeats(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		shop := city.shop("v-1", "UTC")
		left := func() int {
			for _, s := range city.free("v-1", shop.yoga) {
				if s.Start.Equal(monday(9, 0)) {
					return s.Left
				}
			}
			return 0
		}
		ann, bob, eve := city.customer("ann"), city.customer("bob"), city.customer("eve")
		require.Equal(t, 2, left())
		b := ann.held("v-1", shop.yoga, monday(9, 0))
		require.Equal(t, 1, left())
		bob.held("v-1", shop.yoga, monday(9, 0))
		require.Equal(t, 0, left())
		eve.book("v-1", shop.yoga, monday(9, 0)).refused(409, "slot_taken")
		eve.held("v-1", shop.yoga, monday(9, 30))
		ann.act(b, "cancel", nil).is(200)
		eve.held("v-1", shop.yoga, monday(9, 0))
	})
}
