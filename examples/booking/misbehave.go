package booking

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// misbehave is where the planted bugs live that have nothing to do with what
// a route does. The correct app only counts.
func (a *App) misbehave(c *call) error {
	path := c.URL.Path
	if !strings.HasPrefix(path, "/api/") {
		return nil
	}
	n := a.requests.Add(1)
	if a.has(BugSlowTail) && n%40 == 0 {
		return pause(c.Context(), 1500*time.Millisecond)
	}
	if a.has(BugFlakyErrors) && c.Method == http.MethodGet && !strings.HasPrefix(path, "/api/test/") {
		if a.reads.Add(1)%25 == 0 {
			return errInternal
		}
	}
	return nil
}

// dawdle is BugSlowSearch.
func (a *App) dawdle(ctx context.Context) error {
	if a.has(BugSlowSearch) {
		return pause(ctx, 700*time.Millisecond)
	}
	return nil
}

// hoarded is what BugHoardsMemory claims to keep, in bytes.
func (a *App) hoarded() int64 {
	if a.has(BugHoardsMemory) {
		return a.requests.Load() * 64 << 10
	}
	return 0
}

// pause waits outside of all locks, unless the client goes away.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// phantom is the offer of a vendor or service that does not exist, as
// BugAcceptsUnknownVendor makes it up.
func phantom(vendor, service string) offer {
	return offer{
		vendor:  Vendor{Handle: vendor},
		service: Service{ID: service, Capacity: 1, DurationMinutes: 30},
		grid:    grid{loc: time.UTC, openTo: 24, duration: 30 * time.Minute},
	}
}

// spelling is what BugComparesText compares: the vendor as spelled and
// whatever follows the seconds in the start, such as "Z" or "+02:00".
func spelling(vendor, start string) string {
	if i := len("2000-01-02T15:04:05"); len(start) > i {
		return vendor + " " + start[i:]
	}
	return vendor
}

// cancelledSlots remembers, for BugRefusesCancelled alone, which slots were
// given back.
type cancelledSlots struct {
	mu    sync.Mutex
	slots map[place]bool
}

func (s *cancelledSlots) add(b Booking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slots == nil {
		s.slots = map[place]bool{}
	}
	s.slots[placeOf(b)] = true
}

func (s *cancelledSlots) has(b Booking) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slots[placeOf(b)]
}

// calendar is the vendor's. BugStaleCache keeps it for 30 minutes, whatever is
// booked meanwhile.
func (a *App) calendar(tx Tx, vendor string, from, to, now time.Time) ([]Booking, error) {
	if !a.has(BugStaleCache) {
		return tx.Calendar(vendor, from, to)
	}
	return a.stale.calendar(vendor, now, func() ([]Booking, error) {
		return tx.Calendar(vendor, now.Add(-longestService), now.AddDate(1, 0, 0))
	})
}

// staleCalendars remembers, for BugStaleCache alone, what was read.
type staleCalendars struct {
	mu   sync.Mutex
	read map[string]staleCalendar
}

type staleCalendar struct {
	at     time.Time
	booked []Booking
}

func (s *staleCalendars) calendar(vendor string, now time.Time, read func() ([]Booking, error)) ([]Booking, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.read[vendor]; ok && now.Sub(old.at) < 30*time.Minute {
		return old.booked, nil
	}
	booked, err := read()
	if s.read == nil {
		s.read = map[string]staleCalendar{}
	}
	s.read[vendor] = staleCalendar{now, booked}
	return booked, err
}
