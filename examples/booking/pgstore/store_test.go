package pgstore_test

import (
	"testing"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) booking.Store { return setup(t) }
	storetest.Run(t, open)
	storetest.RunListings(t, open)
	storetest.RunPolicies(t, open)
}
