package booking

import (
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// limiter allows each account a number of requests per minute with some at
// once. It is the generic cell rate algorithm (ITU-T I.371): an account has
// one number, the instant at which its bucket is full again, instead of a
// level that somebody would have to refill.
type limiter struct {
	interval time.Duration // one request's share of time; 0 means no limit
	depth    time.Duration // how far ahead the instant may be
	cost     atomic.Int64  // what one request takes, in nanoseconds: interval, unless squeezed
	sticky   bool          // BugStickyLimit

	mu       sync.Mutex
	squeezes []*float64 // multipliers in force
}

// set gives the limiter its limit; it must come before anything else.
func (l *limiter) set(perMinute, burst int) {
	if perMinute < 0 {
		return
	}
	l.interval = time.Minute / time.Duration(perMinute)
	l.depth = l.interval * time.Duration(burst)
	l.cost.Store(int64(l.interval))
}

func (l *limiter) allow(acc *account, now time.Time) bool {
	if l.interval == 0 {
		return true
	}
	for {
		full := acc.allowed.Load()
		next := max(full, now.UnixNano()) + l.cost.Load()
		if next-now.UnixNano() > int64(l.depth) {
			if l.sticky && full <= now.Add(l.depth).UnixNano() {
				acc.allowed.Store(now.Add(6 * time.Hour).Add(l.depth - l.interval).UnixNano())
			}
			return false
		}
		if acc.allowed.CompareAndSwap(full, next) {
			return true
		}
	}
}

// weigh counts each request as often as all squeezes together say; the caller
// has the lock.
func (l *limiter) weigh() {
	cost := float64(l.interval)
	for _, multiplier := range l.squeezes {
		cost *= *multiplier
	}
	// More than any depth refuses everything, and must not overflow.
	l.cost.Store(int64(min(cost, float64(math.MaxInt64/4))))
}

func (l *limiter) squeeze(multiplier float64) (restore func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine := &multiplier
	l.squeezes = append(l.squeezes, mine)
	l.weigh()
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.squeezes = slices.DeleteFunc(l.squeezes, func(m *float64) bool { return m == mine })
		l.weigh()
	}
}

// SqueezeRate counts each request of a user multiplier times against the rate
// limit until restore is called. Squeezes multiply; restoring twice does
// nothing. A multiplier below 1, or none at all (NaN), counts as 1 and changes
// nothing; one above RateBurst refuses everything. Without a limit there is
// nothing to squeeze.
func (a *App) SqueezeRate(multiplier float64) (restore func()) {
	if !(multiplier > 1) {
		multiplier = 1
	}
	return a.limiter.squeeze(multiplier)
}

// RateLimited is how many requests the rate limit has refused so far.
func (a *App) RateLimited() int64 {
	var refused int64
	for _, rt := range a.routes {
		refused += rt.count(http.StatusTooManyRequests).Load()
	}
	return refused
}
