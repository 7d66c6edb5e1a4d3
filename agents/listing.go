package agents

import (
	"fmt"
	"strings"
	"time"
)

// Query is what a search asks for. Empty fields mean anything.
type Query struct {
	City string
	Text string
}

// Listing is a vendor as the marketplace shows it. The JSON names here and
// below are those of [REST]'s defaults.
type Listing struct {
	Vendor   string    `json:"vendor"` // handle, in its canonical spelling
	Name     string    `json:"name"`
	City     string    `json:"city"`
	Timezone string    `json:"timezone"` // IANA name
	OpenFrom int       `json:"openFrom"` // local hour
	OpenTo   int       `json:"openTo"`
	Services []Service `json:"services"`
}

// Service is what a vendor sells.
type Service struct {
	ID              string `json:"id,omitempty"`
	Name            string `json:"name"`
	DurationMinutes int    `json:"durationMinutes"`
	PriceCents      int64  `json:"priceCents"`
	// Capacity is how many customers a slot takes. 0 and 1 are exclusive: such
	// services share the vendor's calendar.
	Capacity int `json:"capacity"`
}

// Window asks for the slots of a vendor's service that start in [From, To).
type Window struct {
	Vendor  string
	Service string
	From    time.Time
	To      time.Time
}

// Slot is a start at which a service can be booked.
type Slot struct {
	Vendor     string    `json:"vendor"`
	Service    string    `json:"service"`
	Start      time.Time `json:"start"`
	End        time.Time `json:"end"`
	Capacity   int       `json:"capacity"`
	Left       int       `json:"left"`
	PriceCents int64     `json:"priceCents"`
}

// Exclusive tells whether the slot takes one customer only.
func (s Slot) Exclusive() bool { return s.Capacity <= 1 }

// Resource names what a booking of the slot occupies: the vendor, in lower
// case, for an exclusive service, "vendor/service" for a group class.
func (s Slot) Resource() string { return resource(s.Vendor, s.Service, s.Capacity) }

func resource(vendor, service string, capacity int) string {
	handle := strings.ToLower(strings.TrimSpace(vendor))
	if capacity <= 1 {
		return handle
	}
	return handle + "/" + service
}

// check says what is wrong with an element of an answer.
func (s Slot) check() error {
	switch {
	case s.Start.IsZero():
		return fmt.Errorf("a slot of %q has no start", s.Vendor)
	case !s.End.After(s.Start):
		return fmt.Errorf("the slot of %q at %s ends at %s", s.Vendor, s.Start.Format(time.RFC3339), s.End.Format(time.RFC3339))
	case s.Left < 0 || s.Capacity < 0:
		return fmt.Errorf("the slot of %q at %s has %d of %d left", s.Vendor, s.Start.Format(time.RFC3339), s.Left, s.Capacity)
	}
	return nil
}
