package booking

import (
	"strings"
	"time"
)

// admit finds out who calls and whether they may.
func (a *App) admit(c *call) error {
	if c.route.access == testers {
		return nil
	}
	if err := a.identify(c); err != nil {
		return err
	}
	switch {
	case c.account == nil && c.route.access != anyone:
		return errUnauthorized
	case c.account == nil:
		return nil
	case !a.limiter.allow(c.account, c.now):
		return errRateLimited
	case c.route.access == customers && c.account.role != RoleCustomer:
		return forbidden("this is for customers")
	case c.route.access == vendors && c.account.role != RoleVendor:
		return forbidden("this is for vendors")
	}
	return nil
}

// identify reads the session, if the request has one. A session that does not
// exist is refused even where none is needed: the client believes to be
// signed in.
func (a *App) identify(c *call) error {
	header := c.Header["Authorization"]
	if len(header) == 0 {
		return nil
	}
	token, ok := strings.CutPrefix(header[0], "Bearer ")
	if !ok {
		return errUnauthorized
	}
	acc, ok := a.accounts.find(token)
	if !ok {
		return errUnauthorized
	}
	acc.seen.Store(c.now.UnixNano())
	c.account = acc
	return nil
}

// limiter allows each account a number of requests per minute with some at
// once. It is the generic cell rate algorithm (ITU-T I.371): an account has
// one number, the instant at which its bucket is full again, instead of a
// level that somebody would have to refill.
type limiter struct {
	interval time.Duration // one request's share of time; 0 means no limit
	depth    time.Duration // how far ahead the instant may be
}

func newLimiter(perMinute, burst int) limiter {
	if perMinute < 0 {
		return limiter{}
	}
	interval := time.Minute / time.Duration(perMinute)
	return limiter{interval: interval, depth: interval * time.Duration(burst)}
}

func (l limiter) allow(acc *account, now time.Time) bool {
	if l.interval == 0 {
		return true
	}
	for {
		full := acc.allowed.Load()
		next := max(full, now.UnixNano()) + int64(l.interval)
		if next-now.UnixNano() > int64(l.depth) {
			return false
		}
		if acc.allowed.CompareAndSwap(full, next) {
			return true
		}
	}
}
