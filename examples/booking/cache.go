package booking

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

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

// covers tells whether the search shows vendors of a city.
func (k searchKey) covers(city string) bool {
	return k.instant == 0 && (k.city == everywhere || k.city == city)
}

// searchCache keeps encoded answers. An entry is in the map as soon as
// somebody loads it, so that others who want the same wait for that one load.
// An entry that is dropped while it loads serves those who wait for it and
// nobody later, so that an answer read before a change never outlives it.
type searchCache struct {
	ttl time.Duration

	mu            sync.Mutex
	entries       map[searchKey]*searchEntry
	hits          int64
	misses        int64
	invalidations int64
}

type searchEntry struct {
	ready   chan struct{} // closed when body and err are there
	body    []byte
	err     error
	loaded  time.Time
	wanted  bool // hit since it was loaded
	expires time.Time
}

type searchLoad func(context.Context, searchKey) ([]byte, error)

func newSearchCache(ttl time.Duration) *searchCache {
	return &searchCache{ttl: ttl, entries: map[searchKey]*searchEntry{}}
}

// get returns the answer to a search from the cache, or loads it.
func (c *searchCache) get(ctx context.Context, key searchKey, now time.Time, load searchLoad) ([]byte, error) {
	entry, found := c.claim(key, now)
	if !found {
		return c.fill(ctx, key, entry, load)
	}
	select {
	case <-entry.ready:
		return entry.body, entry.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// claim finds the entry of a key or puts a new one, which the caller fills.
func (c *searchCache) claim(key searchKey, now time.Time) (entry *searchEntry, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok && now.Before(e.expires) {
		c.hits++
		e.wanted = true
		return e, true
	}
	c.misses++
	return c.put(key, now), false
}

// put makes an empty entry; the caller has the lock.
func (c *searchCache) put(key searchKey, now time.Time) *searchEntry {
	if _, replaces := c.entries[key]; !replaces && len(c.entries) >= cacheEntriesMax {
		delete(c.entries, c.oldest())
	}
	// The error stands only if the load panics: nobody must take an entry
	// that was never filled for an answer.
	e := &searchEntry{ready: make(chan struct{}), err: errInternal, loaded: now, expires: now.Add(c.ttl)}
	c.entries[key] = e
	return e
}

func (c *searchCache) oldest() searchKey {
	return slices.MinFunc(slices.Collect(maps.Keys(c.entries)), func(k, l searchKey) int {
		return cmp.Or(c.entries[k].loaded.Compare(c.entries[l].loaded), k.compare(l))
	})
}

// fill loads an entry without the lock. The load goes on when the client
// leaves, because others may wait for it.
func (c *searchCache) fill(ctx context.Context, key searchKey, e *searchEntry, load searchLoad) ([]byte, error) {
	defer close(e.ready)
	e.body, e.err = load(context.WithoutCancel(ctx), key)
	if e.err != nil {
		c.forget(key, e)
	}
	return e.body, e.err
}

func (c *searchCache) forget(key searchKey, e *searchEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key] == e {
		delete(c.entries, key)
	}
}

// invalidate drops every entry that shows a city's vendors.
func (c *searchCache) invalidate(city string) {
	city = canonicalCity(city)
	c.drop(func(k searchKey, _ *searchEntry) bool { return k.covers(city) }, true)
}

// drop removes entries and returns their keys in order.
func (c *searchCache) drop(which func(searchKey, *searchEntry) bool, invalid bool) []searchKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	var dropped []searchKey
	for k, e := range c.entries {
		if which(k, e) {
			dropped = append(dropped, k)
			delete(c.entries, k)
		}
	}
	if invalid {
		c.invalidations += int64(len(dropped))
	}
	slices.SortFunc(dropped, searchKey.compare)
	return dropped
}

// warm drops what has expired and loads again what is wanted and would expire
// before the next round, so that a popular search never waits.
func (c *searchCache) warm(ctx context.Context, now time.Time, round time.Duration, load searchLoad) {
	c.drop(func(_ searchKey, e *searchEntry) bool { return !now.Before(e.expires) }, false)
	soon := now.Add(round)
	c.reload(ctx, now, load, c.drop(func(_ searchKey, e *searchEntry) bool {
		return e.wanted && e.expires.Before(soon)
	}, false))
}

// thrash is BugCacheThrash: it drops and loads everything.
func (c *searchCache) thrash(ctx context.Context, now time.Time, load searchLoad) {
	c.reload(ctx, now, load, c.drop(func(searchKey, *searchEntry) bool { return true }, true))
}

func (c *searchCache) reload(ctx context.Context, now time.Time, load searchLoad, keys []searchKey) {
	for _, key := range keys {
		c.mu.Lock()
		e := c.put(key, now)
		c.mu.Unlock()
		_, _ = c.fill(ctx, key, e, load) // a failed entry is gone; the next search tries again
	}
}

// cacheStats is what the cache did so far and keeps now.
type cacheStats struct {
	hits, misses, invalidations int64
	entries                     int
	bytes                       int64
}

func (c *searchCache) stats() cacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := cacheStats{c.hits, c.misses, c.invalidations, len(c.entries), 0}
	for _, e := range c.entries {
		s.bytes += 256
		select {
		case <-e.ready:
			s.bytes += int64(len(e.body))
		default: // still loading; its body is not ours to read
		}
	}
	return s
}
