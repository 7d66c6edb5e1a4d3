package booking

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"time"
)

// searchCache keeps encoded answers to searches for a while. Whoever wants what
// somebody loads already waits for that one load. An answer that was read
// before a change never outlives the change.
type searchCache interface {
	// get returns the answer to a search from the cache, or loads it. Trouble
	// of the cache itself is a miss.
	get(ctx context.Context, key searchKey, now time.Time, load searchLoad) ([]byte, error)

	// invalidate drops the entries of which shows is true.
	invalidate(ctx context.Context, shows func(searchKey) bool)

	// lose drops a share of the entries and has the warmer load again those
	// that were wanted.
	lose(ctx context.Context, share float64) (dropped int64, err error)

	// warm drops what has expired and loads again what was lost and what is
	// wanted and would expire before the next round, so that a popular search
	// never waits.
	warm(ctx context.Context, now time.Time, round time.Duration, load searchLoad)

	// thrash is BugCacheThrash: it drops and loads everything.
	thrash(ctx context.Context, now time.Time, load searchLoad)

	stats(ctx context.Context) cacheStats
}

// searchLoad reads the answer to a search from the store.
type searchLoad func(context.Context, searchKey) ([]byte, error)

func newSearchCache(config Config) searchCache {
	if config.Redis != nil {
		return newRedisCache(config)
	}
	return newMemoryCache(config.SearchTTL)
}

// cacheEntriesMax bounds the search cache; the oldest entry makes room.
const cacheEntriesMax = 1024

// searchKey identifies a search. Searches that differ in blanks or case have
// one key.
type searchKey struct {
	city, q string
	instant int64 // always zero, but for BugColdCache
}

func (k searchKey) compare(l searchKey) int {
	return cmp.Or(cmp.Compare(k.city, l.city), cmp.Compare(k.q, l.q), cmp.Compare(k.instant, l.instant))
}

// showing tells of a search whether it shows vendors of a city.
func showing(city string) func(searchKey) bool {
	city = canonicalCity(city)
	return func(k searchKey) bool {
		return k.instant == 0 && (k.city == everywhere || k.city == city)
	}
}

func anySearch(searchKey) bool { return true }

// InvalidateCache drops a share of the cached searches, from 0 for none to 1 for
// all, and returns how many those were: entries spread evenly over the order of
// their keys, at least one if there are any. The next round of the warmer loads
// again those that were wanted. An error says that the share is no such number,
// or that the cache cannot be reached.
func (a *App) InvalidateCache(ctx context.Context, share float64) (dropped int64, err error) {
	if !(share >= 0 && share <= 1) {
		return 0, fmt.Errorf("booking: InvalidateCache: the share is %v, not from 0 to 1", share)
	}
	if a.has(BugColdRestart) {
		a.cold.Store(true)
	}
	return a.cache.lose(ctx, share)
}

// shareOf picks a share of the keys, every k-th where k is a whole number.
func shareOf(keys []searchKey, share float64) []searchKey {
	var picked []searchKey
	for i, key := range keys {
		if math.Ceil(float64(i+1)*share) > math.Ceil(float64(i)*share) {
			picked = append(picked, key)
		}
	}
	return picked
}

// cacheStats is what the cache did so far and keeps now.
type cacheStats struct {
	hits, misses, invalidations int64
	entries                     int
	bytes                       int64
}
