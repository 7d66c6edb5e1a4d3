package simcity

import (
	"context"
	"sync/atomic"
	"time"
)

// A Fault is one thing that goes wrong: Inject makes it so and tells how to undo
// it.
type Fault struct {
	// Kind names it in reports and commands, in UPPER_CASE as the runbook does.
	// Required.
	Kind string
	// Parameters are told in events and bundles. Optional.
	Parameters map[string]any
	// Inject makes it happen and returns how to undo it. It counts what it
	// touches: a fault that touched nothing proves nothing, and the run is
	// INCONCLUSIVE. Required.
	Inject func(ctx context.Context, w *World, touched *Touched) (revert func(context.Context) error, err error)
}

// Touched counts what a fault reached: requests delayed, entries dropped, rows
// laid open. Safe for concurrent use.
type Touched struct{ n atomic.Int64 }

// Add counts n more.
func (t *Touched) Add(n int64) { t.n.Add(n) }

// Count is the number so far.
func (t *Touched) Count() int64 { return t.n.Load() }

// An Injection is a fault on schedule.
type Injection struct {
	Fault Fault
	// At is when it begins, in simulated time since the run began.
	At time.Duration
	// For is how long it lasts; then it is reverted. Required.
	For time.Duration
}
