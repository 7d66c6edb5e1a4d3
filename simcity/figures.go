package simcity

import "time"

// figures are what a run counts of its own. The run's mu guards them.
type figures struct {
	operations  int64
	outcomes    [4]int64
	latency     *Trend
	driftMillis float64
	curve       curve
}

// count takes an operation and returns its number.
func (f *figures) count(op *Operation) int64 {
	f.operations++
	f.outcomes[op.Outcome]++
	f.latency.Record(op.Latency)
	return f.operations
}

func (f *figures) copyInto(s *Snapshot) {
	s.Operations, s.Latency, s.DriftMillis = f.operations, f.latency.Summary(), f.driftMillis
	s.Outcomes = make(map[string]int64, len(outcomeNames))
	for i, n := range f.outcomes {
		s.Outcomes[outcomeNames[i]] = n
	}
}

// snapshot is the metrics now.
func (r *run) snapshot() *Snapshot {
	now := r.elapsed()
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.snapshotAt(now)
	s.Settled = r.underway.settled(now, r.course.past(stageRunning))
	return s
}

// snapshotAt is the metrics; the caller holds mu.
func (r *run) snapshotAt(now time.Duration) *Snapshot {
	s := &Snapshot{
		Index: r.log.next, At: now, Paced: r.paced(),
		Steady: r.faults.steadyAt(now), Faults: r.faults.activeNow(),
	}
	s.Citizens, s.Born = r.census.sum()
	r.figures.copyInto(s)
	r.metrics.copyInto(s)
	return s
}
