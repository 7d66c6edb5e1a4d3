package booking

import (
	"fmt"
	"sync"
	"time"
	// Simulated runs must not depend on the zone files of the machine, and a
	// container built from scratch has none.
	_ "time/tzdata"
)

// gridStep is the distance of two starts.
const gridStep = 30 * time.Minute

// grid is where a service's slots can lie: every half hour from opening, as
// long as the service ends before closing.
//
// Within a day it counts in absolute time from the opening instant. So a day
// on which the clock changes during open hours has an hour's slots less or
// more, no slot begins at a local time that does not exist, and the repeated
// hour is offered twice.
type grid struct {
	loc              *time.Location
	openFrom, openTo int // local hours
	duration         time.Duration
}

// day returns the opening and closing instants of a local date.
func (g grid) day(year int, month time.Month, day int) (opens, closes time.Time) {
	opens = time.Date(year, month, day, g.openFrom, 0, 0, 0, g.loc)
	closes = time.Date(year, month, day, g.openTo, 0, 0, 0, g.loc)
	// Where the opening hour is skipped by the clock, time.Date may answer
	// an instant before the gap, even of the day before; the vendor opens
	// after it.
	noon := time.Date(year, month, day, 12, 0, 0, 0, g.loc)
	for opens.Day() != noon.Day() || opens.Hour() < g.openFrom {
		opens = opens.Add(gridStep)
	}
	return opens, closes
}

// has tells whether a slot can start at that instant.
func (g grid) has(start time.Time) bool {
	local := start.In(g.loc)
	opens, closes := g.day(local.Date())
	return !start.Before(opens) &&
		start.Sub(opens)%gridStep == 0 &&
		!start.Add(g.duration).After(closes)
}

// starts calls yield for every start in [from, to), in order.
func (g grid) starts(from, to time.Time, yield func(start time.Time)) {
	year, month, day := from.In(g.loc).Date()
	for ; ; day++ {
		opens, closes := g.day(year, month, day)
		if !opens.Before(to) {
			return
		}
		for start := opens; !start.Add(g.duration).After(closes) && start.Before(to); start = start.Add(gridStep) {
			if !start.Before(from) {
				yield(start.UTC())
			}
		}
	}
}

// zones remembers time zones, because loading one costs more than a request.
// It holds at most the few hundred that exist.
type zones struct{ byName sync.Map }

func (z *zones) load(name string) (*time.Location, error) {
	if loc, ok := z.byName.Load(name); ok {
		return loc.(*time.Location), nil
	}
	// "Local" would mean another zone on every machine.
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("time zone %q has no fixed meaning", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q: %w", name, err)
	}
	z.byName.Store(name, loc)
	return loc, nil
}
