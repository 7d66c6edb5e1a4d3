package invariants

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// When a stretch of time is bad: see [RecoveryTime].
const (
	bucketLength = time.Minute
	badShare     = 0.05 // of operations, failed or limited
	badLeast     = 3
	staleAfter   = 10 * time.Minute
	coldShare    = 0.25 // of lookups that hit
	coldLookups  = 20
	coldReading  = 10 * time.Minute
)

// A sign is something bad that clients saw last at a time.
type sign struct {
	at  time.Duration
	got string
}

// health finds the stretches of time in which a city is not well.
type health struct {
	start  time.Time
	tell   func(sign)
	bucket bucket
	cache  cacheReading
}

func newHealth(start time.Time, tell func(sign)) *health {
	return &health{start: start, tell: tell, cache: cacheReading{hits: rise{name: CacheHits}, misses: rise{name: CacheMisses}}}
}

// A bucket is a minute.
type bucket struct {
	number                         int64
	all                            int64
	failed, limited, leaked, stale tally
}

// A tally counts what is bad in a bucket.
type tally struct {
	n    int64
	last time.Duration
}

func (t *tally) add(at time.Duration) {
	t.n++
	t.last = max(t.last, at)
}

func (h *health) operation(op *simcity.Operation) {
	h.advance(op.End)
	b := &h.bucket
	b.all++
	if op.Outcome == simcity.Failed {
		b.failed.add(op.End)
	}
	if op.Status == http.StatusTooManyRequests {
		b.limited.add(op.End)
	}
	for i := range op.Facts {
		f := &op.Facts[i]
		if foreign(f) {
			b.leaked.add(op.End)
		}
		if _, old := soughtAfter(op, f, h.start, staleAfter); old && !f.Same {
			b.stale.add(op.End)
		}
	}
}

// advance closes the bucket if its minute is over. Operations of a paced run
// may come a little late: they count where they come.
func (h *health) advance(at time.Duration) {
	if number := int64(at / bucketLength); number > h.bucket.number {
		h.close()
		h.bucket.number = number
	}
}

// close tells what was bad in the bucket under way.
func (h *health) close() {
	b := h.bucket
	h.bucket = bucket{number: b.number}
	for _, one := range [...]struct {
		tally
		what string
	}{{b.failed, "operations failed"}, {b.limited, "operations were answered 429"}} {
		if one.n >= badLeast && share(one.n, b.all) > badShare {
			h.tell(sign{one.last, fmt.Sprintf("%d of %d %s", one.n, b.all, one.what)})
		}
	}
	if b.leaked.n > 0 {
		h.tell(sign{b.leaked.last, fmt.Sprintf("%d looks at foreign data", b.leaked.n)})
	}
	if b.stale.n > 0 {
		h.tell(sign{b.stale.last, fmt.Sprintf("%d searches did not find what was there for %s", b.stale.n, brief(staleAfter))})
	}
}

// A cacheReading is as many ticks in a row as bring enough lookups.
type cacheReading struct {
	hits, misses rise
	hit, lookups float64
	since, at    time.Duration // of the reading, of the last tick
	faults       []string
}

func (h *health) tick(s *simcity.Snapshot) *simcity.Breach {
	h.advance(s.At)
	c := &h.cache
	hits, misses := c.hits.since(s), c.misses.since(s)
	previous := c.at
	c.at = s.At
	if !slices.Equal(c.faults, s.Faults) {
		// a fault began or ended since the last tick: what rose belongs to neither
		c.faults = s.Faults
		c.restart(s.At)
		return nil
	}
	if c.since < previous && s.At-c.since > coldReading {
		c.restart(previous) // too few lookups for too long
	}
	c.hit += hits
	c.lookups += hits + misses
	if c.lookups < coldLookups {
		return nil
	}
	if c.hit < coldShare*c.lookups {
		h.tell(sign{s.At, fmt.Sprintf("%.0f of %.0f cache lookups were hits", c.hit, c.lookups)})
	}
	c.restart(s.At)
	return nil
}

func (c *cacheReading) restart(at time.Duration) { c.since, c.hit, c.lookups = at, 0, 0 }
