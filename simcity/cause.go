package simcity

import (
	"fmt"
	"sort"
	"time"

	"github.com/bookiji/simcity/internal/conductor"
)

// A Cause tells when a failure became inevitable: the run is repeated up to a
// moment, and from there on with other draws of who goes first.
type Cause struct {
	// At is that moment, in simulated time, and What was done then, by Actor.
	At    time.Duration `json:"at"`
	Actor string        `json:"actor"`
	What  string        `json:"what"`
	// Before and After are how many of Tries other continuations fail too, from
	// before that moment and from after it.
	Before int `json:"before"`
	After  int `json:"after"`
	Tries  int `json:"tries"`
}

// String is the cause for people.
func (c *Cause) String() string {
	if c.At == 0 {
		return fmt.Sprintf("whoever goes first: %d of %d other orders of the same lives fail as well", c.After, c.Tries)
	}
	how := "inevitable"
	if c.After < c.Tries {
		how = "all but inevitable"
	}
	return fmt.Sprintf("in the run before it was cut down, %s from %s on, when %s did %q: %d of %d other continuations fail, before it %d", how, c.At.Round(time.Millisecond), c.Actor, c.What, c.After, c.Tries, c.Before)
}

// fresh is another schedule from some moment on.
type fresh struct {
	after time.Duration
	seed  uint64
}

// hold is the schedule until the moment, and then another.
func (f *fresh) hold(r *run, drawn func(conductor.Stop) uint64) func(conductor.Stop) uint64 {
	if f == nil {
		return drawn
	}
	other := conductor.RandomHold(stream(f.seed, "schedule").Uint64())
	return func(s conductor.Stop) uint64 {
		if r.elapsed() > f.after {
			return other(s)
		}
		return drawn(s)
	}
}

// causeTries is how many continuations are tried from each moment.
const causeTries = 6

// cause looks for the moment by bisection over what the run's citizens did.
func (z *shrinker) cause(drawn Cut, moments Timeline) *Cause {
	failing := func(after time.Duration) (n int) {
		for other := range uint64(causeTries) {
			if interrupted.Load() {
				break
			}
			cut := drawn
			cut.fresh = &fresh{after: after, seed: drawn.Seed + 1 + other}
			z.runs++
			if l := z.play.live(&cut); l.res.Verdict == Fail && l.res.class() == z.class {
				n++
			}
		}
		return n
	}
	const most = causeTries - 1 // one may escape
	c := &Cause{Tries: causeTries, After: failing(-1)}
	switch {
	case c.After >= most || len(moments) == 0:
		return c
	case z.over():
		return nil
	}
	counts := map[int]int{-1: c.After}
	i := sort.Search(len(moments), func(i int) bool {
		counts[i] = failing(moments[i].At)
		return counts[i] >= most
	})
	if i == len(moments) {
		return nil // no moment after which it always fails: the last draw decided
	}
	c.At, c.Actor, c.What, c.After = moments[i].At, moments[i].Actor, moments[i].Text, counts[i]
	if before, tried := counts[i-1]; tried {
		c.Before = before
	} else {
		c.Before = failing(moments[i-1].At)
	}
	return c
}
