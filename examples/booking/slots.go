package booking

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// slotsWindowMax is how much time a slots list may span.
const slotsWindowMax = 14 * 24 * time.Hour

// Slot is a start at which a service can be booked.
type Slot struct {
	Vendor     string    `json:"vendor"`
	Service    string    `json:"service"`
	Start      time.Time `json:"start"`
	End        time.Time `json:"end"`
	Capacity   int       `json:"capacity"`
	Left       int       `json:"left"` // free places, never 0 in a list
	PriceCents int       `json:"priceCents"`
}

// slots answers GET /api/vendors/{vendor}/slots?service=&from=&to=. It is the
// truth and not cached: what it lists can be booked at this instant.
func (a *App) slots(c *call) (reply, error) {
	if err := a.dawdle(c.Context()); err != nil {
		return reply{}, err
	}
	query := c.URL.Query()
	from, to, err := window(query, c.now)
	if err != nil {
		return reply{}, err
	}
	handle, wanted := canonicalHandle(c.PathValue("vendor")), strings.TrimSpace(query.Get("service"))
	var free []Slot
	err = a.view(c, func(tx Tx) error {
		v, err := tx.Vendor(handle)
		if err != nil {
			return missing(err, "vendor "+handle)
		}
		// The past has no slots, and the present instant is past.
		if !from.After(c.now) {
			from = c.now.Add(1)
		}
		booked, err := a.calendar(tx, handle, from, to.Add(longestService), c.now)
		if err != nil {
			return err
		}
		free, err = a.freeSlots(v, wanted, booked, from, to, c.now)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: appendSlots(make([]byte, 0, 16+len(free)*bytesPerSlot), free)}, nil
}

// window reads from and to; by default the next 24 hours.
func window(query url.Values, now time.Time) (from, to time.Time, err error) {
	from, err = instant(query, "from", now)
	if err != nil {
		return from, to, err
	}
	to, err = instant(query, "to", from.Add(24*time.Hour))
	if err != nil {
		return from, to, err
	}
	if to.Before(from) || to.Sub(from) > slotsWindowMax {
		return from, to, badRequest("to must be within 14 days after from")
	}
	return from, to, nil
}

func instant(query url.Values, name string, otherwise time.Time) (time.Time, error) {
	text := query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, badRequest("%s must be RFC 3339 (is its plus sign escaped?)", name)
	}
	return t.UTC(), nil
}

// freeSlots lists what is left of one service, or of all when none is wanted.
func (a *App) freeSlots(v Vendor, wanted string, booked []Booking, from, to, now time.Time) ([]Slot, error) {
	free := make([]Slot, 0, 48)
	known := wanted == ""
	for _, s := range v.Services {
		if wanted != "" && wanted != s.ID {
			continue
		}
		known = true
		o, err := a.offerOf(v, s)
		if err != nil {
			return nil, err
		}
		taken := a.takenBy(s, booked, now)
		o.grid.starts(from, to, func(start time.Time) {
			end := start.Add(s.Duration())
			left := a.seats(s.Capacity) - taken.count(start, end)
			if left > 0 {
				free = append(free, Slot{v.Handle, s.ID, start, end, s.Capacity, left, s.PriceCents})
			}
		})
	}
	if !known {
		return nil, notFound("service " + wanted + " of vendor " + v.Handle)
	}
	return free, nil
}

// taken walks a calendar along with the slots of one service; both come by
// start, so that a list costs no more than their lengths together.
type taken struct {
	service Service
	live    []Booking
	next    int
}

func (a *App) takenBy(s Service, booked []Booking, now time.Time) *taken {
	t := &taken{service: s}
	for _, b := range booked {
		if !b.LiveAt(now) || b.Exclusive() != (s.Capacity == 1) {
			continue
		}
		if a.has(BugOffersTakenSlots) && b.Exclusive() && now.Sub(b.CreatedAt) > 5*time.Minute {
			continue
		}
		if b.Exclusive() || b.Service == s.ID {
			t.live = append(t.live, b)
		}
	}
	return t
}

// count returns how many places of the slot are taken.
func (t *taken) count(start, end time.Time) int {
	if t.service.Capacity == 1 {
		for t.next < len(t.live) && !t.live[t.next].End.After(start) {
			t.next++
		}
		if t.next < len(t.live) && t.live[t.next].Start.Before(end) {
			return 1
		}
		return 0
	}
	n := 0
	for t.next < len(t.live) && t.live[t.next].Start.Before(start) {
		t.next++
	}
	for i := t.next; i < len(t.live) && t.live[i].Start.Equal(start); i++ {
		n++
	}
	return n
}
