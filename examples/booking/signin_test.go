package booking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

// Test hooks let a citizen in before it has said what it is.
func TestGuestTakesARoleLater(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{})
	const email = "synthetic+ann-1@example.com"
	guest, err := city.app.SignIn(email, booking.RoleGuest, "")
	require.NoError(t, err)
	city.send(guest.Token, "GET", "/api/search", nil).is(200)
	city.send(guest.Token, "POST", "/api/bookings", body{}).refused(403, "forbidden")

	customer, err := city.app.SignIn(email, booking.RoleCustomer, "Europe/Berlin")
	require.NoError(t, err)
	city.send(guest.Token, "GET", "/api/search", nil).refused(401, "unauthorized")
	city.send(customer.Token, "GET", "/api/bookings", nil).is(200)

	again, err := city.app.SignIn(email, booking.RoleGuest, "")
	require.NoError(t, err)
	require.Equal(t, customer, again, "a customer stays one")
	_, err = city.app.SignIn(email, booking.RoleVendor, "")
	require.ErrorContains(t, err, "belongs to a customer")
}

// Under compressed time a staging system works as much faster as its citizens.
func TestBackgroundWorkKeepsUpWithCompressedTime(t *testing.T) {
	t.Parallel()
	store := booking.NewMemoryStore()
	bubble(t, booking.Config{Store: store, Speed: 70}, func(t *testing.T, city *city) {
		_, _, err := store.Misconfigure("disabled_table")
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		restored, err := store.GuardPolicies(t.Context())
		require.NoError(t, err)
		require.Zero(t, restored, "the watchdog was here, which usually comes after 70 s")
	})
}
