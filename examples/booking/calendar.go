package booking

import (
	"errors"
	"strings"
	"time"
)

// offer is a service of a vendor with the grid on which it can be booked.
type offer struct {
	vendor  Vendor
	service Service
	grid    grid
}

func (a *App) offerOf(v Vendor, s Service) (offer, error) {
	loc, err := a.zones.load(v.Timezone)
	if err != nil {
		return offer{}, err
	}
	return offer{v, s, grid{loc, v.OpenFrom, v.OpenTo, s.Duration()}}, nil
}

// findOffer looks up what a client wants to book.
func (a *App) findOffer(tx Tx, vendor, service string) (offer, error) {
	handle, service := canonicalHandle(vendor), strings.TrimSpace(service)
	v, err := tx.Vendor(handle)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return offer{}, err
	}
	if s, ok := v.service(service); ok {
		return a.offerOf(v, s)
	}
	switch {
	case a.has(BugAcceptsUnknownVendor):
		return phantom(handle, service), nil
	case err != nil:
		return offer{}, notFound("vendor " + handle)
	default:
		return offer{}, notFound("service " + service + " of vendor " + handle)
	}
}

// check refuses a start that is not a slot of the offer.
func (o offer) check(start, now time.Time) error {
	if !start.After(now) {
		return notASlot("%s is past", start.Format(time.RFC3339))
	}
	if !o.grid.has(start) {
		return notASlot("%s is not on the grid of %s", start.Format(time.RFC3339), o.vendor.Handle)
	}
	return nil
}

// checkFree refuses a booking whose place is taken. It must run in the Update
// that puts the booking, otherwise two customers can both find it free.
func (a *App) checkFree(tx Tx, b Booking, now time.Time) error {
	if a.has(BugRefusesCancelled) && a.cancelled.has(b) {
		return errSlotTaken
	}
	near, err := tx.Calendar(b.Vendor, b.Start, b.End)
	if err != nil {
		return err
	}
	seats := 0
	for _, other := range near {
		if other.ID == b.ID || !other.LiveAt(now) {
			continue
		}
		if a.has(BugComparesText) && other.AsSent != b.AsSent {
			continue
		}
		if rivals(b, other) {
			seats++
		}
	}
	if seats >= a.seats(b.Capacity) {
		return errSlotTaken
	}
	return nil
}

// rivals tells whether two overlapping bookings of one vendor want the same
// place. Exclusive services all want the vendor; a class wants a seat at its
// own start.
func rivals(b, other Booking) bool {
	if b.Exclusive() || other.Exclusive() {
		return b.Exclusive() && other.Exclusive()
	}
	return b.Service == other.Service && b.Start.Equal(other.Start)
}

// seats is how many bookings a slot takes.
func (a *App) seats(capacity int) int {
	if capacity > 1 && a.has(BugOversellsClasses) {
		return capacity + 1
	}
	return capacity
}
