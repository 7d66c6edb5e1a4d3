package booking_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

// tenants is a city with a booking of ann's at v-1, with its chat and charge,
// and with others who have no business there.
type tenants struct {
	*city
	ann, eve    *user
	shop, other *shop
	b           booking.Booking
}

// withTenants runs a test in a bubble.
func withTenants(t *testing.T, test func(t *testing.T, c tenants)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		memory := booking.NewMemoryStore()
		city := setup(t, booking.Config{Store: memory})
		city.memory = memory
		c := tenants{
			city: city, ann: city.customer("ann"), eve: city.customer("eve"),
			shop: city.shop("v-1", "UTC"), other: city.shop("v-2", "UTC"),
		}
		c.b = c.ann.requested("v-1", c.shop.massage, monday(9, 0))
		c.ann.act(c.b, "messages", body{"text": "hello"}).is(201)
		test(t, c)
	})
}

func (u *user) list() (ids []string) {
	u.t.Helper()
	for _, b := range as[struct{ Bookings []booking.Booking }](u.get("/api/bookings").is(200)).Bookings {
		ids = append(ids, b.ID)
	}
	return ids
}

func TestEverybodySeesTheirOwn(t *testing.T) {
	t.Parallel()
	withTenants(t, func(t *testing.T, c tenants) {
		homeless := c.signIn("homeless", "vendor")
		for _, u := range []*user{c.ann, c.shop.user} {
			require.Equal(t, []string{"bk_1"}, u.list())
			require.Contains(t, u.get("/api/bookings/bk_1/messages").is(200).body, "hello")
			require.Equal(t, c.b, u.see(c.b))
		}
		for _, u := range []*user{c.eve, c.other.user, homeless} {
			require.Empty(t, u.list())
			u.get("/api/bookings/bk_1/messages").refused(404, "not_found")
			u.get("/api/bookings/bk_1").refused(404, "not_found")
		}
		c.ann.get("/api/bookings/bk_9/messages").refused(404, "not_found")
		homeless.get("/api/ledger").refused(404, "not_found")
	})
}

// under runs a transaction for an identity.
func under(t *testing.T, store booking.Store, who booking.Identity, do func(booking.Tx) error) error {
	return store.Update(booking.WithIdentity(t.Context(), who), do)
}

// What an identity may not see does not exist for it, whatever it asks.
func TestPoliciesHoldForEveryQuestion(t *testing.T) {
	t.Parallel()
	withTenants(t, func(t *testing.T, c tenants) {
		sees := func(who booking.Identity) (n int) {
			require.NoError(t, under(t, c.memory, who, func(tx booking.Tx) error {
				lists := []func() ([]booking.Booking, error){
					func() ([]booking.Booking, error) { return tx.VisibleBookings(9) },
					func() ([]booking.Booking, error) { return tx.BookingsOf("cus_1", 9) },
					func() ([]booking.Booking, error) { return tx.Inbox("v-1", 9) },
					func() ([]booking.Booking, error) { return tx.Begun(monday(24, 0)) },
					tx.AllBookings,
				}
				for _, list := range lists {
					found, err := list()
					require.NoError(t, err)
					n += len(found)
				}
				taken, err := tx.Calendar("v-1", monday(0, 0), monday(24, 0))
				require.NoError(t, err)
				require.Len(t, taken, 1, "what is taken is taken for everybody")
				live, err := tx.CountLive("cus_1", time.Now())
				require.NoError(t, err)
				entries, err := tx.Entries("cus_1", 9)
				require.NoError(t, err)
				n += live + len(entries)
				for _, ask := range []func() error{
					func() error { _, err := tx.Booking("bk_1"); return err },
					func() error { _, err := tx.Messages("bk_1"); return err },
					func() error { _, err := tx.Balance("bk_1"); return err },
				} {
					if err := ask(); err == nil {
						n++
					} else {
						require.ErrorIs(t, err, booking.ErrNotFound)
					}
				}
				return nil
			}))
			return n
		}
		const everything = 10
		require.Equal(t, everything, sees(booking.Identity{}), "the service")
		require.Equal(t, everything, sees(booking.Identity{Role: booking.RoleCustomer, User: "cus_1"}))
		require.Equal(t, everything, sees(booking.Identity{Role: booking.RoleVendor, User: "ven_1", Vendor: "v-1"}))
		require.Zero(t, sees(booking.Identity{Role: booking.RoleCustomer, User: "cus_2"}))
		require.Zero(t, sees(booking.Identity{Role: booking.RoleVendor, User: "ven_2", Vendor: "v-2"}))
		require.Zero(t, sees(booking.Identity{Role: booking.RoleVendor, User: "ven_3"}))
		require.Zero(t, sees(booking.Identity{Role: "admin", User: "cus_1", Vendor: "v-1"}))
	})
}

func TestPoliciesHoldForWrites(t *testing.T) {
	t.Parallel()
	withTenants(t, func(t *testing.T, c tenants) {
		eve := booking.Identity{Role: booking.RoleCustomer, User: "cus_2"}
		writes := func(tx booking.Tx) []error {
			foreign := sample("bk_7", monday(15, 0))
			return []error{
				tx.PutBooking(c.b), tx.PutBooking(foreign),
				tx.AppendMessage(booking.Message{ID: "m", Booking: "bk_1"}),
				tx.AppendEntry(booking.Entry{ID: "e", Booking: "bk_1", Customer: "cus_1", Vendor: "v-1"}),
			}
		}
		require.NoError(t, under(t, c.memory, eve, func(tx booking.Tx) error {
			for _, err := range writes(tx) {
				require.ErrorIs(t, err, booking.ErrNotFound)
			}
			return nil
		}))
		restore, _, err := c.memory.Misconfigure("admin_access")
		require.NoError(t, err)
		defer restore()
		err = under(t, c.memory, eve, func(tx booking.Tx) error {
			return errors.Join(append(writes(tx), errChangedMind)...)
		})
		require.EqualError(t, err, errChangedMind.Error(), "an admin may, and this one changed its mind")
	})
}

func TestMisconfiguredPoliciesLayRowsOpen(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]struct {
		rows int64 // of a booking, a message and an entry
		chat int
	}{
		"admin_access":      {3, 200},
		"disabled_table":    {1, 404},
		"permissive_policy": {3, 200},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			withTenants(t, func(t *testing.T, c tenants) {
				restore, rows, err := c.memory.Misconfigure(kind)
				require.NoError(t, err)
				require.Equal(t, want.rows, rows)
				require.Equal(t, []string{"bk_1"}, c.eve.list())
				require.Equal(t, []string{"bk_1"}, c.other.list())
				c.eve.get("/api/bookings/bk_1/messages").is(want.chat)
				c.eve.act(c.b, "cancel", nil).refused(404, "not_found")
				restore()
				restore()
				require.Empty(t, c.eve.list())
				c.eve.get("/api/bookings/bk_1/messages").is(404)
			})
		})
	}
}

func TestMisconfigureKnowsItsKinds(t *testing.T) {
	t.Parallel()
	_, _, err := booking.NewMemoryStore().Misconfigure("typo")
	require.EqualError(t, err, `booking: MemoryStore.Misconfigure knows no kind "typo"; known are admin_access, disabled_table, permissive_policy`)
}

func TestTheWatchdogRestoresPoliciesAndWritesItDown(t *testing.T) {
	t.Parallel()
	withTenants(t, func(t *testing.T, c tenants) {
		restore, _, err := c.memory.Misconfigure("disabled_table")
		require.NoError(t, err)
		require.Len(t, c.eve.list(), 1)
		time.Sleep(71 * time.Second)
		require.Empty(t, c.eve.list())
		require.Equal(t, 1, c.metric("row_policies_restored_total"))
		require.NoError(t, c.memory.View(context.Background(), func(tx booking.Tx) error {
			rows, err := tx.Audit(9)
			require.Len(t, rows, 1)
			require.Equal(t, "bookings", rows[0].Table)
			require.Equal(t, "row-level security was off", rows[0].Detail)
			require.WithinDuration(t, time.Now(), rows[0].At, 2*time.Second)
			return err
		}))

		_, _, err = c.memory.Misconfigure("disabled_table")
		require.NoError(t, err)
		restore() // of what has been restored: this one is another's
		require.Len(t, c.eve.list(), 1)
		time.Sleep(71 * time.Second)
		require.Empty(t, c.eve.list())
	})
}

func TestTheAuditIsBounded(t *testing.T) {
	t.Parallel()
	memory := booking.NewMemoryStore()
	for range 400 {
		_, _, err := memory.Misconfigure("admin_access")
		require.NoError(t, err)
		restored, err := memory.GuardPolicies(t.Context())
		require.NoError(t, err)
		require.Equal(t, 3, restored)
	}
	require.NoError(t, memory.View(t.Context(), func(tx booking.Tx) error {
		rows, err := tx.Audit(5000)
		require.Len(t, rows, 1000)
		return err
	}))
}
