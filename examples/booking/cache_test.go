package booking_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

func (c *city) find(query string) []string {
	c.t.Helper()
	got := as[struct{ Results []booking.Vendor }](c.send("", "GET", "/api/search"+query, nil).is(200))
	names := make([]string, len(got.Results))
	for i, v := range got.Results {
		names[i] = v.Handle
	}
	return names
}

func TestSearchFindsByCityAndWord(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{})
	city.shop("v-2", "UTC")
	city.shop("v-1", "UTC")
	form := shopForm("barber", "UTC")
	form["city"], form["services"] = "Paris", []body{{"name": "Shave", "durationMinutes": 30}}
	city.signIn("figaro", "vendor").post("/api/vendors", form).is(201)
	require.Equal(t, []string{"barber", "v-1", "v-2"}, city.find(""))
	require.Equal(t, []string{"v-1", "v-2"}, city.find("?city=%20BERLIN"))
	require.Equal(t, []string{"barber"}, city.find("?q=shave"))
	require.Equal(t, []string{"v-2"}, city.find("?q=spa+v-2"))
	require.Equal(t, []string{}, city.find("?city=Berlin&q=shave"))
}

// cache is what the metrics say: hits, misses, invalidations.
func (c *city) cache() [3]int {
	c.t.Helper()
	return [3]int{c.metric("cache_hits_total"), c.metric("cache_misses_total"), c.metric("cache_invalidations_total")}
}

func TestSearchIsCachedUntilItExpires(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		city.shop("v-1", "UTC")
		city.find("?city=Berlin")
		require.Equal(t, [3]int{0, 1, 0}, city.cache())
		time.Sleep(10 * time.Minute)
		city.find("?city=berlin")
		require.Equal(t, [3]int{0, 2, 0}, city.cache())
		time.Sleep(10*time.Minute - 1)
		city.find("?city=%20Berlin")
		require.Equal(t, [3]int{1, 2, 0}, city.cache())
	})
}

func TestAWantedSearchIsKeptWarm(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		city.shop("v-1", "UTC")
		for range 240 {
			city.find("?city=Berlin")
			time.Sleep(time.Minute)
		}
		require.Equal(t, [3]int{239, 1, 0}, city.cache())
	})
}

func TestTheCacheForgetsWhatNobodyWants(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		city.find("?city=Berlin")
		city.find("?city=Paris")
		require.Equal(t, 2, city.metric("cache_entries"))
		time.Sleep(16 * time.Minute)
		require.Equal(t, 0, city.metric("cache_entries"))
	})
}

func TestANewVendorInvalidatesItsCity(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{})
	city.shop("v-1", "UTC")
	city.find("?city=Berlin")
	city.find("?city=Paris")
	city.find("")
	city.shop("v-2", "UTC")
	require.Equal(t, 2, city.metric("cache_invalidations_total"), "Berlin and everywhere, not Paris")
	require.Equal(t, []string{"v-1", "v-2"}, city.find("?city=Berlin"))
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, func(t *testing.T, city *city) {
		city.find("?q=first")
		for i := range 1024 {
			time.Sleep(time.Millisecond)
			city.find(fmt.Sprint("?q=", i))
		}
		require.Equal(t, 1024, city.metric("cache_entries"))
		city.find("?q=first")
		require.Equal(t, [3]int{0, 1026, 0}, city.cache(), "the oldest made room")
	})
}

// slowStore takes a second for each View and counts them.
type slowStore struct {
	booking.Store
	views atomic.Int64
}

func (s *slowStore) View(ctx context.Context, read func(booking.Tx) error) error {
	s.views.Add(1)
	time.Sleep(time.Second)
	return s.Store.View(ctx, read)
}

func TestSearchesAtOnceShareOneLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{Store: booking.NewMemoryStore()}
		city := setup(t, booking.Config{Store: store})
		city.shop("v-1", "UTC")
		began := time.Now()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { city.find("?city=Berlin") })
		}
		all.Wait()
		require.Equal(t, time.Second, time.Since(began))
		require.EqualValues(t, 1, store.views.Load())
		require.Equal(t, [3]int{49, 1, 0}, city.cache())
	})
}

func TestAnAnswerReadBeforeAChangeDoesNotOutliveIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		city := setup(t, booking.Config{Store: &slowStore{Store: booking.NewMemoryStore()}})
		city.shop("v-1", "UTC")
		go city.find("?city=Berlin")
		synctest.Wait()
		city.shop("v-2", "UTC")
		require.Equal(t, []string{"v-1", "v-2"}, city.find("?city=Berlin"))
		require.Equal(t, 2, city.metric("cache_misses_total"))
	})
}
