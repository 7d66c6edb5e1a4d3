package simcity

import (
	"context"
	"maps"
	"sync"
)

// Sometimes says that condition should be true at least once in all the runs of
// a sweep: a retry that happened, a cache that was full, a race that was lost. A
// test that never gets there tests less than it seems. Each run counts how often
// it was true in [Result.Reached]; a sweep reports the sum, and what was never
// reached. It may stand in host or test code; without a running simulation in ctx
// it does nothing. Safe for concurrent use.
func Sometimes(ctx context.Context, condition bool, name string) {
	h := handsOf(ctx)
	if h == nil {
		return
	}
	h.run.sometimes.count(name, condition)
}

// Reachable is [Sometimes] for a line of code that should be reached at all.
func Reachable(ctx context.Context, name string) { Sometimes(ctx, true, name) }

// maxReached is how many names are counted.
const maxReached = 1000

// A tally counts by name how often something was true.
type tally struct {
	mu     sync.Mutex
	counts map[string]int64
}

func (t *tally) count(name string, condition bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = make(map[string]int64)
	}
	before, known := t.counts[name]
	if !known && len(t.counts) >= maxReached {
		return
	}
	if condition {
		before++
	}
	t.counts[name] = before
}

// soFar copies the counts.
func (t *tally) soFar() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// Reach names the Sometimes and Reachable statements that a sweep should report
// even if no run ever comes by.
func (s *Simulation) Reach(names ...string) *Simulation {
	s.reach = append(s.reach[:len(s.reach):len(s.reach)], names...)
	return s
}
