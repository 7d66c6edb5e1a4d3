package missioncontrol

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// A fold is what the events of a run so far say of it. The engine tells the state
// of a run only when it has ended.
type fold struct {
	policies   simcity.Policies
	duration   time.Duration // of the run, as asked for
	throughput telemetry.Throughput
	at         time.Duration
	next       int64
	faults     map[string]activeFault // by actor
	struck     map[string]bool        // actors of faults that were injected, or failed to be
	called     int                    // commands that injected a fault
	violations []liveViolation        // the first of each invariant
	violated   map[string]int64
	metrics    *simcity.Snapshot
}

// An activeFault is a fault that is not reverted yet.
type activeFault struct {
	Actor      string          `json:"actor"`
	Kind       string          `json:"kind"`
	Parameters json.RawMessage `json:"parameters"`
	Begun      time.Duration   `json:"begun,string"`
	Reverts    time.Duration   `json:"reverts,string"`
	BeganIndex int64           `json:"beganIndex,string"`
}

// A liveViolation is what the event of a violation tells.
type liveViolation struct {
	Invariant string        `json:"invariant"`
	Severity  string        `json:"severity"`
	At        time.Duration `json:"at"`
	Index     int64         `json:"index"`
	Got       string        `json:"got"`
	Want      string        `json:"want"`
	Detail    string        `json:"detail,omitempty"`
	Faults    []string      `json:"faults,omitempty"`
}

func newFold(policies simcity.Policies, duration time.Duration) *fold {
	return &fold{policies: policies, duration: duration, faults: make(map[string]activeFault), struck: make(map[string]bool), violated: make(map[string]int64)}
}

// calledFault is the actor of the nth fault that was injected by command.
func calledFault(n int) string { return "fault/called/" + strconv.Itoa(n) }

// commandPayload is what the event of a command tells.
type commandPayload struct {
	Kind     simcity.CommandKind `json:"kind"`
	Policies json.RawMessage     `json:"policies"`
	Fault    string              `json:"fault"`
}

// take adds an event. Payloads are the engine's own.
func (f *fold) take(e *simcity.Event, snapshot *simcity.Snapshot) {
	f.at, f.next = e.At, e.Index+1
	f.throughput = f.throughput.After(e.Type, e.At, f.duration)
	if snapshot != nil {
		f.metrics = snapshot
	}
	switch e.Type {
	case simcity.EventCommand:
		f.takeCommand(e)
	case simcity.EventFaultInjected:
		f.takeFault(e)
	case simcity.EventFaultReverted:
		f.takeRevert(e)
	case simcity.EventFinding:
		var told struct {
			Actor string `json:"actor"`
		}
		_ = json.Unmarshal(e.Payload, &told)
		f.struck[told.Actor] = true
	case simcity.EventViolation:
		f.takeViolation(e)
	}
}

func (f *fold) takeCommand(e *simcity.Event) {
	var told commandPayload
	_ = json.Unmarshal(e.Payload, &told)
	switch told.Kind {
	case simcity.ChangePolicies:
		if changed, err := f.policies.With(told.Policies); err == nil {
			f.policies = changed
		}
	case simcity.InjectFault:
		f.called++
	}
}

func (f *fold) takeFault(e *simcity.Event) {
	var told struct {
		Kind       string          `json:"kind"`
		Parameters json.RawMessage `json:"parameters"`
		For        time.Duration   `json:"forNanos"`
	}
	_ = json.Unmarshal(e.Payload, &told)
	if told.Parameters == nil || string(told.Parameters) == "null" {
		told.Parameters = json.RawMessage("{}")
	}
	f.struck[e.Actor] = true
	f.faults[e.Actor] = activeFault{e.Actor, told.Kind, told.Parameters, e.At, e.At + told.For, e.Index}
}

// takeRevert ends a fault: its own actor reverts it, or the end of the run does for
// the latest of the kind.
func (f *fold) takeRevert(e *simcity.Event) {
	if _, own := f.faults[e.Actor]; own {
		delete(f.faults, e.Actor)
		return
	}
	var told struct {
		Kind string `json:"kind"`
	}
	_ = json.Unmarshal(e.Payload, &told)
	for _, fault := range slices.Backward(f.active()) {
		if fault.Kind == told.Kind {
			delete(f.faults, fault.Actor)
			return
		}
	}
}

func (f *fold) takeViolation(e *simcity.Event) {
	v := liveViolation{At: e.At, Index: e.Index}
	_ = json.Unmarshal(e.Payload, &v)
	if f.violated[v.Invariant]++; f.violated[v.Invariant] > 1 {
		return
	}
	for _, fault := range f.active() {
		v.Faults = append(v.Faults, fault.Kind)
	}
	f.violations = append(f.violations, v)
}

// active lists the active faults, the oldest first.
func (f *fold) active() []activeFault {
	all := make([]activeFault, 0, len(f.faults))
	for _, fault := range f.faults {
		all = append(all, fault)
	}
	slices.SortFunc(all, func(a, b activeFault) int { return int(a.BeganIndex - b.BeganIndex) })
	return all
}
