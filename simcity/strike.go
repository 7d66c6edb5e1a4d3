package simcity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// faultState is which faults are active and when the last one ended.
type faultState struct {
	active  []string
	begun   int
	ended   time.Duration // of the last fault; meaningful once begun > 0
	touched []faultCount
	reverts []*revert
}

type faultCount struct {
	kind    string
	touched *Touched
}

// revert undoes a fault exactly once.
type revert struct {
	kind string
	undo func(context.Context) error
	done bool
}

// steadyAt reports whether no fault is active and the city has had the grace
// to recover.
func (f *faultState) steadyAt(at, grace time.Duration) bool {
	return len(f.active) == 0 && (f.begun == 0 || at >= f.ended+grace)
}

// strike is the life of a scheduled fault: it waits, begins, lasts and is undone.
func (r *run) strike(a actor, in Injection) {
	if a.SleepUntil(r.ctx, in.At) != nil {
		return
	}
	r.endPhase(false)
	ctx := r.withActor(r.ctx, a)
	touched := &Touched{}
	undo, err := in.Fault.Inject(ctx, r.world, touched)
	if err != nil {
		r.find(Finding{Kind: FindingFault, Actor: a.ID, Text: fmt.Sprintf("%s could not be injected: %v", in.Fault.Kind, err)})
		return
	}
	back := &revert{kind: in.Fault.Kind, undo: undo}
	r.mu.Lock()
	r.faults.begun++
	r.faults.active = append(r.faults.active, in.Fault.Kind)
	r.faults.touched = append(r.faults.touched, faultCount{in.Fault.Kind, touched})
	r.faults.reverts = append(r.faults.reverts, back)
	r.mu.Unlock()
	parameters, _ := json.Marshal(in.Fault.Parameters) // maps are written in the order of their keys
	r.event(a.ID, EventFaultInjected, func(b []byte) []byte {
		b = appendString(append(b, `{"kind":`...), in.Fault.Kind)
		b = append(append(b, `,"parameters":`...), parameters...)
		return append(appendInt(append(b, `,"forNanos":`...), int64(in.For)), '}')
	})
	if a.SleepUntil(r.ctx, in.At+in.For) == nil {
		r.undo(ctx, a.ID, back)
	}
}

// undo reverts a fault, trying three times. What cannot be undone is a finding.
func (r *run) undo(ctx context.Context, by string, back *revert) {
	r.mu.Lock()
	done := back.done
	back.done = true
	r.mu.Unlock()
	if done {
		return
	}
	var err error
	if back.undo != nil {
		for range 3 {
			if err = back.undo(ctx); err == nil {
				break
			}
		}
	}
	if err != nil && r.ctx.Err() != nil && ctx.Err() != nil {
		r.mu.Lock()
		back.done = false // cut short by the end of the run: undoAll tries again
		r.mu.Unlock()
		return
	}
	if err != nil {
		r.find(Finding{Kind: FindingFault, Actor: by, Text: fmt.Sprintf("%s could not be reverted, three times: %v", back.kind, err)})
	}
	now := r.elapsed()
	r.mu.Lock()
	if i := slices.Index(r.faults.active, back.kind); i >= 0 {
		r.faults.active = slices.Delete(slices.Clone(r.faults.active), i, i+1)
	}
	r.faults.ended = now
	r.mu.Unlock()
	r.event(by, EventFaultReverted, func(b []byte) []byte {
		return append(appendString(append(b, `{"kind":`...), back.kind), '}')
	})
}

// undoAll reverts whatever is still active, latest first.
func (r *run) undoAll(ctx context.Context, by string) {
	r.mu.Lock()
	reverts := slices.Clone(r.faults.reverts)
	r.mu.Unlock()
	for _, back := range slices.Backward(reverts) {
		r.undo(ctx, by, back)
	}
}
