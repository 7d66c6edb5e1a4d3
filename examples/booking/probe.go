package booking

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Probes counts what must never be, over all bookings that are kept.
type Probes struct {
	// DoubleBookings are exclusive bookings that overlap an earlier one of
	// their vendor.
	DoubleBookings int `json:"doubleBookings"`
	// Orphans are bookings of a vendor or service that does not exist.
	Orphans int `json:"orphans"`
	// Oversold are bookings of a class beyond its seats.
	Oversold int `json:"oversold"`
	// Unbalanced are bookings whose ledger entries do not add up to what the
	// customer was told.
	Unbalanced int `json:"unbalanced"`
}

// err names what is broken, or is nil.
func (p Probes) err() error {
	var broken []error
	count := func(n int, what string) {
		if n > 0 {
			broken = append(broken, fmt.Errorf("booking: integrity: %d %s", n, what))
		}
	}
	count(p.DoubleBookings, "double bookings")
	count(p.Orphans, "orphans (bookings of no vendor or service)")
	count(p.Oversold, "oversold seats")
	count(p.Unbalanced, "bookings that the ledger contradicts")
	return errors.Join(broken...)
}

// probes answers GET /api/test/probes.
func (a *App) probes(c *call) (reply, error) {
	p, err := a.Probe(c.Context())
	if err != nil {
		return reply{}, err
	}
	return answerJSON(http.StatusOK, p)
}

// Probe checks the data. It trusts no index and reads everything.
func (a *App) Probe(ctx context.Context) (p Probes, err error) {
	err = a.store.View(ctx, func(tx Tx) error {
		all, err := tx.AllBookings()
		if err != nil {
			return err
		}
		for _, b := range all {
			if err := p.inspect(tx, b); err != nil {
				return err
			}
		}
		p.inspectCalendars(all, time.Now())
		return nil
	})
	return p, err
}

// inspect looks at one booking alone.
func (p *Probes) inspect(tx Tx, b Booking) error {
	v, err := tx.Vendor(b.Vendor)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if _, ok := v.service(b.Service); !ok {
		p.Orphans++
	}
	sum, err := tx.Balance(b.ID)
	if err != nil {
		return err
	}
	if sum.ChargedCents != b.ChargedCents || sum.RefundedCents != b.RefundedCents {
		p.Unbalanced++
	}
	return nil
}

// inspectCalendars looks at bookings side by side. Those that took place, or
// should have, count like live ones.
func (p *Probes) inspectCalendars(all []Booking, now time.Time) {
	all = slices.DeleteFunc(slices.Clone(all), func(b Booking) bool {
		return !b.LiveAt(now) && b.Status != StatusCompleted && b.Status != StatusNoShow
	})
	slices.SortStableFunc(all, func(b, o Booking) int { return b.Start.Compare(o.Start) })
	busyUntil := map[string]time.Time{}
	seats := map[place]int{}
	for _, b := range all {
		if !b.Exclusive() {
			seat := placeOf(b)
			if seats[seat]++; seats[seat] > b.Capacity {
				p.Oversold++
			}
			continue
		}
		if b.Start.Before(busyUntil[b.Vendor]) {
			p.DoubleBookings++
		}
		if b.End.After(busyUntil[b.Vendor]) {
			busyUntil[b.Vendor] = b.End
		}
	}
}
