package conductor

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/bookiji/simcity/internal/locks"
)

// An Actor is whatever the conductor can run. Its methods are for its own
// goroutine, except [Actor.Seam], which host code that works for the actor may
// call from anywhere.
type Actor struct {
	ID string
	// Key is a hash of ID.
	Key uint64

	conductor *Conductor
	number    uint64
	stops     uint64 // that count so far; belongs to whoever runs
	main      *parking
	mark      *locks.Mark // of the goroutines that work for it; nil: locks are no seams
	begun     uint64      // calls so far; belongs to its own goroutine

	// The rest is guarded by the conductor's mu.
	epoch   int
	calls   int    // calls that other goroutines work on
	doing   string // what it last asked the host, for reports
	seam    string // the seam in host code at which a thread of it is parked
	refused int    // how often it went on after the run was over
}

// A Stop is where an actor is parked, as a schedule sees it.
type Stop struct {
	Actor  *Actor
	Number uint64 // which of all its actor's stops: 1 for the first
	Name   string // as [Config.Name] says
}

func (a *Actor) nextStop() uint64 {
	a.stops++
	return a.stops
}

func (a *Actor) nameStop(place string) string {
	if name := a.conductor.config.Name; name != nil {
		return name(a, place)
	}
	return ""
}

// Go lets f act under the given id, from the next pick on. It may be called by
// any actor, or before Run. The id should be unique; reports name it.
func (c *Conductor) Go(id string, f func(*Actor)) *Actor {
	a := &Actor{ID: id, Key: keyOf(id), conductor: c, doing: "start"}
	a.main = newParking(a)
	a.main.place = "start"
	a.mark = c.config.Locks.Mark(id, a.lockSeam)
	c.mu.Lock()
	few := len(c.live) < crowd
	a.main.start = func() {
		defer a.end()
		a.mark.Enter(0)
		if few {
			GrowStack()
		}
		f(a)
	}
	a.number = c.numbers
	c.numbers++
	a.epoch = c.epoch
	c.live[a] = struct{}{}
	c.arrive(a.main, 0)
	listening := c.listening
	c.mu.Unlock()
	if listening {
		c.signal()
	}
	return a
}

// crowd is how many actors are so many that their stacks should stay small.
const crowd = 1000

// GrowStack makes the stack of its goroutine 16 KiB at once, while there is little
// on it. It would come to that in steps, each of which copies what is there by then:
// that was 4.5 % of an hour of a small city.
func GrowStack() { _ = room(0) }

//go:noinline
func room(i int) byte {
	var kept [8 << 10]byte
	return kept[i]
}

func (a *Actor) end() {
	c := a.conductor
	if value := recover(); value != nil && c.config.Panicked != nil {
		c.config.Panicked(a.ID, value, debug.Stack())
	}
	c.mu.Lock()
	c.busy--
	delete(c.live, a)
	listening := c.listening
	c.mu.Unlock()
	if listening {
		c.signal()
	}
}

// Over reports whether the run is over for this actor.
func (a *Actor) Over() bool {
	a.conductor.mu.Lock()
	defer a.conductor.mu.Unlock()
	return a.epoch != a.conductor.epoch
}

// Now is the simulated time since the run began.
func (a *Actor) Now() time.Duration { return a.conductor.Now() }

// Sleep parks the actor for d of simulated time. It returns early with ctx's
// error, and with [ErrHalted] when the run is over. An actor that keeps going
// after that is ended.
func (a *Actor) Sleep(ctx context.Context, d time.Duration) error {
	return a.SleepUntil(ctx, a.Now()+max(d, 0))
}

// SleepUntil parks the actor until the given simulated time.
func (a *Actor) SleepUntil(ctx context.Context, due time.Duration) error {
	if err := ctx.Err(); err != nil {
		return a.tolerate(err)
	}
	p := a.main
	p.place, p.host = "sleep", false
	return a.tolerate(a.parkOrCancel(ctx, p, due, nil))
}

// tolerate ends an actor that ignores, time and again, that the run is over.
func (a *Actor) tolerate(err error) error {
	if err == nil {
		return nil
	}
	a.conductor.mu.Lock()
	over := a.epoch != a.conductor.epoch
	if over {
		a.refused++
	}
	ignored := a.refused
	a.conductor.mu.Unlock()
	if over && ignored > 100 {
		runtime.Goexit()
	}
	return err
}

// parkOrCancel parks p and makes it ready early when ctx ends.
func (a *Actor) parkOrCancel(ctx context.Context, p *parking, due time.Duration, call *Call) error {
	if ctx.Done() == nil || ctx.Value(wholeRun{}) == ctx.Done() {
		return a.conductor.park(p, due, call)
	}
	c := a.conductor
	round := p.round + 1
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		listening := p.round == round && c.hasten(p)
		c.mu.Unlock()
		if listening {
			c.signal()
		}
	})
	err := c.park(p, due, call)
	stop()
	if err == nil {
		err = ctx.Err()
	}
	return err
}

type wholeRun struct{}

// ForWholeRun marks ctx as one that ends only with the run: parking under it
// needs no watch on its Done channel, since the conductor wakes everybody then.
func ForWholeRun(ctx context.Context) context.Context {
	return context.WithValue(ctx, wholeRun{}, ctx.Done())
}

// BeginHostCode is called before the actor calls the host. It parks when
// somebody else may go first, so that the order of calls is the schedule's, and
// gives the call an instant of its own.
func (a *Actor) BeginHostCode(doing string) error {
	c := a.conductor
	c.mu.Lock()
	a.doing = doing
	over := a.epoch != c.epoch
	c.mu.Unlock()
	if over {
		return ErrHalted
	}
	switch {
	case c.clock.name == "paced":
		return nil
	case c.clock.name == "virtual" && !c.together && c.alone && c.Now() != c.hostAt:
		c.hostAt = c.Now()
		// As if it had parked, so that neither depends on who else is there.
		a.nextStop()
		a.nameStop(doing)
		return nil
	}
	p := a.main
	p.place, p.host = doing, true
	err := c.park(p, 0, nil)
	// Of those who are released together some stay for the next time, or else all
	// would be at the same step of their lives for good.
	for err == nil && c.together && p.rank%2 == 1 {
		err = c.park(p, 0, nil)
	}
	return err
}

// Seam parks the calling thread at a named place in host code that works for
// this actor. Unlike the actor's own goroutine, several threads may do so.
//
// It reports whether somebody else went first meanwhile.
func (a *Actor) Seam(place string, delay time.Duration) (contended bool, err error) {
	c := a.conductor
	if c.clock.name == "paced" && delay == 0 {
		return false, nil
	}
	before := c.begins.Load()
	p := c.takeSpare(a)
	p.thread = locks.Thread()
	p.place, p.host = place, true
	due := time.Duration(0)
	if delay > 0 {
		due = c.Now() + delay
	}
	c.mu.Lock()
	a.seam = place
	c.mu.Unlock()
	err = c.park(p, due, nil)
	c.putSpare(p)
	return c.begins.Load() > before+1, err
}

func (c *Conductor) takeSpare(a *Actor) *parking {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := len(c.spare) - 1; last >= 0 {
		p := c.spare[last]
		c.spare = c.spare[:last]
		p.actor = a
		return p
	}
	return newParking(a)
}

func (c *Conductor) putSpare(p *parking) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.actor = nil
	if len(c.spare) < 64 {
		c.spare = append(c.spare, p)
	}
}

// A Call is one piece of work that another goroutine does for an actor.
type Call struct {
	conductor *Conductor
	actor     *Actor
	waiting   *parking
	answered  bool
	given     bool
	number    uint64 // of the actor's calls
}

// Begin announces that another goroutine now works for the actor. That
// goroutine must call [Call.Answer] when it is done.
func (a *Actor) Begin(call *Call) {
	c := a.conductor
	a.begun++
	call.conductor, call.actor, call.number = c, a, a.begun
	c.mu.Lock()
	c.busy++
	if a.calls++; a.calls == 1 {
		c.inHost[a] = struct{}{}
	}
	c.mu.Unlock()
}

// Enter makes the calling goroutine, and those that it starts, work for the
// call's actor until leave is called: then locks that host code takes are seams
// of that actor, if the run explores.
func (call *Call) Enter() (leave func()) { return call.actor.mark.Enter(call.number) }

// Await parks the actor until the call is answered, ctx ends, or, if patience
// is positive, that much simulated time has passed. It reports whether the
// answer is there; after false the caller must leave the call's data alone.
func (a *Actor) Await(ctx context.Context, call *Call, patience time.Duration) (bool, error) {
	p := a.main
	p.place, p.host = "answer", false
	due := never
	if patience > 0 {
		due = a.Now() + patience
	}
	a.conductor.wait(1)
	err := a.parkOrCancel(ctx, p, due, call)
	a.conductor.wait(-1)
	a.conductor.mu.Lock()
	defer a.conductor.mu.Unlock()
	call.given = true
	return call.answered, err
}

func (c *Conductor) wait(n int) {
	c.mu.Lock()
	c.awaiting += n
	c.mu.Unlock()
}

// Answer ends the call.
func (call *Call) Answer() {
	c := call.conductor
	c.mu.Lock()
	c.busy--
	if call.actor.calls--; call.actor.calls == 0 {
		delete(c.inHost, call.actor)
	}
	call.answered = true
	listening := c.listening
	if call.waiting != nil && !call.given {
		c.hasten(call.waiting)
	}
	c.mu.Unlock()
	if listening {
		c.signal()
	}
}
