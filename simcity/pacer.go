package simcity

import (
	"sync/atomic"
	"time"
)

// A pacer lets a Virtual run wait for those who watch it: paused, step by step,
// or no faster than they can follow. The run's conductor waits on channels from
// outside of the bubble, so that simulated time stands still meanwhile and the run
// is the same, digest included. What is not a channel belongs to the conductor.
type pacer struct {
	paused bool
	until  int64   // index of the event before which a step ends
	factor float64 // simulated seconds per real second; 0: as fast as it goes

	begin  bool          // the pace begins now
	from   time.Duration // simulated time at which it began
	caught time.Duration // simulated time with which real time has caught up

	held atomic.Bool // paused or slowed down: it is not hung

	nudge chan struct{} // buffered by one: look again
	asks  chan paceAsk  // to the keeper of real time
	told  chan bool     // whether real time has caught up
}

// A paceAsk asks the keeper to wait for real time to catch up with simulated
// time.
type paceAsk struct {
	begin   bool          // count from now
	elapsed time.Duration // simulated, since the pace began
	factor  float64
}

func newPacer(factor float64) *pacer {
	return &pacer{
		factor: factor, begin: true, caught: -1,
		nudge: make(chan struct{}, 1), asks: make(chan paceAsk), told: make(chan bool),
	}
}

// waitMost is how long the keeper waits at once, so that commands are heard.
const waitMost = 20 * time.Millisecond

// keep is the keeper: a goroutine outside of the bubble, until the run is over.
func (p *pacer) keep(over <-chan struct{}) {
	var began time.Time
	for {
		select {
		case <-over:
			return
		case ask := <-p.asks:
			if ask.begin {
				began = time.Now()
			}
			wait := time.Until(began.Add(time.Duration(float64(ask.elapsed) / ask.factor)))
			if wait > 0 {
				time.Sleep(min(wait, waitMost))
			}
			p.told <- wait <= waitMost
		}
	}
}

// wake lets a run that is held look around.
func (p *pacer) wake() {
	select {
	case p.nudge <- struct{}{}:
	default:
	}
}

// ahead waits a little if simulated time is ahead of its pace, and tells whether
// it still is.
func (p *pacer) ahead(now time.Duration) bool {
	if p.begin {
		p.from, p.caught = now, -1
	}
	if now == p.caught {
		return false
	}
	p.asks <- paceAsk{begin: p.begin, elapsed: now - p.from, factor: p.factor}
	p.begin = false
	if !<-p.told {
		return true
	}
	p.caught = now
	return false
}

// take lets a command to the pacer take effect.
func (p *pacer) take(c Command) {
	switch c.Kind {
	case Pause:
		p.paused = true
	case Resume:
		p.paused, p.begin = false, true
	case Step:
		p.paused, p.until = true, c.Index+int64(max(c.Steps, 1))
	case Speed:
		p.factor, p.begin = c.Factor, true
	}
}

// paces tells whether the command is one to the pacer: it changes when the run
// goes on, and nothing in it.
func (k CommandKind) paces() bool { return k == Pause || k == Resume || k == Step || k == Speed }

// mayPace reports why a command cannot pace a run on that clock.
func mayPace(clock Clock, c Command) error {
	switch {
	case clock.inner.Name() != "virtual":
		return &FieldError{Field: "command.Kind", Value: c.Kind, Allowed: "policy, event, stop under a " + clock.String() + " clock", Fix: "only simulated time can wait: run it under a Virtual clock with a Speed"}
	case c.Kind == Step && (c.Steps < 0 || c.Steps > 1_000_000):
		return &FieldError{Field: "command.Steps", Value: c.Steps, Allowed: "1 to 1000000", Fix: "leave it out for 1"}
	case c.Kind == Speed && !(c.Factor >= 0 && c.Factor <= maxCompression):
		return &FieldError{Field: "command.Factor", Value: c.Factor, Allowed: "0 (as fast as it goes) to 1000000", Fix: "give 0, or 100 to make 12 real minutes of 20 simulated hours"}
	}
	return nil
}
