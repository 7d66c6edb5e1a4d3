package booking

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// memoryCache keeps answers in this process. An entry is in the map as soon as
// somebody loads it, so that others who want the same wait for that one load.
// An entry that is dropped while it loads serves those who wait for it and
// nobody later.
type memoryCache struct {
	ttl time.Duration

	mu            sync.Mutex
	entries       map[searchKey]*searchEntry
	lost          map[searchKey]bool // wanted, for the warmer
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

func newMemoryCache(ttl time.Duration) *memoryCache {
	return &memoryCache{ttl: ttl, entries: map[searchKey]*searchEntry{}, lost: map[searchKey]bool{}}
}

// get implements [searchCache].
func (c *memoryCache) get(ctx context.Context, key searchKey, now time.Time, load searchLoad) ([]byte, error) {
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
func (c *memoryCache) claim(key searchKey, now time.Time) (entry *searchEntry, found bool) {
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
func (c *memoryCache) put(key searchKey, now time.Time) *searchEntry {
	if _, replaces := c.entries[key]; !replaces && len(c.entries) >= cacheEntriesMax {
		delete(c.entries, c.oldest())
	}
	// The error stands only if the load panics: nobody must take an entry
	// that was never filled for an answer.
	e := &searchEntry{ready: make(chan struct{}), err: errInternal, loaded: now, expires: now.Add(c.ttl)}
	c.entries[key] = e
	return e
}

func (c *memoryCache) oldest() searchKey {
	return slices.MinFunc(slices.Collect(maps.Keys(c.entries)), func(k, l searchKey) int {
		return cmp.Or(c.entries[k].loaded.Compare(c.entries[l].loaded), k.compare(l))
	})
}

// fill loads an entry without the lock. The load goes on when the client
// leaves, because others may wait for it.
func (c *memoryCache) fill(ctx context.Context, key searchKey, e *searchEntry, load searchLoad) ([]byte, error) {
	defer close(e.ready)
	e.body, e.err = load(context.WithoutCancel(ctx), key)
	if e.err != nil {
		c.forget(key, e)
	}
	return e.body, e.err
}

func (c *memoryCache) forget(key searchKey, e *searchEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key] == e {
		delete(c.entries, key)
	}
}

// invalidate implements [searchCache].
func (c *memoryCache) invalidate(_ context.Context, shows func(searchKey) bool) {
	c.drop(func(k searchKey, _ *searchEntry) bool { return shows(k) }, true)
}

// lose implements [searchCache].
func (c *memoryCache) lose(_ context.Context, share float64) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := shareOf(slices.SortedFunc(maps.Keys(c.entries), searchKey.compare), share)
	for _, k := range keys {
		if c.entries[k].wanted && len(c.lost) < cacheEntriesMax {
			c.lost[k] = true
		}
		delete(c.entries, k)
	}
	c.invalidations += int64(len(keys))
	return int64(len(keys)), nil
}

// drop removes entries and returns their keys in order.
func (c *memoryCache) drop(which func(searchKey, *searchEntry) bool, invalid bool) []searchKey {
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

// warm implements [searchCache].
func (c *memoryCache) warm(ctx context.Context, now time.Time, round time.Duration, load searchLoad) {
	c.drop(func(_ searchKey, e *searchEntry) bool { return !now.Before(e.expires) }, false)
	soon := now.Add(round)
	c.reload(ctx, now, load, c.drop(func(_ searchKey, e *searchEntry) bool {
		return e.wanted && e.expires.Before(soon)
	}, false))
	c.reload(ctx, now, load, c.stillLost())
}

// stillLost returns what was lost and nobody has loaded since.
func (c *memoryCache) stillLost() []searchKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.lost, func(k searchKey, _ bool) bool { return c.entries[k] != nil })
	lost := slices.SortedFunc(maps.Keys(c.lost), searchKey.compare)
	clear(c.lost)
	return lost
}

// thrash implements [searchCache].
func (c *memoryCache) thrash(ctx context.Context, now time.Time, load searchLoad) {
	c.reload(ctx, now, load, c.drop(func(searchKey, *searchEntry) bool { return true }, true))
}

func (c *memoryCache) reload(ctx context.Context, now time.Time, load searchLoad, keys []searchKey) {
	for _, key := range keys {
		c.mu.Lock()
		e := c.put(key, now)
		c.mu.Unlock()
		_, _ = c.fill(ctx, key, e, load) // a failed entry is gone; the next search tries again
	}
}

// stats implements [searchCache].
func (c *memoryCache) stats(context.Context) cacheStats {
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
