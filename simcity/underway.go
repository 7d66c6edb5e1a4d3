package simcity

import (
	"math"
	"sync"
	"time"
)

// underway knows which operations have begun and are not known to the rules yet, in
// the order of their starts.
type underway struct {
	mu          sync.Mutex
	first, last *ongoing
	lost        bool          // some were cut short by the end of the run: nobody knows their effect
	lostSince   time.Duration // the earliest start of those
}

// ongoing is an operation that is under way.
type ongoing struct {
	since         time.Duration
	before, after *ongoing
}

// begin takes in an operation that starts now, by the clock, and returns its start.
func (u *underway) begin(o *ongoing, clock func() time.Duration) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	*o = ongoing{since: clock(), before: u.last}
	if u.last == nil {
		u.first = o
	} else {
		u.last.after = o
	}
	u.last = o
	return o.since
}

// end lets go of an operation, whose effect the rules know unless it is lost.
func (u *underway) end(o *ongoing, lost bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if lost && (!u.lost || o.since < u.lostSince) {
		u.lost, u.lostSince = true, o.since
	}
	if o.before == nil {
		u.first = o.after
	} else {
		o.before.after = o.after
	}
	if o.after == nil {
		u.last = o.before
	} else {
		o.after.before = o.before
	}
}

// settled is the simulated time before which no operation began that the rules do
// not know; over tells that none will begin any more.
func (u *underway) settled(now time.Duration, over bool) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	if over {
		now = math.MaxInt64
	}
	if u.first != nil {
		now = min(now, u.first.since)
	}
	if u.lost {
		now = min(now, u.lostSince)
	}
	return now
}
