package agents

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// funnelBooking is the funnel that a visit enters by its first attempt to book
// and completes by confirming.
const funnelBooking = "booking"

// visit is one attempt to get an appointment.
func (l *life) visit(ctx context.Context) error {
	l.herding = l.chance(l.Habits.Herd)
	listing, slots, err := l.look(ctx)
	if err != nil || len(slots) == 0 {
		return err
	}
	if l.chance(l.Habits.Mistype) {
		if err := l.mistype(ctx, listing, slots[0]); err != nil {
			return err
		}
	}
	if l.chance(l.Habits.Collector) {
		return l.collect(ctx, slots)
	}
	return l.choose(ctx, slots, fmt.Sprintf("%s#%d", l.ID(), l.visits))
}

// choose books one of the slots: the one it likes best, and when others are
// faster the next.
func (l *life) choose(ctx context.Context, slots []Slot, funnel string) error {
	seen := slots
	slots = slices.Clone(slots[:min(len(slots), l.SelectMax)])
	tries := l.TriesMax
	if l.character.Strict {
		tries = min(tries, 3)
	}
	for ; tries > 0 && len(slots) > 0; tries-- {
		if err := l.think(ctx); err != nil {
			return err
		}
		i := l.pick(slots)
		l.herding = false // who came too late looks around
		taken, err := l.take(ctx, slots[i], seen, funnel)
		if err != nil || !taken {
			return err
		}
		slots = slices.Delete(slots, i, i+1)
	}
	return nil
}

// pick prefers early slots and, of a class, the one that most others chose:
// people go where people go, and only a class that fills up shows whether the
// last seat is sold once.
func (l *life) pick(slots []Slot) int {
	i := pickEarly(l.Rand(), len(slots))
	joins := l.chance(0.7) || l.herding
	switch {
	case l.herding && slots[0].Exclusive():
		return 0
	case slots[i].Exclusive() || !joins:
		return i
	}
	i = 0
	for j, s := range slots {
		if s.Left < slots[i].Left {
			i = j
		}
	}
	return i
}

// look searches and lists slots until there are some, or patience is at its
// end. The first slots of the result are those it considers.
func (l *life) look(ctx context.Context) (Listing, []Slot, error) {
	patience := l.Policies().CustomerPatienceThreshold
	for wait := 1; ; wait++ {
		listing, slots, err := l.lookOnce(ctx)
		if len(slots) > 0 || ended(ctx, err) {
			return listing, slots, err
		}
		if errors.Is(err, ErrUnsupported) || patience < wait {
			return listing, nil, nil
		}
		patience -= wait // ever longer, so that waiting is not hammering
		if err := l.Sleep(ctx, time.Duration(wait)*l.Tick()); err != nil {
			return listing, nil, err
		}
	}
}

func (l *life) lookOnce(ctx context.Context) (Listing, []Slot, error) {
	listings, err := l.search(ctx)
	if err != nil || len(listings) == 0 {
		return Listing{}, nil, err
	}
	listing := listings[pickPopular(l.Rand(), len(listings))]
	if l.herding {
		listing = listings[0]
	}
	service := l.service(listing)
	if err := l.think(ctx); err != nil {
		return listing, nil, err
	}
	slots, err := l.list(ctx, listing.Vendor, service)
	return listing, slots, err
}

// service is any one, or that of the hour, which is the same for everybody and
// goes round also for those who come every few hours.
func (l *life) service(listing Listing) string {
	n := len(listing.Services)
	if n == 0 {
		return ""
	}
	i := l.Rand().IntN(n)
	if hour := l.Now().Hour(); l.herding {
		i = (hour + hour/3) % n
	}
	return listing.Services[i].ID
}

func (l *life) search(ctx context.Context) (listings []Listing, err error) {
	q := Query{City: l.Cities[l.Rand().IntN(len(l.Cities))]}
	if l.herding {
		q.City = l.Cities[0]
	}
	err = l.do(ctx, OpSearch, q.City, func(ctx context.Context, _ *simcity.Operation) error {
		listings, err = l.market.Search(ctx, l.User, q)
		return err
	})
	return listings, err
}

// list looks at a day's slots of a service.
func (l *life) list(ctx context.Context, vendor, service string) (slots []Slot, err error) {
	earliest := l.earliest()
	w := l.day(earliest)
	w.Vendor, w.Service = vendor, service
	input := vendor + "/" + service + " " + w.From.Format(time.RFC3339)
	err = l.do(ctx, OpSlots, input, func(ctx context.Context, op *simcity.Operation) error {
		if slots, err = l.market.Slots(ctx, l.User, w); err != nil {
			return err
		}
		slots = slices.DeleteFunc(slots, func(s Slot) bool { return s.Start.Before(earliest) })
		op.Facts = slices.Grow(op.Facts, min(len(slots), l.SelectMax))
		for _, s := range slots[:min(len(slots), l.SelectMax)] {
			op.Learn(simcity.Fact{
				Kind: simcity.Offered, Resource: s.Resource(), Start: s.Start, End: s.End,
				Capacity: s.Capacity, Left: s.Left,
			})
		}
		return nil
	})
	return slots, err
}

// day is the window of one day: today with probability 1/2, tomorrow with 1/4.
func (l *life) day(earliest time.Time) Window {
	days := 0
	for days < l.HorizonDays-1 && l.chance(0.5) && !l.herding {
		days++
	}
	from := earliest
	midnight := earliest.UTC().Truncate(24 * time.Hour)
	if days > 0 {
		from = midnight.AddDate(0, 0, days)
	}
	return Window{From: from, To: midnight.AddDate(0, 0, days+1)}
}

// earliest is the first start that leaves the vendor time to answer.
func (l *life) earliest() time.Time {
	return earliest(l.Now(), l.Policies().VendorOpenHours, 2*l.Tick()).Add(l.LeadMin).Truncate(time.Second)
}

// earliest is when a vendor sees what is asked now: at once within open hours,
// except in the margin before closing, otherwise at the next opening.
func earliest(now time.Time, hours simcity.OpenHours, margin time.Duration) time.Time {
	if hours.Contains(now) && hours.Contains(now.Add(margin)) {
		return now
	}
	return nextOpening(now, hours)
}

// nextOpening is the first opening after now.
func nextOpening(now time.Time, hours simcity.OpenHours) time.Time {
	opening := now.UTC().Truncate(24 * time.Hour).Add(time.Duration(hours.From) * time.Hour)
	if !opening.After(now) {
		opening = opening.AddDate(0, 0, 1)
	}
	return opening
}

// pickPopular prefers the first of n: of ten, the first gets 46 %.
func pickPopular(r *rand.Rand, n int) int {
	return min(n-1, int(float64(n)*math.Pow(r.Float64(), 3)))
}

// pickEarly prefers the first of n, each half as much as the one before.
func pickEarly(r *rand.Rand, n int) int {
	i := 0
	for i < n-1 && r.Float64() < 0.5 {
		i++
	}
	return i
}
