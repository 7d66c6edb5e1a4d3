package simcity

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// plan is what the scenario's list and its schedules inject. A cut is planned as
// the whole run is, also what would strike or end after it.
func (r *run) plan() {
	r.faults.planned = slices.Clone(r.scenario.Injections)
	for i, schedule := range r.scenario.Schedules {
		planned := schedule.Plan(stream(r.seed, "schedule/"+itoa(i+1)), r.whole)
		r.faults.planned = append(r.faults.planned, planned...)
	}
}

// ready asks each fault whether it can strike this host.
func (r *run) ready() error {
	if err := validateInjections("planned", r.faults.planned, r.whole); err != nil {
		return err
	}
	for _, in := range r.faults.planned {
		if err := in.Fault.readyFor(r.world); err != nil {
			return err
		}
	}
	for _, c := range r.scenario.Commands {
		if c.Kind != InjectFault {
			continue
		}
		fault, err := r.scenario.makeFault(c)
		if err == nil {
			err = fault.readyFor(r.world)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f Fault) readyFor(w *World) error {
	if f.Ready == nil {
		return nil
	}
	if err := f.Ready(w); err != nil {
		return fmt.Errorf("simcity: fault %s cannot strike this host: %w", f.Kind, err)
	}
	return nil
}

// strike is the life of a fault: it waits, begins, lasts and is undone.
func (r *run) strike(a actor, in Injection) {
	if a.SleepUntil(r.ctx, in.At) != nil {
		return
	}
	r.judge.endPhase(false)
	ctx := r.withActor(r.ctx, a)
	s := &struck{
		FaultWindow: FaultWindow{Actor: a.ID, Kind: in.Fault.Kind, Parameters: in.Fault.Parameters, Begun: r.elapsed(), Active: true},
		touched:     &Touched{},
	}
	var err error
	s.undo, err = in.Fault.Inject(ctx, r.world, s.touched)
	switch cut := err != nil && r.over(err); {
	case cut && s.undo == nil:
		return
	case err != nil && !cut: // one that was cut short may be half done: it is undone
		r.find(Finding{Kind: FindingFault, Actor: a.ID, Text: fmt.Sprintf("%s could not be injected: %v", s.Kind, err)})
		return
	}
	r.faults.begin(s)
	parameters, _ := json.Marshal(s.Parameters) // maps are written in the order of their keys
	r.event(a.ID, EventFaultInjected, func(b []byte) []byte {
		b = appendString(append(b, `{"kind":`...), s.Kind)
		b = append(append(b, `,"parameters":`...), parameters...)
		return append(appendInt(append(b, `,"forNanos":`...), int64(in.For)), '}')
	})
	if a.SleepUntil(r.ctx, in.At+in.For) == nil {
		r.undo(ctx, a.ID, s)
	}
}

// undo reverts a fault, trying three times. What cannot be undone is a finding.
func (r *run) undo(ctx context.Context, by string, s *struck) {
	if !r.faults.claim(s) {
		return
	}
	var err error
	if s.undo != nil {
		for range 3 {
			if err = s.undo(ctx); err == nil {
				break
			}
		}
	}
	if err != nil && r.ctx.Err() != nil && ctx.Err() != nil {
		r.faults.release(s) // cut short by the end of the run: undoAll tries again
		return
	}
	if err != nil {
		r.find(Finding{Kind: FindingFault, Actor: by, Text: fmt.Sprintf("%s could not be reverted, three times: %v", s.Kind, err)})
	}
	r.faults.end(s, r.elapsed())
	r.event(by, EventFaultReverted, func(b []byte) []byte {
		b = appendString(append(b, `{"kind":`...), s.Kind)
		return append(appendInt(append(b, `,"touched":`...), s.touched.Count()), '}')
	})
}

// undoAll reverts whatever is still active, latest first.
func (r *run) undoAll(ctx context.Context, by string) {
	for _, s := range slices.Backward(r.faults.all()) {
		r.undo(ctx, by, s)
	}
}

// mayCall reports why a command cannot inject its fault.
func (r *run) mayCall(c Command) error {
	if err := r.scenario.validateCall(c); err != nil {
		return err
	}
	fault, err := r.scenario.makeFault(c)
	if err != nil {
		return err
	}
	return fault.readyFor(r.world)
}

// strikeNow begins the fault that a command calls for, as an actor of its own.
func (r *run) strikeNow(c Command) error {
	if err := r.mayCall(c); err != nil {
		return err
	}
	fault, err := r.scenario.makeFault(c)
	if err != nil {
		return err
	}
	in := Injection{Fault: fault, At: c.At, For: min(cmp.Or(c.For, defaultFaultTime), max(r.scenario.Duration-c.At, 1))}
	r.conductor.Go("fault/called/"+itoa(r.faults.call()), func(a actor) { r.strike(a, in) })
	return nil
}
