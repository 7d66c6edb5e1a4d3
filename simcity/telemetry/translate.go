package telemetry

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// begunRun is the row of a run that begins.
func begunRun(info simcity.RunInfo, o Options) Run {
	return Run{
		ID: info.ID, Tier: o.Tier, Scenario: safeText(info.Scenario), Clock: info.Clock, Seed: info.Seed,
		Concurrency: info.Policies.MaxConcurrentAgents, DurationSeconds: int64(info.Duration.Seconds()),
		StartedAt: Micro(info.StartedAt), FailEventIndex: -1, Policies: encode(info.Policies),
	}
}

// endedRun is the row of a run that ended.
func endedRun(run Run, res *simcity.Result, throughput Throughput, at time.Time) Run {
	run.EndedAt = Micro(at)
	run.DurationSecondsActual = res.Simulated.Seconds()
	run.Result = string(res.Verdict)
	run.Pass = res.Verdict == simcity.Pass
	run.Digest = res.Digest.String()
	run.EventCount = res.Events
	run.Commands = encode(res.Commands)
	if res.Commands == nil {
		run.Commands = json.RawMessage("[]")
	}
	for i := range res.Violations {
		if v := &res.Violations[i]; v.Severity == simcity.Critical {
			run.FailInvariant, run.FailEventIndex = safeText(v.Invariant), v.Index
			break
		}
	}
	told := finiteResult(*res)
	told.Curve = nil // the snapshots tell it
	if !run.Pass {
		run.FailForensic = encode(told)
	}
	told.LastEvents, told.HostLog = nil, nil
	run.Summary = encode(struct {
		simcity.Result
		Throughput Throughput `json:"throughput,omitempty"`
	}{told, throughput})
	return run
}

// finiteResult has no figure that JSON cannot tell. Judgements alone may have
// one, as a bound that nothing reaches.
func finiteResult(res simcity.Result) simcity.Result {
	res.Invariants = append([]simcity.InvariantResult(nil), res.Invariants...)
	for i := range res.Invariants {
		j := &res.Invariants[i].Judgement
		j.Value, j.Bound = finite(j.Value), finite(j.Bound)
	}
	if res.Metrics != nil {
		metrics, _ := finiteSnapshot(*res.Metrics)
		res.Metrics = &metrics
	}
	return res
}

// finite is f, or the nearest number that JSON can tell; 0 for none at all.
func finite(f float64) float64 {
	switch {
	case math.IsNaN(f):
		return 0
	case math.IsInf(f, 1):
		return math.MaxFloat64
	case math.IsInf(f, -1):
		return -math.MaxFloat64
	}
	return f
}

// unproven is the row of a run whose history is not whole: it cannot have passed.
func unproven(run Run, why error) Run {
	if run.Result != string(simcity.Pass) && run.Result != "" {
		return run
	}
	run.Result, run.Pass = string(simcity.Inconclusive), false
	run.FailForensic = encode(map[string]string{"reason": "the run's history is not whole: " + why.Error()})
	return run
}

// liveStatus is the live row's status of a run that has ended.
func liveStatus(run *Run) string {
	if run.Result == string(simcity.Stopped) {
		return StatusStopped
	}
	return StatusCompleted
}

// item makes rows of an event and its snapshot.
func (r *recorder) item(e simcity.Event, s *simcity.Snapshot) item {
	observed := time.UnixMicro(r.clock.Load()).UTC()
	it := item{event: Event{
		Index: e.Index, At: e.At, Actor: safeText(e.Actor), Type: safeText(e.Type), Payload: Safe(e.Payload),
		ObservedAt: observed, Before: hexadecimal(e.Before), After: hexadecimal(e.After),
	}}
	if e.Type == simcity.EventViolation {
		it.event.Context = it.event.Payload
	}
	if s != nil {
		it.snapshot = snapshotRow(s, observed)
	}
	return it
}

// hexadecimal is a digest as text.
func hexadecimal(d simcity.Digest) string {
	var text [2 * len(d)]byte
	hex.Encode(text[:], d[:])
	return string(text[:])
}

// state is what a snapshot's state_summary tells.
type state struct {
	At         time.Duration `json:"at,string"` // simulated, in nanoseconds
	Citizens   int           `json:"citizens"`
	Operations int64         `json:"operations,string"`
	Steady     bool          `json:"steady"`
	Faults     []string      `json:"faults,omitempty"`
	// NotFinite names the figures that were NaN or infinite, and are left out of
	// the metrics.
	NotFinite []string `json:"notFinite,omitempty"`
}

func snapshotRow(s *simcity.Snapshot, at time.Time) *Snapshot {
	told, odd := finiteSnapshot(*s)
	return &Snapshot{
		Index: s.Index, CreatedAt: at, Metrics: encodeFigures(&told),
		State: encodeFigures(&state{At: s.At, Citizens: s.Citizens, Operations: s.Operations, Steady: s.Steady, Faults: s.Faults, NotFinite: odd}),
	}
}

// finiteSnapshot leaves out the figures that JSON cannot tell, and names them.
func finiteSnapshot(s simcity.Snapshot) (simcity.Snapshot, []string) {
	var odd []string
	for name, value := range s.Gauges {
		if finite(value) != value { // also for NaN
			odd = append(odd, name)
		}
	}
	if odd != nil {
		gauges := make(map[string]float64, len(s.Gauges))
		for name, value := range s.Gauges {
			if finite(value) == value {
				gauges[name] = value
			}
		}
		s.Gauges = gauges
	}
	if finite(s.DriftMillis) != s.DriftMillis {
		s.DriftMillis, odd = 0, append(odd, "driftMillis")
	}
	return s, odd
}

// String names the run in messages.
func (r *Run) String() string {
	return fmt.Sprintf("run %s of %s with seed %d", r.ID, r.Scenario, r.Seed)
}
