package booking_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/simcity"
)

// A day of some hundred and fifty citizens in which somebody is booked twice
// shrinks to the vendor and the two who raced; what is printed fails as long as
// the bug is there, and passes when it is mended.
func TestCityShrinksADayToThoseWhoRaced(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	shrunk, err := baseline(booking.BugCheckThenInsert, 2).Shrink(t)
	require.NoError(t, err)
	require.Greater(t, shrunk.Before, 100)
	require.LessOrEqual(t, shrunk.After, 3)
	require.LessOrEqual(t, len(shrunk.Cut.Held), 12)
	require.NotNil(t, shrunk.Cause)
	t.Log(shrunk)

	simcity.Reproduce(t, shrunk.Cut)
	require.Equal(t, []string{"zero_double_bookings"}, brokenRules(baseline(booking.BugCheckThenInsert, 1).Simulate(t)))
	mended := baseline("", 1).Simulate(t)
	require.Equal(t, simcity.Pass, mended.Verdict, mended.Reasons)
}
