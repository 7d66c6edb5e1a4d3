package booking_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

// eachRedis runs a test over a Redis in this process, and over the one at
// REDIS_URL if there is one. Servers live outside of the bubble, clients in it.
func eachRedis(t *testing.T, open func() booking.Store, test func(t *testing.T, city *city)) {
	t.Helper()
	servers := map[string]func(*testing.T) *redis.Options{
		"in process": func(t *testing.T) *redis.Options { return &redis.Options{Addr: miniredis.RunT(t).Addr()} },
	}
	if url := os.Getenv("REDIS_URL"); url != "" {
		servers["at REDIS_URL"] = func(t *testing.T) *redis.Options {
			options, err := redis.ParseURL(url)
			require.NoError(t, err)
			return options
		}
	}
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := server(t)
			synctest.Test(t, func(t *testing.T) {
				config := booking.Config{Store: open(), Redis: client(t, options), RedisPrefix: t.Name()}
				t.Cleanup(func() { wipe(t, config.Redis, t.Name()) })
				test(t, setup(t, config))
			})
		})
	}
}

func quick() booking.Store { return booking.NewMemoryStore() }
func slow() booking.Store  { return &slowStore{Store: booking.NewMemoryStore()} }

// client is closed after the app.
func client(t *testing.T, options *redis.Options) *redis.Client {
	c := redis.NewClient(options)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// wipe removes what a test left behind.
func wipe(t *testing.T, c *redis.Client, prefix string) {
	ctx := context.Background()
	for _, key := range []string{"generation", "bodies", "expires"} {
		require.NoError(t, c.Del(ctx, "{"+prefix+":search}:"+key).Err())
	}
}

func TestRedisKeepsSearchesUntilTheyExpire(t *testing.T) {
	t.Parallel()
	eachRedis(t, quick, func(t *testing.T, city *city) {
		city.shop("v-1", "UTC")
		city.find("?city=Berlin")
		require.Equal(t, [3]int{0, 1, 0}, city.cache())
		time.Sleep(10 * time.Minute)
		require.Equal(t, []string{"v-1"}, city.find("?city=berlin"))
		require.Equal(t, [3]int{0, 2, 0}, city.cache())
		time.Sleep(10*time.Minute - 1)
		require.Equal(t, []string{"v-1"}, city.find("?city=%20Berlin"))
		require.Equal(t, [3]int{1, 2, 0}, city.cache())
	})
}

func TestRedisKeepsAWantedSearchWarm(t *testing.T) {
	t.Parallel()
	eachRedis(t, quick, func(t *testing.T, city *city) {
		city.shop("v-1", "UTC")
		for range 240 {
			city.find("?city=Berlin")
			time.Sleep(time.Minute)
		}
		require.Equal(t, [3]int{239, 1, 0}, city.cache())
	})
}

func TestRedisForgetsWhatNobodyWants(t *testing.T) {
	t.Parallel()
	eachRedis(t, quick, func(t *testing.T, city *city) {
		city.find("?city=Berlin")
		city.find(`?city=Paris&q="quoted"+and+blanks`)
		require.Equal(t, 2, city.metric("cache_entries"))
		time.Sleep(16 * time.Minute)
		require.Equal(t, 0, city.metric("cache_entries"))
	})
}

func TestANewVendorInvalidatesItsCityInRedis(t *testing.T) {
	t.Parallel()
	eachRedis(t, quick, func(t *testing.T, city *city) {
		city.shop("v-1", "UTC")
		city.find("?city=Berlin")
		city.find("?city=Paris")
		city.find("")
		city.shop("v-2", "UTC")
		require.Equal(t, 2, city.metric("cache_invalidations_total"), "Berlin and everywhere, not Paris")
		require.Equal(t, []string{"v-1", "v-2"}, city.find("?city=Berlin"))
		require.Equal(t, 2, city.metric("cache_entries"))
	})
}

func TestRedisIsBounded(t *testing.T) {
	t.Parallel()
	eachRedis(t, quick, func(t *testing.T, city *city) {
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

func TestSearchesAtOnceShareOneLoadIntoRedis(t *testing.T) {
	t.Parallel()
	eachRedis(t, slow, func(t *testing.T, city *city) {
		began := time.Now()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { city.find("?city=Berlin") })
		}
		all.Wait()
		require.Equal(t, time.Second, time.Since(began))
		require.Equal(t, [3]int{49, 1, 0}, city.cache())
	})
}

func TestAnAnswerReadBeforeAChangeIsNotStoredInRedis(t *testing.T) {
	t.Parallel()
	eachRedis(t, slow, func(t *testing.T, city *city) {
		go city.find("?city=Berlin")
		time.Sleep(time.Millisecond)
		city.shop("v-2", "UTC")
		require.Equal(t, []string{"v-2"}, city.find("?city=Berlin"))
		require.Equal(t, 2, city.metric("cache_misses_total"))
		require.Equal(t, 1, city.metric("cache_entries"))
	})
}

func TestInstancesShareRedis(t *testing.T) {
	t.Parallel()
	store := booking.NewMemoryStore()
	server := miniredis.RunT(t)
	synctest.Test(t, func(t *testing.T) {
		config := booking.Config{Store: store, Redis: client(t, &redis.Options{Addr: server.Addr()})}
		here, there := setup(t, config), setup(t, config)
		here.find("?city=Berlin")
		there.find("?city=Berlin")
		require.Equal(t, [3]int{1, 0, 0}, there.cache())
		here.shop("v-1", "UTC")
		require.Equal(t, []string{"v-1"}, there.find("?city=Berlin"))
	})
}

// A cache that is away costs misses, not answers, and what changes meanwhile
// is not forgotten.
func TestSearchAnswersWithoutRedis(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	synctest.Test(t, func(t *testing.T) {
		city := setup(t, booking.Config{Redis: client(t, &redis.Options{Addr: server.Addr(), MaxRetries: -1})})
		city.shop("v-1", "UTC")
		city.find("?city=Berlin")
		require.Equal(t, [3]int{0, 1, 0}, city.cache())

		server.SetError("LOADING away for a while")
		for range 10 {
			require.Equal(t, []string{"v-1"}, city.find("?city=Berlin"))
			time.Sleep(100 * time.Millisecond)
		}
		require.Equal(t, [3]int{0, 11, 0}, city.cache())
		_, err := city.app.InvalidateCache(t.Context(), 1)
		require.ErrorContains(t, err, "the cache failed")
		city.shop("v-2", "UTC")

		server.SetError("")
		time.Sleep(time.Second)
		require.Equal(t, []string{"v-1", "v-2"}, city.find("?city=Berlin"))
		require.Equal(t, []string{"v-1", "v-2"}, city.find("?city=Berlin"))
		require.Equal(t, [3]int{1, 12, 1}, city.cache())
	})
}

func TestRedisThatIsNotThereCostsMisses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		city := setup(t, booking.Config{Redis: client(t, &redis.Options{
			MaxRetries: -1, DialerRetries: 1,
			Dialer: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("nobody is there") },
		})})
		city.shop("v-1", "UTC")
		for range 5 {
			require.Equal(t, []string{"v-1"}, city.find("?city=Berlin"))
			time.Sleep(2 * time.Second)
		}
		require.Equal(t, [3]int{0, 5, 0}, city.cache())
	})
}
