package booking_test

import (
	"testing"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/storetest"
)

// A Store of any kind must pass these tests.
func TestMemoryStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) booking.Store { return booking.NewMemoryStore() })
}
