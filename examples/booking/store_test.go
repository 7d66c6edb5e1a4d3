package booking_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/storetest"
)

// A Store of any kind must pass these tests.
func TestMemoryStore(t *testing.T) {
	t.Parallel()
	memory := func(*testing.T) booking.Store { return booking.NewMemoryStore() }
	storetest.Run(t, memory)
	storetest.RunListings(t, memory)
	storetest.RunPolicies(t, memory)
}

var errChangedMind = errors.New("changed my mind")

// sample is a booking of an hour, held by cus_1 at v-1.
func sample(id string, start time.Time) booking.Booking {
	return booking.Booking{
		ID: id, Vendor: "v-1", Service: "svc_1", Customer: "cus_1", Status: booking.StatusHeld,
		Start: start, End: start.Add(time.Hour), ExpiresAt: monday(1, 0), Capacity: 1,
	}
}
