package simcity

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Fault is one thing that goes wrong: Inject makes it so and tells how to undo
// it. Package chaos has many; a host's own takes three lines.
type Fault struct {
	// Kind names it in reports and commands, in UPPER_CASE as the runbook does.
	// Required.
	Kind string
	// Parameters are told in events and bundles. Optional.
	Parameters map[string]any
	// Err is a mistake in the parameters, found by whoever made the fault: the
	// simulation is refused with it. Optional.
	Err error
	// Ready tells why the fault cannot strike this host, such as a hook that it
	// does not offer. It is asked once the host stands, before anything happens,
	// and when the fault is injected by a command; it must neither wait nor change
	// anything. Optional.
	Ready func(w *World) error
	// Inject makes it happen and returns how to undo it, which must be right to
	// call even if the host has healed itself meanwhile. It counts what it touches:
	// a fault that touched nothing proves nothing, and the run is INCONCLUSIVE. If
	// the end of the run cuts it short it may return both, and is undone.
	// Required.
	Inject func(ctx context.Context, w *World, touched *Touched) (revert func(context.Context) error, err error)
}

// Touched counts what a fault reached: requests delayed, entries dropped, rows
// laid open. Safe for concurrent use.
type Touched struct {
	n      atomic.Int64
	mu     sync.Mutex
	passed []string
}

// Add counts n more.
func (t *Touched) Add(n int64) { t.n.Add(n) }

// Count is the number so far.
func (t *Touched) Count() int64 { return t.n.Load() }

// LetPass notes what the fault saw and was not meant to reach, such as a request's
// method and path. Some are told of a fault that touched nothing.
func (t *Touched) LetPass(what string) {
	const most = 5
	if t.n.Load() > 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.passed) < most && !slices.Contains(t.passed, what) {
		t.passed = append(t.passed, what)
	}
}

// letPass is what was seen by a fault that touched nothing.
func (t *Touched) letPass() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n.Load() > 0 {
		return nil
	}
	return slices.Clone(t.passed)
}

// An Injection is a fault on schedule.
type Injection struct {
	Fault Fault
	// At is when it begins, in simulated time since the run began.
	At time.Duration
	// For is how long it lasts; then it is reverted. Required.
	For time.Duration
}

// A Schedule plans faults for a run: a fixed list, a repetition, or a random
// choice. It is asked once per run, before the host is built.
type Schedule interface {
	// Plan returns the injections of a run. random is the schedule's own stream,
	// so that the plan is a function of the seed; duration is the run's.
	Plan(random *rand.Rand, duration time.Duration) []Injection
	// Kinds are all that it may ever plan.
	Kinds() []string
}

// A FaultWindow is a fault as it struck.
type FaultWindow struct {
	// Actor injected it: "fault/1" for the first on schedule.
	Actor      string         `json:"actor"`
	Kind       string         `json:"kind"`
	Parameters map[string]any `json:"parameters,omitempty"`
	// Begun and Ended are simulated times since the run began. Ended is that of
	// the revert, and zero while the fault is active.
	Begun  time.Duration `json:"begun"`
	Ended  time.Duration `json:"ended,omitempty"`
	Active bool          `json:"active,omitempty"`
	// Touched counts what it reached.
	Touched int64 `json:"touched"`
	// LetPass is some of what it saw and let pass, if it touched nothing.
	LetPass []string `json:"letPass,omitempty"`
}

// itBegan is where what each seed has otherwise begins in the doubt about a fault.
const itBegan = " (it began at "

func (w FaultWindow) letPass() string {
	if len(w.LetPass) == 0 {
		return ""
	}
	return ", and let pass " + strings.Join(w.LetPass, ", ")
}

// String tells when it struck and what it touched.
func (w FaultWindow) String() string {
	until := "active"
	if !w.Active {
		until = "to " + w.Ended.Round(time.Second).String()
	}
	return fmt.Sprintf("fault %s from %s %s touched %d", w.Kind, w.Begun.Round(time.Second), until, w.Touched)
}

// A FaultKind makes faults of one kind by name, for commands.
type FaultKind struct {
	// Kind is the name, such as CACHE_INVALIDATION_STORM.
	Kind string
	// Doc says in a sentence what goes wrong.
	Doc string
	// Parameters are those that Make reads.
	Parameters []FaultParameter
	// Make reads a JSON object of parameters; nothing means the defaults. Unknown
	// names and values out of range are errors.
	Make func(parameters json.RawMessage) (Fault, error)
}

// A FaultParameter describes one parameter of a [FaultKind].
type FaultParameter struct {
	Name    string `json:"name"`
	Doc     string `json:"doc"`
	Default any    `json:"default"`
	// Allowed says what values it takes, such as "0 to 1".
	Allowed string `json:"allowed"`
}

// makeFault makes the fault that a command names.
func (s *Scenario) makeFault(c Command) (Fault, error) {
	for _, kind := range s.Faults {
		if kind.Kind == c.Fault {
			fault, err := kind.Make(c.Parameters)
			if err == nil {
				err = fault.Err
			}
			return fault, err
		}
	}
	known := "none: the scenario registers no faults"
	if len(s.Faults) > 0 {
		var names []string
		for _, kind := range s.Faults {
			names = append(names, kind.Kind)
		}
		known = strings.Join(names, ", ")
	}
	return Fault{}, &FieldError{Field: "command.Fault", Value: cmp.Or(c.Fault, `""`), Allowed: known, Fix: "name one of them, or register more that commands may inject: Scenario.Faults = chaos.Kinds()"}
}

// defaultFaultTime is how long a fault lasts that is injected by command.
const defaultFaultTime = 10 * time.Minute
