package simcity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/internal/conductor"
)

// A run is one life of a city: f(scenario, seed, commands). It is built, run
// and ended on one goroutine, the bubble's root under a Virtual clock; actors
// enter it one at a time, or together under mu when the run is paced.
type run struct {
	// What is lived, as it is from the beginning.
	id        string // for telemetry and for the target
	scenario  Scenario
	whole     time.Duration // how long the scenario is that cut is a part of
	seed      uint64
	clock     Clock
	target    Target
	classify  func(*http.Response, []byte) Outcome
	explore   Explore // as drawn
	lag       *lag
	overlaid  exploring
	cut       *Cut     // what is lived of it; nil: all
	decisions []byte   // of a fuzzer
	tracing   *trace   // nil unless the run is shrunk
	stops     *stops   // nil where nobody needs their names
	recorder  Recorder // nil without telemetry

	// The city, and what surrounds it.
	world     *World
	conductor *conductor.Conductor
	ctx       context.Context // ends when the citizens must
	cancel    context.CancelFunc
	client    *http.Client
	seams     seams
	locks     hostLocks
	host      host
	remote    *remote // nil unless the target is elsewhere
	metrics   *Metrics
	prober    atomic.Pointer[conductor.Actor]

	// How it goes. Each of these keeps a lock of its own, if it needs one, which may
	// be taken with mu held and never before it; the judge's alone comes first.
	calendar
	course     course
	steering   steering
	inForce    inForce
	census     census
	underway   underway
	faults     faults
	judge      judge
	sometimes  tally
	complaints sync.Map // of collectors, told once each

	mu       sync.Mutex // guards the history, which is the rest, and what the rules found
	log      eventLog
	figures  figures
	findings []Finding
}

func newRun(s *Simulation, seed uint64, replay []Command) *run {
	r := &run{
		id:        newRunID(),
		scenario:  s.scenario.withDefaults(),
		seed:      seed,
		clock:     s.clock,
		target:    s.target,
		classify:  s.classify,
		explore:   s.explore.drawn(seed),
		overlaid:  s.overlaid,
		cut:       s.cut,
		decisions: s.decisions,
		tracing:   s.tracing,
		stops:     s.cut.stops(s.tracing != nil),
		metrics:   newMetrics(),
		figures:   figures{latency: NewTrend()},
	}
	if r.classify == nil {
		r.classify = ClassifyStatus
	}
	if r.paced() && r.clock.inner.Factor() == 0 {
		r.clock = Paced(r.scenario.Compression)
	}
	if r.cut != nil {
		r.explore = r.cut.Explore.drawn(seed)
		r.overlaid.off = r.overlaid.off || !r.cut.Locks
	}
	r.lag = newLag(r.explore)
	r.whole = r.scenario.Duration
	r.cut.shorten(&r.scenario)
	if elsewhere, ok := s.target.(*URLTarget); ok {
		r.remote = elsewhere.way(r)
	}
	r.world = &World{run: r}
	r.steering.start(r, replay, s.speed)
	r.inForce.policies, r.inForce.compression = r.scenario.Policies, r.scenario.Compression
	r.faults.grace = r.scenario.RecoveryGrace
	for _, name := range s.reach {
		r.sometimes.count(name, false)
	}
	r.log.watch = s.watchers
	r.log.appended = func(at time.Duration) { r.lastEvent.Store(int64(at)) }
	return r
}

func (r *run) paced() bool { return r.clock.inner.Name() == "paced" }

// hostNow is the host's clock, for latencies.
func (r *run) hostNow() time.Time { return time.Now() }

// event appends to the log at the present instant.
func (r *run) event(actor, kind string, fill func([]byte) []byte) int64 {
	now := r.elapsed()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.append(now, actor, kind, fill).Index
}

// enter counts an operation and logs it, unless nothing counts any more.
func (r *run) enter(op *Operation, p *populationState) (index int64, counts bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.course.sealed.Load() {
		return 0, false
	}
	op.Number = r.figures.count(op)
	op.Steady = r.faults.steadyAt(op.Start)
	r.census.acted(p, op)
	index = r.log.append(op.End, op.Citizen, EventOperation, op.payload).Index
	r.tracing.asked(index, op.Input)
	return index, true
}

// nextIndex is that of the next event.
func (r *run) nextIndex() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.next
}

// live runs the city from its foundation to its end. It is the whole of a run
// but for the bubble around it.
func (r *run) live() {
	defer func() { r.locks.table.Close() }()
	if !r.found() {
		return
	}
	r.populate()
	r.conductor.Go("tick", r.ticks)
	for i, in := range r.faults.planned {
		if id := "fault/" + itoa(i+1); r.cut.hasFault(id) {
			r.conductor.Go(id, func(a actor) { r.strike(a, in) })
		}
	}
	for i, c := range r.scenario.Commands {
		r.conductor.Go("command/"+itoa(i+1), func(a actor) { r.steering.scheduled(a, c) })
	}
	r.course.enter(stageRunning)
	r.conductor.Run(r.scenario.Duration)
	r.wind()
}

// found builds the conductor and the host. It reports false when there is no
// host to run.
func (r *run) found() bool {
	if r.clock.inner.Name() == "virtual" {
		time.Sleep(time.Until(r.scenario.Start))
	}
	r.began = r.scenario.Start
	if r.clock.inner.HostTimeIsReal() {
		r.began = time.Now().UTC() // so that what lies ahead for citizens does for the host
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.ctx = conductor.ForWholeRun(r.ctx)
	r.steering.preempt.Store(&r.cancel)
	if !r.paced() {
		r.startClock()
	}
	r.client = r.clientFor(nil)
	if err := r.guard(new("a schedule's Plan"), func() error { r.plan(); return nil }); err != nil {
		return r.refuse(FindingFault, err)
	}
	if err := r.judge.begin(r); err != nil {
		if !errors.Is(err, errPanicked) {
			r.find(Finding{Kind: FindingTarget, Text: err.Error()})
		}
		return false
	}
	r.event("run", EventRunStarted, func(b []byte) []byte {
		b = appendString(append(b, `{"scenario":`...), r.scenario.Name)
		b = appendString(append(b, `,"seed":`...), utoa(r.seed))
		return append(b, '}')
	})
	var base http.RoundTripper
	if err := r.guard(new("the target's factory"), func() (err error) { base, err = r.target.open(r); return err }); err != nil {
		return r.refuse(FindingTarget, err)
	}
	r.host.handlers, _ = base.(*handlerTransport)
	r.seams.setBase(base)
	if err := r.guard(new("the target's Equip"), r.equip); err != nil {
		return r.refuse(FindingTarget, err)
	}
	if err := r.guard(new("a fault's Ready"), r.ready); err != nil {
		return r.refuse(FindingFault, err)
	}
	if r.paced() { // what the factory took is not the run's time
		r.startClock()
	}
	return true
}

// refuse ends a run that has not begun; a panic has been told. It is false.
func (r *run) refuse(kind FindingKind, err error) bool {
	switch {
	case errors.Is(err, errPanicked):
	case r.ctx.Err() != nil: // the run was stopped meanwhile, which explains any error
		r.course.stoppedBy.Store(r.steering.stopAsked.Swap(nil))
	default:
		r.find(Finding{Kind: kind, Text: err.Error()})
	}
	r.closeHost()
	return false
}

// startClock makes the conductor: simulated time begins.
func (r *run) startClock() {
	r.locks.open(r, r.overlaid)
	r.conductor = conductor.New(conductor.Config{
		Clock:        r.clock.inner,
		Hold:         r.stops.hold(r.schedule()),
		Name:         r.stops.namer(),
		Together:     r.explore.Order == Free,
		Overtaken:    r.tracing.overtaken(),
		BetweenSteps: r.steering.obey,
		Panicked:     r.panicked,
		Stalled:      r.stalled,
		Locks:        r.locks.table,
		Passed:       r.locks.passed,
	})
	r.kept.Store(r.conductor)
}

// schedule is who is held back for how long: as the seed draws, or a fuzzer.
func (r *run) schedule() func(conductor.Stop) uint64 {
	if len(r.decisions) > 0 {
		return holdFor(r.decisions)
	}
	return r.cut.freshness().hold(r, r.explore.hold(r.seed))
}

var errPanicked = errors.New("it panicked")

// guard turns a panic of what users gave into a finding and an error, which say where
// it was, as f keeps that. It runs f on a goroutine of its own, because t.FailNow and
// all of require end theirs, and this one is the bubble's root.
func (r *run) guard(where *string, f func() error) (err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		returned := false
		defer func() {
			if value := recover(); value != nil {
				r.panicked(*where, value, debug.Stack())
				err = fmt.Errorf("%w: %v", errPanicked, value)
			} else if !returned {
				err = fmt.Errorf("simcity: %s ended its goroutine, as t.FailNow and require do: return an error instead", *where)
			}
		}()
		err = f()
		returned = true
	}()
	<-done
	return err
}

// await waits for the answer to a call. The deadline is on the host's clock.
func (r *run) await(ctx context.Context, a actor, call *conductor.Call) (bool, error) {
	if !r.clock.inner.HostTimeIsReal() {
		return a.Await(ctx, call, r.scenario.RequestTimeout)
	}
	timed, cancel := context.WithTimeout(ctx, r.scenario.RequestTimeout)
	defer cancel()
	answered, err := a.Await(timed, call, 0)
	if err != nil && ctx.Err() == nil && timed.Err() != nil {
		err = nil // the deadline, which the caller reports
	}
	return answered, err
}

// endEarly ends the run before its time: what is known already decides it.
func (r *run) endEarly() {
	r.course.sealed.Store(true)
	if c := r.kept.Load(); c != nil {
		c.Halt()
	}
}

// overOr is ErrOver if the run has ended, which explains any error, else err.
func (r *run) overOr(err error) error {
	if r.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return ErrOver
	}
	return err
}
