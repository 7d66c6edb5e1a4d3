package simcity

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

// A Simulation is a scenario, a target and how to run them. [New] makes one; its
// methods chain and nothing happens before Run, Simulate or Start. A simulation
// may run many times, each run a city of its own. Not safe for concurrent use.
type Simulation struct {
	scenario   Scenario
	target     Target
	seed       uint64
	clock      Clock
	classify   func(*http.Response, []byte) Outcome
	watchers   []func(Event)
	patience   time.Duration
	speed      float64
	fuzzed     bool
	decisions  []byte // of a fuzzer, in place of the seed's draws
	reporter   Reporter
	publishers []named
	reach      []string
	cut        *Cut
	explore    Explore
	tracing    *trace
	overlaid   exploring
	err        error // the first mistake in building, told when it runs
}

// New begins a simulation of scenario with seed 1 and a [Virtual] clock.
func New(scenario Scenario) *Simulation {
	return &Simulation{scenario: scenario, seed: 1, clock: Virtual(), patience: 10 * time.Second}
}

// Target is the system under test. Required.
func (s *Simulation) Target(target Target) *Simulation {
	s.target = target
	return s
}

// Seed makes the run another one. SIMCITY_SEED overrides it. At most 2^63-1.
func (s *Simulation) Seed(seed uint64) *Simulation {
	if seed > 1<<63-1 {
		s.fail(&FieldError{Field: "Seed", Value: seed, Allowed: "0 to 9223372036854775807", Fix: "drop the highest bit"})
	}
	s.seed = seed
	return s
}

// Clock chooses what time the host lives on. Default [Virtual].
func (s *Simulation) Clock(clock Clock) *Simulation {
	s.clock = clock
	return s
}

// Policies changes the scenario's policies.
func (s *Simulation) Policies(change func(*Policies)) *Simulation {
	if s.scenario.Policies == (Policies{}) {
		s.scenario.Policies = DefaultPolicies()
	}
	change(&s.scenario.Policies)
	return s
}

// Populate adds populations.
func (s *Simulation) Populate(populations ...Population) *Simulation {
	s.scenario.Populations = append(slices.Clone(s.scenario.Populations), populations...)
	return s
}

// Inject adds a fault that begins at a simulated time and lasts for another.
func (s *Simulation) Inject(fault Fault, at, lasts time.Duration) *Simulation {
	s.scenario.Injections = append(slices.Clone(s.scenario.Injections), Injection{Fault: fault, At: at, For: lasts})
	return s
}

// Schedule adds schedules, which plan faults for each run.
func (s *Simulation) Schedule(schedules ...Schedule) *Simulation {
	s.scenario.Schedules = append(slices.Clone(s.scenario.Schedules), schedules...)
	return s
}

// Check adds invariants.
func (s *Simulation) Check(invariants ...Invariant) *Simulation {
	s.scenario.Invariants = append(slices.Clone(s.scenario.Invariants), invariants...)
	return s
}

// Command adds commands on schedule.
func (s *Simulation) Command(commands ...Command) *Simulation {
	s.scenario.Commands = append(slices.Clone(s.scenario.Commands), commands...)
	return s
}

// Classify is the host's word on what its responses mean. Default
// [ClassifyStatus]. It is given the whole body, and must be safe for concurrent
// use when the run is paced.
func (s *Simulation) Classify(classify func(response *http.Response, body []byte) Outcome) *Simulation {
	s.classify = classify
	return s
}

// Until sets how long the run lasts in simulated time: more than 0.
func (s *Simulation) Until(duration time.Duration) *Simulation {
	if duration <= 0 {
		s.fail(&FieldError{Field: "Until", Value: duration, Allowed: "more than 0", Fix: "leave it out for the scenario's own duration"})
	}
	s.scenario.Duration = duration
	return s
}

// Watch calls f for each event, in order, inside the run: it must neither block
// nor call the World or Running.Send, which wait for the event to be told.
func (s *Simulation) Watch(f func(Event)) *Simulation {
	s.watchers = append(slices.Clone(s.watchers), f)
	return s
}

// Report tells reporter of every run of the simulation; nil means nobody.
// SIMCITY_TELEMETRY overrides it. Telemetry leaves the digest alone.
func (s *Simulation) Report(reporter Reporter) *Simulation {
	s.reporter = reporter
	return s
}

// Speed slows Virtual runs down to so many simulated seconds per real second; 0,
// the default, is as fast as they go. It is for watching: the run is the same.
func (s *Simulation) Speed(factor float64) *Simulation {
	if !(factor >= 0 && factor <= maxCompression) {
		s.fail(&FieldError{Field: "Speed", Value: factor, Allowed: "0 to 1000000", Fix: "leave it out for as fast as it goes; 100 makes 12 real minutes of 20 simulated hours"})
	}
	s.speed = factor
	return s
}

// Patience is how long, in real time, nothing may move in a Virtual run before
// it is given up as hung. Default 10 seconds.
func (s *Simulation) Patience(d time.Duration) *Simulation {
	if d <= 0 {
		s.fail(&FieldError{Field: "Patience", Value: d, Allowed: "more than 0", Fix: "leave it out for 10 seconds"})
	}
	s.patience = d
	return s
}

// repeats tells whether a seed makes the same run again, as far as the host does.
func (s *Simulation) repeats() bool {
	return s.explore.Order != Free && !s.clock.inner.HostTimeIsReal()
}

func (s *Simulation) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Validate reports the first mistake in the simulation, as a [FieldError].
func (s *Simulation) Validate() error {
	if s.err != nil {
		return s.err
	}
	if s.clock.inner.Name() == "" {
		return &FieldError{Field: "Clock", Value: "the zero Clock", Allowed: "Virtual(), Stepped() or Paced(factor)", Fix: "leave Clock out for Virtual"}
	}
	if s.clock.err != nil {
		return s.clock.err
	}
	if err := s.explore.validate(s.clock); err != nil {
		return err
	}
	if err := s.scenario.Validate(); err != nil {
		return err
	}
	if s.target == nil {
		return &FieldError{Field: "Target", Value: "nil", Allowed: "a target", Fix: "add .Target(simcity.InProcess(newApp))"}
	}
	return s.target.validate(s.clock, &s.scenario)
}

// Run runs the simulation and fails the test unless the verdict is PASS. Each
// invariant is a subtest, and the verdict line is written to the test's output.
// Settings come from the builder and from SIMCITY_ variables, which win. Then the
// publishers of [Simulation.Publish] and SIMCITY_REPORT are told.
func (s *Simulation) Run(t testing.TB) *Result {
	t.Helper()
	place := calledFrom()
	p, err := newPlay(s, t)
	if err == nil {
		err = p.openPublishers()
	}
	if err != nil {
		t.Fatal(err)
	}
	res := p.perform()
	p.publish(res, place)
	res.report(t)
	return res
}

// Simulate is Run for those who judge for themselves: it writes the verdict line
// and the bundle, but fails the test only if the simulation cannot run at all.
func (s *Simulation) Simulate(t testing.TB) *Result {
	t.Helper()
	p, err := newPlay(s, t)
	if err != nil {
		t.Fatal(err)
	}
	return p.perform()
}

// A Running simulation was started outside of a test.
type Running struct {
	run  *run
	done chan struct{}
	res  *Result
}

// Start runs the simulation in the background, outside of tests. Settings come
// from the builder alone. The run stops when ctx ends.
func (s *Simulation) Start(ctx context.Context) (*Running, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	running := &Running{run: newRun(s, s.seed, nil), done: make(chan struct{})}
	if err := running.run.announce(s.reporter); err != nil {
		return nil, err
	}
	go func() {
		defer close(running.done)
		stop := context.AfterFunc(ctx, running.Stop)
		defer stop()
		running.res = running.run.play(s.patience)
		running.run.deliver(running.res)
	}()
	return running, nil
}

// Send gives a command to the run. It takes effect at the next step; one that
// comes after the last step is not obeyed, and then it is not among the result's
// Commands. Safe for concurrent use.
func (r *Running) Send(command Command) error {
	if err := r.run.steering.check(command); err != nil {
		return err
	}
	select {
	case <-r.done:
		return fmt.Errorf("simcity: the run has ended: %w", ErrOver)
	default:
		return r.run.steering.send(command)
	}
}

// PoliciesInUse are the names of the policies that make a difference to the run:
// those that the engine itself reads and, once a citizen, a gate or an invariant has
// asked for the policies, all of them. Which fields it then looks at cannot be told.
// Safe for concurrent use.
func (r *Running) PoliciesInUse() []string { return r.run.inForce.inUse() }

// Stop ends the run with the verdict STOPPED, before commands that wait. It does
// not wait itself. Safe for concurrent use.
func (r *Running) Stop() {
	r.run.steering.stop("operator")
}

// Wait returns the result when the run has ended.
func (r *Running) Wait() *Result {
	<-r.done
	return r.res
}
