package booking

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// What a cache that does not answer may cost.
const (
	redisPatience = 250 * time.Millisecond // per question
	redisRest     = time.Second            // without questions after one that failed
)

// redisCache keeps answers in Redis, where all instances of the app find them.
// Three keys hold everything: the bodies, the index of when each expires, and a
// generation that every invalidation moves on. An answer is stored only if the
// generation is still that from before it was loaded.
//
// The clock that counts is the app's, so an expiry is stored with its body and
// not left to Redis. While Redis is away everything is a miss; what should have
// been dropped meanwhile is dropped before anything is read again.
type redisCache struct {
	client *redis.Client
	ttl    time.Duration
	log    *slog.Logger

	generation, bodies, index string // keys

	mu     sync.Mutex
	loads  map[searchKey]*searchEntry // under way in this process
	wanted map[searchKey]time.Time    // hit since loaded, with the expiry
	lost   map[searchKey]bool         // wanted, for the warmer
	owed   []func(searchKey) bool     // invalidations that Redis has not heard of
	rests  time.Time                  // no questions until then
	counts cacheStats
}

// owedMax bounds the invalidations that are owed one by one; more are owed as
// one of everything.
const owedMax = 64

func newRedisCache(config Config) *redisCache {
	prefix := "{" + config.RedisPrefix + ":search}:" // in braces: one slot of a cluster
	return &redisCache{
		client: config.Redis, ttl: config.SearchTTL, log: config.Logger,
		generation: prefix + "generation", bodies: prefix + "bodies", index: prefix + "expires",
		loads: map[searchKey]*searchEntry{}, wanted: map[searchKey]time.Time{}, lost: map[searchKey]bool{},
	}
}

// errResting is why Redis is not asked.
var errResting = errors.New("booking: the cache failed a moment ago")

// ask puts a question to Redis, outside of all locks.
func (c *redisCache) ask(ctx context.Context, question func(context.Context) error) error {
	if c.resting(time.Now()) {
		return errResting
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisPatience)
	defer cancel()
	err := question(ctx)
	if err == nil || errors.Is(err, redis.Nil) {
		return nil
	}
	c.log.Warn("the cache does not answer; searches read the store", "error", err)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rests = time.Now().Add(redisRest)
	return err
}

func (c *redisCache) resting(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return now.Before(c.rests)
}

// get implements [searchCache].
func (c *redisCache) get(ctx context.Context, key searchKey, now time.Time, load searchLoad) ([]byte, error) {
	entry, joined := c.join(key)
	if !joined {
		return c.serve(ctx, key, entry, now, load)
	}
	select {
	case <-entry.ready:
		return entry.body, entry.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// join finds the load of a key that is under way, or begins one.
func (c *redisCache) join(key searchKey) (entry *searchEntry, joined bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.loads[key]; ok {
		c.counts.hits++
		return e, true
	}
	e := &searchEntry{ready: make(chan struct{}), err: errInternal} // see memoryCache.put
	c.loads[key] = e
	return e, false
}

// leave ends a load; it may have been dropped and another begun since.
func (c *redisCache) leave(key searchKey, e *searchEntry) {
	close(e.ready)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loads[key] == e {
		delete(c.loads, key)
	}
}

// serve answers from Redis or else from the store.
func (c *redisCache) serve(ctx context.Context, key searchKey, e *searchEntry, now time.Time, load searchLoad) ([]byte, error) {
	defer c.leave(key, e)
	body, expires, generation, err := c.fetch(ctx, key)
	if err == nil && now.Before(expires) {
		c.hit(key, expires)
		e.body, e.err = body, nil
		return e.body, e.err
	}
	c.missed()
	if e.body, e.err = load(context.WithoutCancel(ctx), key); err == nil && e.err == nil {
		c.put(ctx, key, e.body, now, generation)
	}
	return e.body, e.err
}

func (c *redisCache) hit(key searchKey, expires time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.hits++
	if len(c.wanted) < cacheEntriesMax {
		c.wanted[key] = expires
	}
}

func (c *redisCache) missed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.misses++
}

// fetch reads an entry and the generation; an entry that is not there has
// expired at the zero time.
func (c *redisCache) fetch(ctx context.Context, key searchKey) (body []byte, expires time.Time, generation string, err error) {
	if err := c.settle(ctx); err != nil {
		return nil, expires, "", err
	}
	var entry, now *redis.StringCmd
	err = c.ask(ctx, func(ctx context.Context) error {
		_, err := c.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			now, entry = p.Get(ctx, c.generation), p.HGet(ctx, c.bodies, fieldOf(key))
			return nil
		})
		return err
	})
	if err != nil {
		return nil, expires, "", err
	}
	stored, _ := entry.Bytes() // empty when it is not there
	if len(stored) >= 8 {
		expires = time.Unix(0, int64(binary.BigEndian.Uint64(stored)))
		body = stored[8:]
	}
	return body, expires, cmp.Or(now.Val(), "0"), nil
}

// putScript stores a body if nothing was invalidated since, and makes room for
// it by dropping what expires first.
var putScript = redis.NewScript(`
if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[2])
local over = redis.call('ZCARD', KEYS[3]) - tonumber(ARGV[5])
if over > 0 then
	for _, field in ipairs(redis.call('ZRANGE', KEYS[3], 0, over - 1)) do
		redis.call('HDEL', KEYS[2], field)
		redis.call('ZREM', KEYS[3], field)
	end
end
return 1`)

// put stores what was loaded. If that fails, the next search loads it again.
func (c *redisCache) put(ctx context.Context, key searchKey, body []byte, now time.Time, generation string) {
	expires := now.Add(c.ttl)
	stored := append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(body)), uint64(expires.UnixNano())), body...)
	_ = c.ask(ctx, func(ctx context.Context) error {
		return putScript.Run(ctx, c.client, []string{c.generation, c.bodies, c.index},
			generation, fieldOf(key), stored, expires.UnixMilli(), cacheEntriesMax).Err()
	})
}

// fieldOf is a key's name in Redis, keyOfField its reverse.
func fieldOf(k searchKey) string {
	return strings.Join([]string{strconv.Quote(k.city), strconv.Quote(k.q), strconv.FormatInt(k.instant, 10)}, " ")
}

func keyOfField(field string) (k searchKey, ok bool) {
	city, rest, err := unquotePrefix(field)
	q, rest, err2 := unquotePrefix(strings.TrimPrefix(rest, " "))
	instant, err3 := strconv.ParseInt(strings.TrimPrefix(rest, " "), 10, 64)
	return searchKey{city, q, instant}, errors.Join(err, err2, err3) == nil
}

func unquotePrefix(text string) (value, rest string, err error) {
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", "", err
	}
	value, err = strconv.Unquote(quoted)
	return value, text[len(quoted):], err
}

// keys lists what Redis has, in order.
func (c *redisCache) keys(ctx context.Context) ([]searchKey, error) {
	var fields []string
	err := c.ask(ctx, func(ctx context.Context) (err error) {
		fields, err = c.client.ZRange(ctx, c.index, 0, -1).Result()
		return err
	})
	if err != nil {
		return nil, err
	}
	keys := make([]searchKey, 0, len(fields))
	for _, field := range fields {
		if k, ok := keyOfField(field); ok {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, searchKey.compare)
	return keys, nil
}

// remove drops entries and returns how many there were.
func (c *redisCache) remove(ctx context.Context, keys []searchKey) (removed int64, err error) {
	if len(keys) == 0 {
		return 0, nil
	}
	fields := make([]string, len(keys))
	members := make([]any, len(keys))
	for i, k := range keys {
		fields[i] = fieldOf(k)
		members[i] = fields[i]
	}
	err = c.ask(ctx, func(ctx context.Context) error {
		var n *redis.IntCmd
		_, err := c.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			n = p.HDel(ctx, c.bodies, fields...)
			p.ZRem(ctx, c.index, members...)
			return nil
		})
		removed = n.Val()
		return err
	})
	return removed, err
}

// invalidate implements [searchCache].
func (c *redisCache) invalidate(ctx context.Context, shows func(searchKey) bool) {
	c.mu.Lock()
	maps.DeleteFunc(c.loads, func(k searchKey, _ *searchEntry) bool { return shows(k) })
	maps.DeleteFunc(c.wanted, func(k searchKey, _ time.Time) bool { return shows(k) })
	if len(c.owed) >= owedMax {
		c.owed, shows = nil, anySearch
	}
	c.owed = append(c.owed, shows)
	c.mu.Unlock()
	_ = c.settle(ctx) // what stays owed is settled before anything is read
}

// settle drops what is owed to be dropped.
func (c *redisCache) settle(ctx context.Context) error {
	owed := c.takeOwed()
	if len(owed) == 0 {
		return nil
	}
	err := c.forget(ctx, func(k searchKey) bool {
		return slices.ContainsFunc(owed, func(shows func(searchKey) bool) bool { return shows(k) })
	})
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.owed = append(owed, c.owed...)
	}
	return err
}

func (c *redisCache) takeOwed() []func(searchKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	owed := c.owed
	c.owed = nil
	return owed
}

// forget moves the generation on, so that nothing that is being loaded now is
// stored, and drops entries.
func (c *redisCache) forget(ctx context.Context, which func(searchKey) bool) error {
	err := c.ask(ctx, func(ctx context.Context) error { return c.client.Incr(ctx, c.generation).Err() })
	if err != nil {
		return err
	}
	keys, err := c.keys(ctx)
	if err != nil {
		return err
	}
	n, err := c.remove(ctx, slices.DeleteFunc(keys, func(k searchKey) bool { return !which(k) }))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.invalidations += n
	return err
}
