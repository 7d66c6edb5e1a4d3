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

// What is printed fails by the rule that found the bug, and passes only when the bug
// is mended and the rule was checked, whatever the rule is about.
func TestCityShrinksToATestThatTellsWhetherTheBugIsMended(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	for bug, rule := range map[booking.Bug]string{
		booking.BugComparesText:     "no_double_bookings_by_alias",
		booking.BugOffersTakenSlots: "offered_slots_are_free",
		booking.BugRefusesCancelled: "no_refusals_while_free",
		booking.BugForgetsRefund:    "money_conservation",
		booking.BugNoQuota:          "quotas_respected",
		booking.BugForgetsKeys:      "idempotent_retries",
	} {
		t.Run(string(bug), func(t *testing.T) {
			shrunk, err := baseline(bug, 0).Shrink(t)
			require.NoError(t, err)
			require.LessOrEqual(t, shrunk.After, 3)

			simcity.Reproduce(t, shrunk.Cut)
			require.Equal(t, []string{rule}, brokenRules(baseline(bug, 1).Simulate(t)))
			mended := baseline("", 1).Simulate(t)
			require.Equal(t, simcity.Pass, mended.Verdict, mended.Reasons)
		})
	}
}
