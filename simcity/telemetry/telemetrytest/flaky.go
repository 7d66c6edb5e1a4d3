package telemetrytest

import (
	"context"
	"sync"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// A Call is one call of a [Flaky] sink.
type Call struct {
	Number int    // from 0, over all methods
	Method string // BeginRun, Append or EndRun
	Batch  telemetry.Batch
}

// A Fault says what goes wrong with a call: Err instead of it or, if Late is set,
// after it, when the sink has the rows and only the answer is lost. The zero
// value is no fault.
type Fault struct {
	Err  error
	Late bool
}

// Flaky is a sink with faults before it. Plan decides about each call.
type Flaky struct {
	telemetry.Sink
	Plan func(context.Context, Call) Fault

	mu    sync.Mutex
	calls []Call
}

// Calls are all calls so far.
func (f *Flaky) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Call(nil), f.calls...)
}

func (f *Flaky) do(ctx context.Context, call Call, do func() error) error {
	f.mu.Lock()
	call.Number = len(f.calls)
	f.calls = append(f.calls, call)
	f.mu.Unlock()
	fault := f.Plan(ctx, call)
	if fault.Err != nil && !fault.Late {
		return fault.Err
	}
	if err := do(); err != nil {
		return err
	}
	return fault.Err
}

// BeginRun begins a run, or fails.
func (f *Flaky) BeginRun(ctx context.Context, run telemetry.Run) error {
	return f.do(ctx, Call{Method: "BeginRun"}, func() error { return f.Sink.BeginRun(ctx, run) })
}

// Append adds rows, or fails.
func (f *Flaky) Append(ctx context.Context, batch telemetry.Batch) error {
	return f.do(ctx, Call{Method: "Append", Batch: batch}, func() error { return f.Sink.Append(ctx, batch) })
}

// EndRun ends a run, or fails.
func (f *Flaky) EndRun(ctx context.Context, run telemetry.Run) error {
	return f.do(ctx, Call{Method: "EndRun"}, func() error { return f.Sink.EndRun(ctx, run) })
}
