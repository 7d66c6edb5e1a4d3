package simcity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bookiji/simcity/internal/conductor"
)

// A Scenario says what happens in a run: workload, policies, fault schedule,
// invariants and duration. It is a plain value: copy it and change fields. Zero
// fields mean the documented defaults.
type Scenario struct {
	// Name is told in the verdict line, in snake_case. Required.
	Name string
	// Doc says in a sentence or two what the scenario shows.
	Doc string
	// Duration of the run in simulated time. Default 20 hours.
	Duration time.Duration
	// Start is the simulated date at which a Virtual run begins, not before
	// 2000-01-01 UTC. Default Monday, 2026-01-05 00:00 UTC. Stepped and Paced runs
	// begin at the real date, where their host lives.
	Start time.Time
	// Compression is simulated seconds per real second of a paced run. It also
	// makes the tick: TickSpeedMs times Compression. Default 100.
	Compression float64
	// Policies in force at the start. Default [DefaultPolicies].
	Policies Policies
	// Populations live in the city. At least one.
	Populations []Population
	// Injections are the faults on schedule.
	Injections []Injection
	// Schedules plan further faults for each run, such as a random choice.
	Schedules []Schedule
	// Faults are the kinds that commands may inject by name.
	Faults []FaultKind
	// Invariants judge the run. At least one.
	Invariants []Invariant
	// Collectors read figures from the target once per tick.
	Collectors []Collector
	// Commands are given at simulated times; see [Command].
	Commands []Command
	// AllowEmpty lists what may stay unchecked without making the run
	// INCONCLUSIVE: names of invariants (too few samples), of populations (no
	// operation, most of them failed outside of faults, those of a name refused every
	// time, or dropped arrivals), kinds of faults (nothing touched), or "*" for all.
	AllowEmpty []string
	// RecoveryGrace is how long after a fault the city may still limp, in
	// simulated time. Default 10 minutes.
	RecoveryGrace time.Duration
	// RequestTimeout is every request's deadline on the host's clock. Default
	// 30 seconds.
	RequestTimeout time.Duration
	// ClosedLoop makes the load a closed one, as of a fixed crowd: an arrival that
	// finds the city full waits for a place, and latency counts from when a request
	// is sent. By default the load is open, as of the public: arrivals that find no
	// place are dropped and told, and latency counts from when a citizen meant to
	// act. The two answer differently, so that the result says which it was.
	ClosedLoop bool
	// KeepGoing lets the run go on after a critical violation or a panic. By
	// default it ends there, so that what is reported is the first cause.
	KeepGoing bool
}

// A Collector reads figures from the target into [World.Metrics], once per tick
// and at the end of the run. An error is noted once.
type Collector interface {
	Collect(ctx context.Context, w *World) error
}

// CollectorFunc makes a function a [Collector].
type CollectorFunc func(ctx context.Context, w *World) error

// Collect calls f.
func (f CollectorFunc) Collect(ctx context.Context, w *World) error { return f(ctx, w) }

// A CommandKind says what a [Command] does.
type CommandKind string

// The kinds of commands that change a run.
const (
	// ChangePolicies changes the fields given in Policies.
	ChangePolicies CommandKind = "policy"
	// InjectFault injects a fault of Scenario.Faults.
	InjectFault CommandKind = "event"
	// Pause holds a Virtual run until Resume, and Step lets it go on for so many
	// events. Speed slows it down to Factor simulated seconds per real second, 0
	// for as fast as it goes. They change when the run goes on and nothing in it:
	// they are recorded, but they are no events, and a replay leaves them out.
	Pause  CommandKind = "pause"
	Resume CommandKind = "resume"
	Step   CommandKind = "step"
	Speed  CommandKind = "speed"
	// Stop ends the run with the verdict STOPPED.
	Stop CommandKind = "stop"
)

// A Command steers a run: by hand, by schedule or by replay. Each one is an
// event at a definite index, so that a steered run replays exactly.
type Command struct {
	Kind CommandKind `json:"kind"`
	// At is the simulated time since the run began: of a command on schedule when
	// it is due, of a recorded one when it took effect.
	At time.Duration `json:"at,omitempty"`
	// Index is the event index at which the command took effect. It is set when
	// the command is recorded, and a replay gives the command there.
	Index int64 `json:"index,omitempty"`
	// Step counts the conductor's steps until then, since several may pass without
	// an event. It is set when the command is recorded.
	Step uint64 `json:"step,omitempty"`
	// By is who gave it, as the event tells. It is set when the command is
	// recorded.
	By string `json:"by,omitempty"`
	// Policies is a JSON object of the fields to change, for ChangePolicies.
	Policies json.RawMessage `json:"policies,omitempty"`
	// Fault is the kind to inject, for InjectFault, Parameters a JSON object of its
	// parameters and For how long it lasts. Default 10 minutes; the end of the run
	// cuts it short.
	Fault      string          `json:"fault,omitempty"`
	Parameters json.RawMessage `json:"parameters,omitempty"`
	For        time.Duration   `json:"for,omitempty"`
	// Steps is how many events a Step lets pass; default 1.
	Steps int `json:"steps,omitempty"`
	// Factor is of Speed.
	Factor float64 `json:"factor,omitempty"`
}

// withDefaults fills zero fields.
func (s Scenario) withDefaults() Scenario {
	if s.Duration == 0 {
		s.Duration = 20 * time.Hour
	}
	if s.Start.IsZero() {
		s.Start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	}
	if s.Compression == 0 {
		s.Compression = 100
	}
	if s.Policies == (Policies{}) {
		s.Policies = DefaultPolicies()
	}
	if s.RecoveryGrace == 0 {
		s.RecoveryGrace = 10 * time.Minute
	}
	if s.RequestTimeout == 0 {
		s.RequestTimeout = 30 * time.Second
	}
	s.Populations = slices.Clone(s.Populations)
	for i := range s.Populations {
		if s.Populations[i].StepLimit == 0 {
			s.Populations[i].StepLimit = 1000
		}
	}
	return s
}

// Limits of a scenario.
const (
	maxDuration    = 366 * 24 * time.Hour
	maxCompression = 1_000_000
	minTick        = time.Second
	maxWeight      = 1e9
)

// Validate reports what cannot work, after defaults are filled in. The error
// is a [FieldError].
func (s Scenario) Validate() error {
	s = s.withDefaults()
	for _, check := range []func() error{
		s.validateTimes, s.Policies.Validate, s.validatePopulations, s.validateInvariants,
		s.validateFaults, s.validateCommands, s.validateAllowEmpty,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scenario) validateTimes() error {
	firstDate := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	lastDate := time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	switch {
	case s.Name == "" || strings.ContainsAny(s.Name, " \t\n\"="):
		return &FieldError{Field: "scenario.Name", Value: fmt.Sprintf("%q", s.Name), Allowed: "a word in snake_case", Fix: "name the scenario"}
	case s.Duration < time.Second || s.Duration > maxDuration:
		return &FieldError{Field: "scenario.Duration", Value: s.Duration, Allowed: fmt.Sprintf("1s to %s", maxDuration), Fix: "give the simulated time that the run covers"}
	case s.Start.Before(firstDate) || s.Start.After(lastDate):
		return &FieldError{Field: "scenario.Start", Value: s.Start, Allowed: "2000-01-01 to 2200-01-01 UTC", Fix: "a bubble's clock begins in 2000 and only moves forward"}
	case !(s.Compression >= 1 && s.Compression <= maxCompression):
		return &FieldError{Field: "scenario.Compression", Value: s.Compression, Allowed: fmt.Sprintf("1 to %d", maxCompression), Fix: "leave it out for 100, which makes 12 real minutes of 20 simulated hours"}
	case s.RecoveryGrace < 0:
		return &FieldError{Field: "scenario.RecoveryGrace", Value: s.RecoveryGrace, Allowed: "0 or more", Fix: "leave it out for 10 minutes"}
	case s.RequestTimeout < 0:
		return &FieldError{Field: "scenario.RequestTimeout", Value: s.RequestTimeout, Allowed: "more than 0", Fix: "leave it out for 30 seconds"}
	case s.Policies.tick(s.Compression) < minTick:
		return &FieldError{Field: "policies.tickSpeedMs", Value: s.Policies.TickSpeedMs, Allowed: fmt.Sprintf("a tick of at least %s of simulated time", minTick), Fix: "raise tickSpeedMs or scenario.Compression, or begin with simcity.DefaultPolicies() and change what should differ"}
	}
	return nil
}

// reservedNames are those of the engine's own actors and streams.
var reservedNames = []string{conductor.Background, "command", "deadlock", "end", "fault", "gate", "host", "judge", "run", "tick", "world"}

func (s *Scenario) validatePopulations() error {
	if len(s.Populations) == 0 {
		return &FieldError{Field: "scenario.Populations", Value: "empty", Allowed: "at least one", Fix: "add one with Simulation.Populate"}
	}
	seen := map[string]bool{}
	for i, p := range s.Populations {
		field := fmt.Sprintf("scenario.Populations[%d]", i)
		switch {
		case p.Name == "" || strings.ContainsAny(p.Name, "/ \t\n\""):
			return &FieldError{Field: field + ".Name", Value: fmt.Sprintf("%q", p.Name), Allowed: "a word without slash", Fix: `name the population, such as "customer"`}
		case slices.Contains(reservedNames, p.Name):
			return &FieldError{Field: field + ".Name", Value: p.Name, Allowed: "any but " + strings.Join(reservedNames, ", "), Fix: "the engine's own actors have that name: choose another"}
		case seen[p.Name]:
			return &FieldError{Field: field + ".Name", Value: p.Name, Allowed: "unique names", Fix: "rename one of the two populations"}
		case p.Agent == nil:
			return &FieldError{Field: field + ".Agent", Value: "nil", Allowed: "an Agent", Fix: "give simcity.AgentFunc or a behaviour of package agents"}
		case p.Arrivals == nil:
			return &FieldError{Field: field + ".Arrivals", Value: "nil", Allowed: "an arrival process", Fix: "give one of package agents, such as agents.Exactly"}
		case p.StepLimit < 0:
			return &FieldError{Field: field + ".StepLimit", Value: p.StepLimit, Allowed: "1 or more", Fix: "leave it out for 1000"}
		}
		for j, persona := range p.Personas {
			if !(persona.Weight >= 0 && persona.Weight <= maxWeight) {
				return &FieldError{Field: fmt.Sprintf("%s.Personas[%d].Weight", field, j), Value: persona.Weight, Allowed: fmt.Sprintf("0 to %g", maxWeight), Fix: "weights are relative to one another; 0 counts as 1"}
			}
		}
		if err := askedToValidate(p.Arrivals); err != nil {
			return fmt.Errorf("%s.Arrivals: %w", field, err)
		}
		if err := askedToValidate(p.Agent); err != nil {
			return fmt.Errorf("%s.Agent: %w", field, err)
		}
		seen[p.Name] = true
	}
	return nil
}

// askedToValidate asks what can tell whether it works.
func askedToValidate(value any) error {
	if v, ok := value.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return nil
}

func (s *Scenario) validateInvariants() error {
	if len(s.Invariants) == 0 {
		return &FieldError{Field: "scenario.Invariants", Value: "empty", Allowed: "at least one", Fix: "a run without a rule proves nothing; add one with Simulation.Check"}
	}
	seen := map[string]bool{}
	for i, inv := range s.Invariants {
		field := fmt.Sprintf("scenario.Invariants[%d]", i)
		switch {
		case inv.Name == "" || strings.ContainsAny(inv.Name, " \t\n\""):
			return &FieldError{Field: field + ".Name", Value: fmt.Sprintf("%q", inv.Name), Allowed: "a word in snake_case", Fix: "name the invariant"}
		case seen[inv.Name]:
			return &FieldError{Field: field + ".Name", Value: inv.Name, Allowed: "unique names", Fix: "two invariants of one name cannot be told apart in the verdict: rename one"}
		case inv.Begin == nil:
			return &FieldError{Field: field + ".Begin", Value: "nil", Allowed: "a function", Fix: "make " + inv.Name + " with package invariants, or give Begin"}
		case inv.When > AtEnd || inv.Severity > Warning:
			return &FieldError{Field: field, Value: inv.Name, Allowed: "When Always, Steady or AtEnd; Severity Critical or Warning", Fix: "use the named constants"}
		}
		seen[inv.Name] = true
	}
	return nil
}

func (s *Scenario) validateFaults() error {
	for i, schedule := range s.Schedules {
		if schedule == nil {
			return &FieldError{Field: fmt.Sprintf("scenario.Schedules[%d]", i), Value: "nil", Allowed: "a Schedule", Fix: "give one of package chaos, such as chaos.Every"}
		}
		if err := askedToValidate(schedule); err != nil {
			return fmt.Errorf("scenario.Schedules[%d]: %w", i, err)
		}
	}
	seen := map[string]bool{}
	for i, kind := range s.Faults {
		if kind.Kind == "" || kind.Make == nil || seen[kind.Kind] {
			return &FieldError{Field: fmt.Sprintf("scenario.Faults[%d]", i), Value: fmt.Sprintf("%q", kind.Kind), Allowed: "a Kind of its own and a Make function", Fix: "name it, once, and give the function that reads its parameters"}
		}
		seen[kind.Kind] = true
	}
	return validateInjections("scenario.Injections", s.Injections, s.Duration)
}

// validateInjections reports the first that cannot be in a run so long.
func validateInjections(list string, injections []Injection, duration time.Duration) error {
	for i, in := range injections {
		field := fmt.Sprintf("%s[%d]", list, i)
		switch {
		case in.Fault.Err != nil:
			return fmt.Errorf("%s: %w", field, in.Fault.Err)
		case in.Fault.Kind == "" || in.Fault.Inject == nil:
			return &FieldError{Field: field + ".Fault", Value: fmt.Sprintf("%q", in.Fault.Kind), Allowed: "a Kind and an Inject function", Fix: "name the fault and give the function that makes it happen"}
		case !isJSON(in.Fault.Parameters):
			return &FieldError{Field: field + ".Fault.Parameters", Value: fmt.Sprint(in.Fault.Parameters), Allowed: "what encoding/json can write", Fix: "use numbers, strings and lists"}
		case in.At < 0 || in.At >= duration:
			return &FieldError{Field: field + ".At", Value: in.At, Allowed: fmt.Sprintf("0 to less than the duration, %s", duration), Fix: "move the fault into the run"}
		case in.For <= 0 || in.For > duration-in.At:
			return &FieldError{Field: field + ".For", Value: in.For, Allowed: fmt.Sprintf("more than 0, ending by %s", duration), Fix: "say how long the fault lasts; it must end within the run, or lengthen scenario.Duration"}
		}
	}
	return nil
}

func isJSON(value any) bool {
	_, err := json.Marshal(value)
	return err == nil
}

func (s *Scenario) validateCommands() error {
	for i, c := range s.Commands {
		field := fmt.Sprintf("scenario.Commands[%d]", i)
		switch {
		case c.Kind != ChangePolicies && c.Kind != Stop && c.Kind != InjectFault:
			return &FieldError{Field: field + ".Kind", Value: c.Kind, Allowed: knownCommands, Fix: "use the named constants"}
		case c.At < 0 || c.At > s.Duration:
			return &FieldError{Field: field + ".At", Value: c.At, Allowed: fmt.Sprintf("0 to %s", s.Duration), Fix: "move the command into the run"}
		case c.Kind == ChangePolicies:
			if _, err := s.Policies.With(c.Policies); err != nil {
				return fmt.Errorf("%s: %w", field, err)
			}
		case c.Kind == InjectFault:
			if err := s.validateCall(c); err != nil {
				return fmt.Errorf("%s: %w", field, err)
			}
		}
	}
	return nil
}

const knownCommands = "policy, event, stop"

// validateCall checks a command that injects a fault.
func (s *Scenario) validateCall(c Command) error {
	if c.For < 0 {
		return &FieldError{Field: "command.For", Value: c.For, Allowed: "more than 0", Fix: "leave it out for " + defaultFaultTime.String()}
	}
	_, err := s.makeFault(c)
	return err
}

func (s *Scenario) validateAllowEmpty() error {
	known := []string{"*"}
	for _, inv := range s.Invariants {
		known = append(known, inv.Name)
	}
	for _, p := range s.Populations {
		known = append(known, p.Name)
	}
	for _, in := range s.Injections {
		known = append(known, in.Fault.Kind)
	}
	for _, schedule := range s.Schedules {
		known = append(known, schedule.Kinds()...)
	}
	for _, kind := range s.Faults {
		known = append(known, kind.Kind)
	}
	for i, name := range s.AllowEmpty {
		if !slices.Contains(known, name) {
			return &FieldError{Field: fmt.Sprintf("scenario.AllowEmpty[%d]", i), Value: name, Allowed: strings.Join(known, ", "), Fix: "name an invariant, a population or a fault of this scenario"}
		}
	}
	return nil
}

func (s *Scenario) mayBeEmpty(name string) bool {
	return slices.Contains(s.AllowEmpty, name) || slices.Contains(s.AllowEmpty, "*")
}
