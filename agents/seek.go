package agents

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// seeking is how a vendor finds out whether customers find it: a listing that
// was acknowledged but is not shown sells nothing.
type seeking struct {
	random *rand.Rand // of its own, so that looking leaves the vendor's choices alone
	since  time.Time  // the listing was acknowledged
	soon   []time.Duration
	next   time.Time // zero for never
}

// startSeeking plans the first looks.
func (d *desk) startSeeking() {
	if d.SeekEvery < 0 {
		return
	}
	d.seeking = seeking{
		random: d.World().Rand("seeking/" + d.ID()), since: d.Now(),
		soon: []time.Duration{2 * time.Minute, 10 * time.Minute, 30 * time.Minute},
	}
	d.planSeeking()
}

func (d *desk) planSeeking() {
	s := &d.seeking
	if len(s.soon) > 0 {
		s.next = s.since.Add(about(s.random, s.soon[0]))
		s.soon = s.soon[1:]
		return
	}
	s.next = d.Now().Add(time.Duration((0.5 + s.random.Float64()) * float64(d.SeekEvery)))
}

// idle lets time pass in which nothing is to be done but to look itself up.
func (d *desk) idle(ctx context.Context, pause time.Duration) error {
	until := d.Now().Add(pause)
	for !d.seeking.next.IsZero() && d.seeking.next.Before(until) {
		if err := d.SleepUntil(ctx, d.seeking.next); err != nil {
			return err
		}
		if err := d.seek(ctx); err != nil {
			return err
		}
	}
	return d.SleepUntil(ctx, until)
}

// seek looks the vendor up as customers do, by its city. Apps show only so many
// results, so if it is not among them it asks for its name there as well.
func (d *desk) seek(ctx context.Context) error {
	d.planSeeking()
	err := d.do(ctx, OpSearch, d.listing.City+" "+d.listing.Name, func(ctx context.Context, op *simcity.Operation) error {
		found := false
		for _, q := range []Query{{City: d.listing.City}, {City: d.listing.City, Text: d.listing.Name}} {
			shown, err := d.market.Search(ctx, d.User, q)
			if err != nil {
				return err
			}
			found = slices.ContainsFunc(shown, func(l Listing) bool { return l.Vendor == d.listing.Vendor })
			if found {
				break
			}
		}
		op.Learn(simcity.Fact{
			Kind: simcity.Sought, ID: d.listing.Vendor, Holder: d.ID(), Start: d.seeking.since, Same: found,
		})
		return nil
	})
	if errors.Is(err, ErrUnsupported) {
		d.seeking.next = time.Time{}
	}
	return only(ctx, err)
}
