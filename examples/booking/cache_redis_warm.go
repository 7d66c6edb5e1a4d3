package booking

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// lose implements [searchCache].
func (c *redisCache) lose(ctx context.Context, share float64) (int64, error) {
	keys, err := c.keys(ctx)
	if err != nil {
		return 0, err
	}
	keys = shareOf(keys, share)
	n, err := c.remove(ctx, keys)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range keys {
		if _, wanted := c.wanted[k]; wanted && len(c.lost) < cacheEntriesMax {
			c.lost[k] = true
		}
		delete(c.wanted, k)
	}
	c.counts.invalidations += n
	return n, err
}

// warm implements [searchCache]. It goes by what this process saw wanted.
func (c *redisCache) warm(ctx context.Context, now time.Time, round time.Duration, load searchLoad) {
	if err := c.dropExpired(ctx, now); err != nil {
		return // nothing could be stored either; what is wanted stays noted
	}
	c.reload(ctx, now, load, c.due(now, now.Add(round)))
}

func (c *redisCache) dropExpired(ctx context.Context, now time.Time) error {
	var fields []string
	err := c.ask(ctx, func(ctx context.Context) (err error) {
		// Whole milliseconds: what expires within this one waits for the next round.
		upTo := "(" + strconv.FormatInt(now.UnixMilli(), 10)
		fields, err = c.client.ZRangeArgs(ctx, redis.ZRangeArgs{Key: c.index, Start: "-inf", Stop: upTo, ByScore: true}).Result()
		return err
	})
	if err != nil {
		return err
	}
	var keys []searchKey
	for _, field := range fields {
		if k, ok := keyOfField(field); ok {
			keys = append(keys, k)
		}
	}
	_, err = c.remove(ctx, keys)
	return err
}

// due takes the keys to be loaded before the next round: what was lost, and
// what is wanted and expires till then.
func (c *redisCache) due(now, soon time.Time) []searchKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	due := c.lost
	c.lost = map[searchKey]bool{}
	for k, expires := range c.wanted {
		if !expires.Before(soon) {
			continue
		}
		if now.Before(expires) {
			due[k] = true
		}
		delete(c.wanted, k)
	}
	return slices.SortedFunc(maps.Keys(due), searchKey.compare)
}

// reload loads entries in the order of the keys.
func (c *redisCache) reload(ctx context.Context, now time.Time, load searchLoad, keys []searchKey) {
	for _, key := range keys {
		_, _, generation, err := c.fetch(ctx, key)
		if err != nil {
			return // Redis has gone; the next search tries again
		}
		if body, err := load(ctx, key); err == nil {
			c.put(ctx, key, body, now, generation)
		}
	}
}

// thrash implements [searchCache].
func (c *redisCache) thrash(ctx context.Context, now time.Time, load searchLoad) {
	keys, err := c.keys(ctx)
	if err != nil {
		return
	}
	c.invalidate(ctx, anySearch)
	c.reload(ctx, now, load, keys)
}

// stats implements [searchCache]. Without Redis there are no entries; what it
// keeps is no memory of this process.
func (c *redisCache) stats(ctx context.Context) cacheStats {
	var entries int64
	_ = c.ask(ctx, func(ctx context.Context) (err error) {
		entries, err = c.client.ZCard(ctx, c.index).Result()
		return err
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.counts
	s.entries = int(entries)
	return s
}
