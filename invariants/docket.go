package invariants

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Limits of a docket.
const (
	suspicionLimit = 1024
	breachLimit    = 64
)

// A suspicion is that more than limit stays held at one time. It waits until that
// time is settled: operations become known when they end, and one that began before a
// suspicious answer may end after it and explain it, for instance a cancellation whose
// answer was slow.
type suspicion struct {
	at    time.Duration
	stays []*stay
	limit int
	tell  func(held []*stay) simcity.Breach
}

// held are those that held at that time, as far as is known.
func (s *suspicion) held() (held []*stay) {
	for _, one := range s.stays {
		if one.holdsAt(s.at) {
			held = append(held, one)
		}
	}
	return held
}

// A docket holds suspicions until they can be decided.
type docket struct {
	pending []suspicion
	found   []simcity.Breach
	total   int64 // breaches so far
	dropped int64 // suspicions beyond the limit

	ticked  bool
	settled time.Duration // as the last tick said
}

// settle hears from a tick what is settled.
func (d *docket) settle(s *simcity.Snapshot) { d.ticked, d.settled = true, s.Settled }

// ripe is the time before which everything can be decided. A history without ticks
// is all there is.
func (d *docket) ripe() time.Duration {
	if !d.ticked {
		return forever
	}
	return d.settled
}

func (d *docket) add(s suspicion) {
	if len(d.pending) >= suspicionLimit {
		d.dropped++
		return
	}
	d.pending = append(d.pending, s)
}

// decide judges the suspicions that are ripe.
func (d *docket) decide() {
	ripe := d.ripe()
	kept := d.pending[:0]
	for _, s := range d.pending {
		if s.at >= ripe {
			kept = append(kept, s)
			continue
		}
		if held := s.held(); len(held) > s.limit {
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

// judgement sums up a rule that allows no breach. A suspicion that is left, since the
// end of the run cut an operation short that might explain it, accuses nobody, and does
// not pass either.
func (d *docket) judgement(unit string, samples, needs int64) simcity.Judgement {
	d.decide()
	j := d.sum(unit, samples, needs)
	left := 0
	for _, s := range d.pending {
		if len(s.held()) > s.limit {
			left++
		}
	}
	if left > 0 {
		j = undecided(j, fmt.Sprintf("and %d that an operation which the end cut short might explain", left))
	}
	return j
}

// undecided says in a judgement what was left open, which never passes: the samples no
// longer suffice, and what is known so far is no clean record.
func undecided(j simcity.Judgement, what string) simcity.Judgement {
	j.Got += " (" + what + ")"
	j.Needs = max(j.Needs, j.Samples+1)
	if j.Breach == nil {
		j.Breach = &simcity.Breach{Got: j.Got, Want: j.Want}
	}
	return j
}

func (d *docket) sum(unit string, samples, needs int64) simcity.Judgement {
	j := none(unit, d.total, samples, needs)
	j.Breach = d.next()
	if d.dropped > 0 {
		j = undecided(j, fmt.Sprintf("%d suspicions beyond the limit of %d not decided", d.dropped, suspicionLimit))
	}
	return j
}

// none is the judgement of a rule that counts what must not be.
func none(unit string, found, samples, needs int64) simcity.Judgement {
	return simcity.Judgement{
		Got: fmt.Sprintf("%d %s", found, unit), Want: "0 " + unit, Value: float64(found),
		Samples: samples, Needs: needs,
	}
}
