package booking_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

// age is how old search's listings are.
func (c *city) age() int {
	c.t.Helper()
	return c.metric("search_listings_age_seconds")
}

func TestListingsAreRefreshedEveryMinute(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		require.Zero(t, city.age(), "at the start")
		time.Sleep(59 * time.Second)
		require.Equal(t, 59, city.age())
		for range 60 {
			time.Sleep(time.Minute)
			require.LessOrEqual(t, city.age(), 60)
		}
	})
}

// stubbornStore refuses to refresh while it is told so.
type stubbornStore struct {
	booking.Store
	refuses atomic.Bool
}

func (s *stubbornStore) RefreshListings(ctx context.Context) error {
	if s.refuses.Load() {
		return errors.New("deadlock detected")
	}
	return s.Store.RefreshListings(ctx)
}

func TestTheRefreshCatchesUpAfterFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &stubbornStore{Store: booking.NewMemoryStore()}
		city := setup(t, booking.Config{Store: store})
		city.shop("v-1", "UTC")
		require.Equal(t, []string{"v-1"}, city.find("?city=Berlin"))
		store.refuses.Store(true)
		city.shop("v-2", "UTC")
		time.Sleep(9 * time.Minute)
		require.Equal(t, []string{"v-1"}, city.find("?city=Berlin"))
		require.Equal(t, 9*60, city.age())
		store.refuses.Store(false)
		time.Sleep(time.Minute + time.Second)
		require.Equal(t, []string{"v-1", "v-2"}, city.find("?city=Berlin"), "the cached search went with the refresh")
		require.LessOrEqual(t, city.age(), 60)
	})
}

func TestAPausedRefreshStopsUntilItIsResumed(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		first, second := city.app.PauseRefresh(), city.app.PauseRefresh()
		city.shop("v-1", "UTC")
		time.Sleep(5 * time.Minute)
		require.Equal(t, 5*60, city.age())
		require.Empty(t, city.find(""))
		first()
		first()
		time.Sleep(5 * time.Minute)
		require.Equal(t, 10*60, city.age(), "somebody else's pause goes on")
		second()
		time.Sleep(time.Minute + time.Second)
		require.LessOrEqual(t, city.age(), 60)
		require.Equal(t, []string{"v-1"}, city.find(""))
	})
}

func TestAPurgeEmptiesSearch(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{})
	city.shop("v-1", "UTC")
	require.Len(t, city.find("?city=Berlin"), 1)
	city.send("", "POST", "/api/test/purge", nil).is(200)
	require.Empty(t, city.find("?city=Berlin"))
}

// A store's listings are a copy: they do not follow the vendors.
func TestListingsAreAsOfTheRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := booking.NewMemoryStore()
		put := func(v booking.Vendor) {
			require.NoError(t, store.Update(t.Context(), func(tx booking.Tx) error { return tx.PutVendor(v) }))
		}
		listed := func(city string) (found []booking.Vendor, at time.Time) {
			require.NoError(t, store.View(t.Context(), func(tx booking.Tx) (err error) {
				if at, err = tx.ListingsAt(); err != nil {
					return err
				}
				found, err = tx.Listings(city)
				return err
			}))
			return found, at
		}
		found, at := listed("")
		require.Empty(t, found)
		require.Zero(t, at)
		v := booking.Vendor{Handle: "b", Owner: "x", City: "Berlin", Rating: 5}
		put(v)
		put(booking.Vendor{Handle: "a", Owner: "y", City: "Paris", Rating: 4})
		require.NoError(t, store.RefreshListings(t.Context()))
		worse := v
		worse.Rating = 3
		put(worse)
		time.Sleep(time.Second)
		found, at = listed(" BERLIN")
		require.Equal(t, []booking.Vendor{v}, found)
		require.Equal(t, time.Now().UTC().Add(-time.Second), at)
		found[0].Rating = 1 // a list belongs to the caller
		require.NoError(t, store.RefreshListings(t.Context()))
		found, _ = listed("")
		require.Equal(t, []string{"a", "b"}, []string{found[0].Handle, found[1].Handle})
		require.Equal(t, 3.0, found[1].Rating)
	})
}
