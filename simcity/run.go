package simcity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/internal/conductor"
	"github.com/bookiji/simcity/internal/locks"
)

// A run is one life of a city: f(scenario, seed, commands). It is built, run
// and ended on one goroutine, the bubble's root under a Virtual clock; actors
// enter it one at a time, or together under mu when the run is paced.
type run struct {
	scenario Scenario
	seed     uint64
	clock    Clock
	target   Target
	classify func(*http.Response, []byte) Outcome
	replay   []Command

	world        *World
	conductor    *conductor.Conductor
	began        time.Time       // simulated date of the start
	ctx          context.Context // ends when the citizens must
	cancel       context.CancelFunc
	metrics      *Metrics
	seams        seams
	client       *http.Client
	locks        *locks.Table      // nil: locks of host code are no seams
	suspicions   atomic.Int64      // of deadlocks
	handlers     *handlerTransport // nil for a target elsewhere
	hostLog      hostLog
	recorder     Recorder // nil without telemetry
	explore      Explore  // as drawn
	overlaid     exploring
	cut          *Cut             // what is lived of the run; nil: all
	decisions    []byte           // of a fuzzer
	tracing      *trace           // nil unless the run is shrunk
	counted      map[string]int64 // of Sometimes; guarded by mu
	closing      atomic.Bool
	progress     atomic.Uint64 // phases done, for the watchdog
	bubble       atomic.Value  // string: the bubble's number, as dumps of goroutines tell it
	lastEvent    atomic.Int64  // when, in simulated time
	hostRequests atomic.Int64  // by the host's surroundings
	frozen       atomic.Bool   // the clock stands: the run was given up
	abandoned    atomic.Bool   // given up: watchers hear no more

	conducting atomic.Pointer[conductor.Conductor]
	prober     atomic.Pointer[conductor.Actor]
	inbox      chan Command // from outside, for running runs
	stopAsked  atomic.Bool  // likewise
	pacer      *pacer
	held       atomic.Bool // paused or slowed down: it is not hung

	mu          sync.Mutex
	log         eventLog
	policies    Policies
	populations []*populationState
	living      int // citizens that count against MaxConcurrentAgents
	alive       map[*Citizen]struct{}
	tickBase    time.Duration
	counts      counts
	latency     *Trend
	driftMillis float64
	curve       curve
	faults      faultState
	injections  []Injection // of the scenario and its schedules
	judge       judge
	findings    []Finding
	commands    []Command // as they took effect
	stopped     bool
	deadlocked  bool
	ended       bool // nothing more is judged
	judgedAtEnd bool
	closers     []func(context.Context) error
	values      map[any]any     // what the host keeps for faults and rules
	quietly     map[string]bool // collector errors told already
}

type counts struct {
	born       int64
	operations int64
	outcomes   [4]int64
}

// populationState is a population at work.
type populationState struct {
	Population
	gate    *Gate
	born    int
	living  int
	acted   int64
	worked  int64        // operations with outcome OK
	failed  *Operation   // the last one that was not OK
	outside atomic.Int64 // requests that were part of no operation
	dropped int64
	ended   int    // lives
	broken  int    // lives that ended in an error
	limited int    // lives that reached their step limit
	lastErr string // of the last broken life
	weights float64
}

func newRun(s *Simulation, seed uint64, replay []Command) *run {
	r := &run{
		scenario: s.scenario.withDefaults(),
		seed:     seed,
		clock:    s.clock,
		target:   s.target,
		classify: s.classify,
		replay:   replay,
		metrics:  newMetrics(),
		inbox:    make(chan Command, 16),
		pacer:    newPacer(s.speed),
		alive:    make(map[*Citizen]struct{}),
		latency:  NewTrend(),
		quietly:  make(map[string]bool),
	}
	if r.classify == nil {
		r.classify = ClassifyStatus
	}
	if r.paced() && r.clock.inner.Factor() == 0 {
		r.clock = Paced(r.scenario.Compression)
	}
	r.world = &World{run: r}
	for _, name := range s.reach {
		r.reach(name, false)
	}
	r.policies = r.scenario.Policies
	r.cut = s.cut
	r.explore = s.explore.drawn(seed)
	if s.cut != nil {
		r.explore = s.cut.Explore.drawn(seed)
	}
	r.tracing = s.tracing
	r.decisions = s.decisions
	r.cut.shorten(&r.scenario)
	r.overlaid = s.overlaid
	r.log.watch, r.log.silent = s.watchers, &r.abandoned
	r.log.appended = func(at time.Duration) { r.lastEvent.Store(int64(at)) }
	return r
}

func (r *run) paced() bool { return r.clock.inner.Name() == "paced" }

// elapsed is the simulated time since the run began.
func (r *run) elapsed() time.Duration {
	if r.frozen.Load() {
		return time.Duration(r.lastEvent.Load())
	}
	if c := r.conducting.Load(); c != nil {
		return c.Now()
	}
	return 0
}

func (r *run) date(elapsed time.Duration) time.Time { return r.began.Add(elapsed).UTC() }

// hostNow is the host's clock, for latencies.
func (r *run) hostNow() time.Time { return time.Now() }

func (r *run) currentPolicies() Policies {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.policies
}

// event appends to the log at the present instant.
func (r *run) event(actor, kind string, fill func([]byte) []byte) int64 {
	now := r.elapsed()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.append(now, actor, kind, fill).Index
}

// live runs the city from its foundation to its end. It is the whole of a run
// but for the bubble around it.
func (r *run) live() {
	defer func() { r.locks.Close() }()
	if !r.found() {
		return
	}
	r.populate()
	r.conductor.Go("tick", r.ticks)
	for i, in := range r.injections {
		if id := "fault/" + itoa(i+1); r.cut.hasFault(id) {
			r.conductor.Go(id, func(a actor) { r.strike(a, in) })
		}
	}
	for i, c := range r.scenario.Commands {
		r.conductor.Go("command/"+itoa(i+1), func(a actor) { r.scheduled(a, c) })
	}
	r.progress.Add(1)
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
	if !r.paced() {
		r.startClock()
	}
	r.client = r.clientFor(nil)
	if err := r.guard("a schedule's Plan", func() error { r.plan(); return nil }); err != nil {
		return false // a panic, which is told
	}
	if err := r.guard("an invariant's Begin", func() error { r.judge.begin(r); return nil }); err != nil {
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
	if err := r.guard("the target's factory", func() (err error) { base, err = r.target.open(r); return err }); err != nil {
		if !errors.Is(err, errPanicked) {
			r.find(Finding{Kind: FindingTarget, Text: err.Error()})
		}
		r.closeHost()
		return false
	}
	r.handlers, _ = base.(*handlerTransport)
	r.seams.setBase(base)
	if err := r.guard("a fault's Ready", r.ready); err != nil {
		if !errors.Is(err, errPanicked) {
			r.find(Finding{Kind: FindingFault, Text: err.Error()})
		}
		r.closeHost()
		return false
	}
	if r.paced() { // what the factory took is not the run's time
		r.startClock()
	}
	return true
}

// startClock makes the conductor: simulated time begins.
func (r *run) startClock() {
	r.openLocks(r.overlaid)
	r.conductor = conductor.New(conductor.Config{
		Clock:        r.clock.inner,
		Hold:         r.cut.hold(r.schedule()),
		Together:     r.explore.Order == Free,
		Overtaken:    r.tracing.overtaken(),
		BetweenSteps: r.obey,
		Panicked:     r.panicked,
		Stalled:      r.stalled,
		Locks:        r.locks,
		Passed:       r.passedLock,
	})
	r.conducting.Store(r.conductor)
}

// schedule is who is held back for how long: as the seed draws, or a fuzzer.
func (r *run) schedule() func(*conductor.Actor, uint64) uint64 {
	if len(r.decisions) > 0 {
		return holdFor(r.decisions)
	}
	return r.cut.freshness().hold(r, r.explore.hold(r.seed))
}

var errPanicked = errors.New("it panicked")

// guard turns a panic of what users gave into a finding and an error. It runs f
// on a goroutine of its own, because t.FailNow and all of require end theirs, and
// this one is the bubble's root.
func (r *run) guard(where string, f func() error) error {
	err := fmt.Errorf("simcity: %s ended its goroutine, as t.FailNow and require do: return an error instead", where)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if value := recover(); value != nil {
				r.panicked(where, value, debug.Stack())
				err = fmt.Errorf("%w: %v", errPanicked, value)
			}
		}()
		err = f()
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

// obey is called between steps: commands from a replay or from outside take
// effect here, at a definite index.
func (r *run) obey() {
	for len(r.replay) > 0 && r.reached(r.replay[0]) {
		c := r.replay[0]
		r.replay = r.replay[1:]
		r.command(c.By, c)
	}
	r.hear()
	if r.clock.inner.Name() == "virtual" && !r.closing.Load() {
		r.hold()
	}
}

// hear obeys what was sent from outside.
func (r *run) hear() {
	r.stopIfAsked()
	for len(r.inbox) > 0 {
		r.command("operator", <-r.inbox)
	}
}

func (r *run) stopIfAsked() {
	if r.stopAsked.CompareAndSwap(true, false) {
		r.command("operator", Command{Kind: Stop})
	}
}

// poke lets a run on a real clock see a command at once. A virtual one steps all
// the time, and what is inside its bubble cannot be reached from outside.
func (r *run) poke() {
	if c := r.conducting.Load(); c != nil && r.clock.inner.HostTimeIsReal() {
		c.Poke()
	}
	r.pacer.wake()
}

// reached tells whether the run is where c took effect when it was recorded:
// between two events there may be many steps, and time between two steps.
func (r *run) reached(c Command) bool {
	r.mu.Lock()
	next := r.log.next
	r.mu.Unlock()
	return c.Index <= next && c.Step <= r.conductor.Steps() && c.At <= r.elapsed()
}

// scheduled gives a command of the scenario at its time.
func (r *run) scheduled(a actor, c Command) {
	if a.SleepUntil(r.ctx, c.At) == nil {
		r.command(a.ID, c)
	}
}

// command lets c take effect.
func (r *run) command(by string, c Command) {
	now := r.elapsed()
	r.mu.Lock()
	c.Index, c.Step, c.At = r.log.next, r.conductor.Steps(), now
	r.mu.Unlock()
	switch c.Kind {
	case ChangePolicies:
		c.Policies = compact(c.Policies)
		r.mu.Lock()
		changed, err := r.policies.With(c.Policies)
		if err == nil {
			r.tickBase = now
			r.policies = changed
		}
		r.mu.Unlock()
		if err != nil {
			r.find(Finding{Kind: FindingCommand, Severity: NoteFinding, Actor: by, Text: err.Error()})
			return
		}
	case Stop:
		r.mu.Lock()
		r.stopped = true
		r.mu.Unlock()
		r.conductor.Halt()
	case Pause, Resume, Step, Speed:
		if err := r.mayPace(c); err != nil {
			r.find(Finding{Kind: FindingCommand, Severity: NoteFinding, Actor: by, Text: err.Error()})
			return
		}
		r.pace(c)
	case InjectFault:
		c.Parameters = compact(c.Parameters)
		if err := r.strikeNow(c, now); err != nil {
			r.find(Finding{Kind: FindingCommand, Severity: NoteFinding, Actor: by, Text: err.Error()})
			return
		}
	}
	if !c.Kind.paces() { // what changes nothing in the run is no event of it
		r.eventOf(by, c)
	}
	if strings.HasPrefix(by, "command/") {
		return // the scenario repeats its own
	}
	c.By = by
	r.mu.Lock()
	r.commands = append(r.commands, c)
	r.mu.Unlock()
}

func (r *run) eventOf(by string, c Command) {
	r.event(by, EventCommand, func(b []byte) []byte {
		b = appendString(append(b, `{"kind":`...), string(c.Kind))
		if len(c.Policies) > 0 {
			b = append(append(b, `,"policies":`...), c.Policies...)
		}
		if c.Fault != "" {
			b = appendString(append(b, `,"fault":`...), c.Fault)
		}
		return append(b, '}')
	})
}

// onStop calls f when the citizens must end, until stop is called.
func (r *run) onStop(f func()) (stop func()) {
	cancel := context.AfterFunc(r.ctx, f)
	return func() { cancel() }
}

// overOr is ErrOver if the run has ended, which explains any error, else err.
func (r *run) overOr(err error) error {
	if r.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return ErrOver
	}
	return err
}
