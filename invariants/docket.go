package invariants

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// settle is how long a suspicion waits, in simulated time. Operations become
// known when they end. One that began before a suspicious answer may end after
// it and explain it, for instance a cancellation whose answer was slow. After a
// minute all of them are taken to have ended: requests that last longer than
// that are beyond what these rules can judge.
const settle = time.Minute

// Limits of a docket.
const (
	suspicionLimit = 1024
	breachLimit    = 64
)

// A suspicion is that more than limit stays held at one time.
type suspicion struct {
	at    time.Duration
	stays []*stay
	limit int
	tell  func(held []*stay) simcity.Breach
}

// A docket holds suspicions until they can be decided.
type docket struct {
	pending []suspicion
	found   []simcity.Breach
	total   int64 // breaches so far
	dropped int64 // suspicions beyond the limit
}

func (d *docket) add(s suspicion) {
	if len(d.pending) >= suspicionLimit {
		d.dropped++
		return
	}
	d.pending = append(d.pending, s)
}

// decide judges the suspicions that have waited long enough.
func (d *docket) decide(now time.Duration) {
	kept := d.pending[:0]
	for _, s := range d.pending {
		if s.at > now-settle {
			kept = append(kept, s)
			continue
		}
		var held []*stay
		for _, one := range s.stays {
			if one.holdsAt(s.at) {
				held = append(held, one)
			}
		}
		if len(held) > s.limit {
			d.breach(s.tell(held))
		}
	}
	clear(d.pending[len(kept):])
	d.pending = kept
}

func (d *docket) breach(b simcity.Breach) {
	d.total++
	if len(d.found) < breachLimit {
		d.found = append(d.found, b)
	}
}

// next hands out one breach that nobody was told of.
func (d *docket) next() *simcity.Breach {
	if len(d.found) == 0 {
		return nil
	}
	b := d.found[0]
	d.found = append(d.found[:0], d.found[1:]...)
	return &b
}

// judgement sums up a rule that allows no breach.
func (d *docket) judgement(unit string, samples, needs int64) simcity.Judgement {
	d.decide(forever)
	return d.sum(unit, samples, needs)
}

func (d *docket) sum(unit string, samples, needs int64) simcity.Judgement {
	j := none(unit, d.total, samples, needs)
	if d.dropped > 0 {
		j.Got += fmt.Sprintf(" (%d suspicions beyond the limit of %d not decided)", d.dropped, suspicionLimit)
	}
	j.Breach = d.next()
	return j
}

// none is the judgement of a rule that counts what must not be.
func none(unit string, found, samples, needs int64) simcity.Judgement {
	return simcity.Judgement{
		Got: fmt.Sprintf("%d %s", found, unit), Want: "0 " + unit, Value: float64(found),
		Samples: samples, Needs: needs,
	}
}
