package conductor

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/internal/locks"
)

// ErrHalted is what a parked actor is told when the run is over. Whoever gets
// it should return.
var ErrHalted = errors.New("simcity: the run is over")

// Config describes a conductor.
type Config struct {
	Clock Clock
	// Hold is the schedule: how long an actor's stop is held back, in a time of its
	// own in which nothing but the schedule lives. Of those that are ready, the one
	// goes first whose hold is over first, and of equals the one that was ready
	// first. Since a hold depends on nothing but the stop, taking an actor out leaves
	// the others' holds alone. Nil holds nobody: first come, first served.
	Hold func(Stop) uint64
	// Overtaken is told which stops were ready before the one that goes on, if any.
	// Optional.
	Overtaken func(Stop)
	// Name names each stop as it comes, in the order of the run. Optional.
	Name func(a *Actor, place string) string
	// BetweenSteps is called before each pick, when nothing runs. Optional.
	BetweenSteps func()
	// Panicked is told of a panic in an actor, on that actor's goroutine.
	Panicked func(actor string, value any, stack []byte)
	// Stalled is told, with the last actor's id, when simulated time has stood
	// still for [stallSteps] picks and [stallStepsEach] more; then Run ends. Optional.
	Stalled func(actor string)
	// Together releases all that are ready at once instead of one at a time, but for
	// some, drawn by their hold, who are about to call the host.
	// Then nothing repeats, and the race detector sees real overlap. A paced
	// clock implies it.
	Together bool
	// Locks makes the locks of host code seams. Nil: they are not. A virtual clock
	// only.
	Locks *locks.Table
	// Passed is told of each such seam that an actor has passed. Optional.
	Passed func(a *Actor, place string, contended bool)
}

// A Conductor runs actors. Make one with [New], on the goroutine and in the
// bubble in which it will [Conductor.Run].
type Conductor struct {
	clock    Clock
	config   Config
	together bool
	keeper   timekeeper
	arrived  chan struct{} // buffered by one: a parking arrived while the loop listened

	// ready, alone and hostAt belong to whoever runs: the loop, or the one actor
	// that the loop has resumed.
	ready      rankHeap
	rank       uint64        // of the one that went last: the time in which holds run
	alone      bool          // nobody else was ready when the running actor was picked
	hostAt     time.Duration // the last instant at which host code began
	overlapped bool          // host code of several was released at once

	movedAt    time.Duration // when simulated time last moved by more than a millisecond
	movedSteps uint64        // picks until then

	mark       *locks.Mark // of the loop
	conducting atomic.Bool // Run is at work

	steps  atomic.Uint64 // picks so far, read by the watchdog
	halted atomic.Bool
	begins atomic.Uint64 // picks that let host code begin or go on

	mu        sync.Mutex
	arrivals  []*parking
	due       dueHeap
	seq       uint64
	busy      int // threads that run or are blocked in the host
	listening bool
	awaiting  int // actors that wait for an answer
	epoch     int // actors of an earlier epoch are halted
	numbers   uint64
	live      map[*Actor]struct{}
	inHost    map[*Actor]struct{} // those with calls under way
	spare     []*parking          // for seams deep in the host
}

// New makes a conductor whose simulated time starts now.
func New(config Config) *Conductor {
	c := &Conductor{
		clock:    config.Clock,
		config:   config,
		together: config.Together || config.Clock.name == "paced",
		arrived:  make(chan struct{}, 1),
		hostAt:   -1,
		live:     make(map[*Actor]struct{}),
		inHost:   make(map[*Actor]struct{}),
	}
	c.listening = c.hears()
	c.keeper = newTimekeeper(c)
	c.watchLocks()
	return c
}

// Now is the simulated time since the run began. Safe for concurrent use.
func (c *Conductor) Now() time.Duration { return c.keeper.now() }

// Steps counts the picks so far. Safe for concurrent use.
func (c *Conductor) Steps() uint64 { return c.steps.Load() }

// Run conducts until simulated time has reached the given time and nobody is
// ready at it, until no actor is left, or until [Conductor.Halt].
func (c *Conductor) Run(until time.Duration) {
	c.conducting.Store(true)
	defer c.conducting.Store(false)
	defer c.mark.Enter(0)() // who decides who goes on never parks
	for !c.halted.Load() {
		c.keeper.settle()
		c.admit()
		if c.config.BetweenSteps != nil {
			c.config.BetweenSteps()
			c.admit()
		}
		switch {
		case c.halted.Load():
		case len(c.ready) == 0:
			if !c.waitForDue(until) {
				return
			}
		case c.together:
			c.resumeAll()
		default:
			c.resumeOne()
		}
	}
}

// Halt ends [Conductor.Run] before its next pick. Safe for concurrent use.
func (c *Conductor) Halt() {
	c.halted.Store(true)
	c.signal()
}

// Abandon ends Run like [Conductor.Halt], from outside of the bubble that the
// conductor may be in: it takes effect at the next pick, if there is one.
func (c *Conductor) Abandon() { c.halted.Store(true) }

// Poke makes [Conductor.Run] look around before the next due time. It must not
// be called from outside of a bubble that the conductor is in.
func (c *Conductor) Poke() { c.signal() }

// Dismiss tells all parked actors, one after the other, that the run is over,
// and lets later actors begin a new Run. Actors that have not begun never will.
func (c *Conductor) Dismiss() {
	c.mu.Lock()
	c.epoch++
	c.mu.Unlock()
	c.dismissParked()
	if c.clock.HostTimeIsReal() {
		untilGone(c.someStay, c.dismissParked)
	}
	c.halted.Store(false)
}

func (c *Conductor) dismissParked() {
	c.keeper.settle()
	for _, p := range c.takeLeavers() {
		c.resume(p, ErrHalted)
		c.keeper.settle()
	}
}

// someStay tells whether actors from before the halt are still alive.
func (c *Conductor) someStay() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range c.live {
		if a.epoch != c.epoch {
			return true
		}
	}
	return false
}

// admit moves what arrived since the last pick among the ready and the due.
func (c *Conductor) admit() {
	now := c.keeper.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.arrivals) > 1 {
		slices.SortFunc(c.arrivals, (*parking).before)
	}
	for i, p := range c.arrivals {
		c.seq++
		p.seq = c.seq
		p.stop.Actor, p.stop.Number = p.actor, p.actor.nextStop()
		if p.stop.Name == "" {
			p.stop.Name = p.actor.nameStop(p.place)
		}
		if p.due <= now {
			c.makeReady(p)
		} else {
			c.due.push(p)
		}
		c.arrivals[i] = nil
	}
	c.arrivals = c.arrivals[:0]
	for len(c.due) > 0 && c.due[0].due <= now {
		p := c.due[0]
		c.due.remove(p)
		c.seq++
		p.seq = c.seq
		c.makeReady(p)
	}
}

// makeReady lets the hold of p begin.
func (c *Conductor) makeReady(p *parking) {
	p.rank = c.rank
	if c.config.Hold != nil {
		p.rank += c.config.Hold(p.stop)
	}
	c.ready.push(p)
}

// waitForDue lets time pass until something may be ready. It reports false when
// the run is at its end.
func (c *Conductor) waitForDue(until time.Duration) bool {
	now := c.keeper.now()
	c.mu.Lock()
	next := until
	if len(c.due) > 0 && c.due[0].due < next {
		next = min(until, c.due.latestWithin(c.due[0].due+moment))
	}
	over := now >= until || len(c.live) == 0
	if c.clock.name == "stepped" && c.awaiting > 0 {
		over = false // simulated time has run ahead of answers: they come, or their deadlines do
		next = max(next, now)
	}
	wait := len(c.arrivals) == 0
	c.listening = wait || c.hears()
	c.mu.Unlock()
	if over {
		return false
	}
	if wait && !c.halted.Load() {
		c.keeper.advance(next)
	}
	c.mu.Lock()
	c.listening = c.hears()
	c.mu.Unlock()
	select { // a signal that came too late must not cut the next wait short
	case <-c.arrived:
	default:
	}
	return true
}

// resumeOne lets the one of the ready run whose hold is over first.
func (c *Conductor) resumeOne() {
	p := c.ready[0]
	if c.standsStill(p.actor.ID) {
		return
	}
	c.ready.pop()
	c.rank = p.rank
	c.alone = len(c.ready) == 0
	if c.config.Overtaken != nil {
		c.tellOvertaken(p)
	}
	if p.host {
		c.freshInstant()
		c.begins.Add(1)
	}
	c.resume(p, nil)
}

// tellOvertaken names those that were ready before p, in their order.
func (c *Conductor) tellOvertaken(p *parking) {
	var before []*parking
	for _, q := range c.ready {
		if q.seq < p.seq {
			before = append(before, q)
		}
	}
	slices.SortFunc(before, func(p, q *parking) int { return cmp.Compare(p.seq, q.seq) })
	for _, q := range before {
		c.config.Overtaken(q.stop)
	}
}

// resumeAll lets everybody run who is ready.
func (c *Conductor) resumeAll() {
	hosts := 0
	for len(c.ready) > 0 {
		p := c.ready.pop()
		if p.host && p.rank%2 == 0 { // the others stay: see BeginHostCode
			hosts++
		}
		c.resume(p, nil)
	}
	c.overlapped = c.overlapped || hosts > 1
}

// Overlapped tells whether host code of two actors ever ran at once, of those that are
// released together. It is for when Run has ended.
func (c *Conductor) Overlapped() bool { return c.overlapped }

// freshInstant moves the clock by a nanosecond if host code has already begun
// at this one.
func (c *Conductor) freshInstant() {
	now := c.keeper.now()
	if now == c.hostAt {
		c.keeper.tick()
		c.keeper.settle()
		now = c.keeper.now()
	}
	c.hostAt = now
}

func (c *Conductor) resume(p *parking, err error) {
	c.steps.Add(1)
	c.mu.Lock()
	p.slot = slotNone
	p.actor.seam = ""
	c.busy++
	start := p.start
	p.start = nil
	c.mu.Unlock()
	if start == nil {
		p.wake <- err
		return
	}
	go start()
}

// takeLeavers takes out all parkings of actors from before the halt, in
// canonical order. None can follow: parking is refused to them from now on.
func (c *Conductor) takeLeavers() []*parking {
	c.admit()
	c.mu.Lock()
	defer c.mu.Unlock()
	var leavers []*parking
	stays := func(p *parking) bool {
		if p.actor.epoch == c.epoch {
			return true
		}
		p.slot = slotReady
		if p.start != nil { // it never began, and never will
			delete(c.live, p.actor)
		} else {
			leavers = append(leavers, p)
		}
		return false
	}
	ready := c.ready
	c.ready = nil
	for _, p := range ready {
		if stays(p) {
			c.ready.push(p)
		}
	}
	due := c.due
	c.due = nil
	for _, p := range due {
		if stays(p) {
			c.due.push(p)
		}
	}
	slices.SortFunc(leavers, func(p, q *parking) int {
		return cmp.Or(p.before(q), cmp.Compare(p.seq, q.seq))
	})
	return leavers
}

// park gives the baton back and returns when the conductor resumes p. Awaiting
// a call that was answered meanwhile becomes ready at once.
func (c *Conductor) park(p *parking, due time.Duration, call *Call) error {
	c.mu.Lock()
	if p.actor.epoch != c.epoch {
		c.mu.Unlock()
		return ErrHalted
	}
	if call != nil {
		call.waiting = p
		if call.answered {
			due = 0
		}
	}
	c.arrive(p, due)
	c.busy--
	listening := c.listening
	c.mu.Unlock()
	if listening {
		c.signal()
	}
	return <-p.wake
}

// arrive queues p for the next admission. The caller holds mu.
func (c *Conductor) arrive(p *parking, due time.Duration) {
	p.due, p.slot = due, slotArrived
	p.round++
	p.stop.Name = ""
	c.arrivals = append(c.arrivals, p)
}

// hasten makes a parked p ready now.
func (c *Conductor) hasten(p *parking) (listening bool) {
	if p.slot >= 0 {
		c.due.remove(p)
		p.due, p.slot = 0, slotArrived
		c.arrivals = append(c.arrivals, p)
	} else if p.slot == slotArrived {
		p.due = 0
	}
	return c.listening
}

// hears tells whether the loop listens all the time: a stepped clock settles by
// counting, so it must hear of everyone who parks or ends.
func (c *Conductor) hears() bool { return c.clock.name == "stepped" }

func (c *Conductor) signal() {
	select {
	case c.arrived <- struct{}{}:
	default:
	}
}
