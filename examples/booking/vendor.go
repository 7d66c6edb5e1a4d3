package booking

import (
	"math"
	"strings"
	"time"
)

// Vendor sells services in slots on a grid of half hours within the open
// hours of its own time zone.
type Vendor struct {
	Handle   string    `json:"vendor"` // canonical: lower case, no blanks around
	Owner    string    `json:"-"`      // the user who may act for it
	Name     string    `json:"name"`
	City     string    `json:"city"`
	Timezone string    `json:"timezone"` // IANA
	OpenFrom int       `json:"openFrom"` // local hour, 0 to 23
	OpenTo   int       `json:"openTo"`   // local hour, 1 to 24
	Rating   float64   `json:"rating"`   // 1 to 5 in half stars
	Services []Service `json:"services"`

	Accepted int `json:"-"` // requests that the vendor took
	Declined int `json:"-"` // requests that it refused or left unanswered
}

// Service is what a vendor sells.
type Service struct {
	ID              string `json:"id"`
	Name            string `json:"name"`
	DurationMinutes int    `json:"durationMinutes"`
	PriceCents      int    `json:"priceCents"`
	// Capacity 1 is exclusive: such services of a vendor share one calendar.
	// More is a class, with as many seats at each start.
	Capacity int `json:"capacity"`
}

// Duration is the service's length.
func (s Service) Duration() time.Duration {
	return time.Duration(s.DurationMinutes) * time.Minute
}

// service finds one of the vendor's services.
func (v Vendor) service(id string) (Service, bool) {
	for _, s := range v.Services {
		if s.ID == id {
			return s, true
		}
	}
	return Service{}, false
}

// matches tells whether a search for q, in lower case, should show the vendor.
func (v Vendor) matches(q string) bool {
	if strings.Contains(strings.ToLower(v.Name), q) {
		return true
	}
	for _, s := range v.Services {
		if strings.Contains(strings.ToLower(s.Name), q) {
			return true
		}
	}
	return false
}

// answered counts one answer to a request and tells whether the rating moved.
//
// The rating is 5 for an accepted and 1 for a declined request on average,
// smoothed by ten imaginary acceptances, so that one refusal does not brand a
// newcomer, and rounded to half stars, so that it moves seldom: every move
// costs the city its cached searches.
func (v *Vendor) answered(accepted bool) (moved bool) {
	if accepted {
		v.Accepted++
	} else {
		v.Declined++
	}
	took, refused := float64(v.Accepted+10), float64(v.Declined)
	before := v.Rating
	v.Rating = math.Round(2*(5*took+refused)/(took+refused)) / 2
	return v.Rating != before
}

// canonicalHandle is the one spelling of a vendor's handle.
func canonicalHandle(spelled string) string {
	return strings.ToLower(strings.TrimSpace(spelled))
}

// canonicalCity is the spelling under which a city's vendors are found.
func canonicalCity(spelled string) string {
	return strings.ToLower(strings.TrimSpace(spelled))
}
