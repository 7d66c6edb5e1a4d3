package booking_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

// dropsShares is what both caches do when a share of them is dropped.
func dropsShares(t *testing.T, city *city) {
	searches := func() {
		for i := range 10 {
			city.find(fmt.Sprint("?q=", i))
		}
	}
	drops := func(share float64, want int) {
		t.Helper()
		dropped, err := city.app.InvalidateCache(t.Context(), share)
		require.NoError(t, err)
		require.EqualValues(t, want, dropped)
		require.Equal(t, 10-want, city.metric("cache_entries"))
	}
	searches()
	searches() // and they are wanted
	require.Equal(t, [3]int{10, 10, 0}, city.cache())
	for _, nonsense := range []float64{-0.1, 1.1, math.NaN()} {
		_, err := city.app.InvalidateCache(t.Context(), nonsense)
		require.ErrorContains(t, err, "not from 0 to 1")
	}
	drops(0, 0)
	drops(0.5, 5)
	city.find("?q=1")
	require.Equal(t, [3]int{11, 10, 5}, city.cache(), "every second is still there")
	city.find("?q=0")
	require.Equal(t, [3]int{11, 11, 5}, city.cache())
	time.Sleep(5*time.Minute + time.Second)
	require.Equal(t, 10, city.metric("cache_entries"), "the warmer has loaded them again")
	searches()
	require.Equal(t, [3]int{21, 11, 5}, city.cache())
	drops(0.01, 1)
	searches()
	drops(1, 10)
	time.Sleep(5*time.Minute + time.Second)
	before := city.cache()
	searches()
	require.Equal(t, before[0]+10, city.cache()[0])
}

func TestAShareOfTheCacheIsDroppedAndWarmedAgain(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{}, dropsShares)
}

func TestAShareOfRedisIsDroppedAndWarmedAgain(t *testing.T) {
	t.Parallel()
	eachRedis(t, quick, dropsShares)
}

func TestASqueezedRateCountsEachRequestSeveralTimes(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{RatePerMinute: 60, RateBurst: 12}, func(t *testing.T, city *city) {
		allowed := func(who string) (n int) {
			u := city.customer(who)
			for u.get("/api/bookings").status == 200 {
				n++
			}
			return n
		}
		require.Equal(t, 12, allowed("ann"))
		thrice := city.app.SqueezeRate(3)
		require.Equal(t, 4, allowed("bob"))
		twice := city.app.SqueezeRate(2)
		require.Equal(t, 2, allowed("cem"))
		thrice()
		thrice()
		require.Equal(t, 6, allowed("dan"))
		twice()
		require.Equal(t, 12, allowed("eve"))
		require.EqualValues(t, 5, city.app.RateLimited())
	})
}

func TestNonsenseSqueezesNothing(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{RatePerMinute: 60, RateBurst: 2}, func(t *testing.T, city *city) {
		for i, multiplier := range []float64{0, -3, 0.5, math.NaN(), math.Inf(-1)} {
			restore := city.app.SqueezeRate(multiplier)
			u := city.customer(fmt.Sprint("c", i))
			u.get("/api/bookings").is(200)
			u.get("/api/bookings").is(200)
			u.get("/api/bookings").is(429)
			restore()
		}
		restore := city.app.SqueezeRate(math.Inf(1))
		city.customer("shut-out").get("/api/bookings").is(429)
		restore()
		city.customer("let-in").get("/api/bookings").is(200)
	})
	unlimited := setup(t, booking.Config{RatePerMinute: -1})
	defer unlimited.app.SqueezeRate(1000)()
	unlimited.customer("ann").get("/api/bookings").is(200)
}
