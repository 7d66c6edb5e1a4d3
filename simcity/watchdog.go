package simcity

import (
	"strings"
	"sync/atomic"
	"time"
)

// A watchdog sees from outside of the bubble that a run moves.
type watchdog struct {
	run      *run
	patience time.Duration
	bubble   atomic.Value // string: its number, as dumps of goroutines tell it
}

// watch waits for the result, and gives up on a virtual run that does not move.
func (w *watchdog) watch(done <-chan *Result) *Result {
	r := w.run
	ticker := time.NewTicker(min(w.patience/4+1, 250*time.Millisecond))
	defer ticker.Stop()
	var position uint64
	moved := time.Now()
	for {
		select {
		case res := <-done:
			return res
		case <-ticker.C:
		}
		realTime := r.clock.inner.HostTimeIsReal()
		if stage := r.course.stage(); realTime && (stage == stageRunning || stage == stageDismissing) {
			moved = time.Now() // requests have deadlines there, and steps may be minutes apart
			continue
		}
		if now := w.position(); now != position || r.steering.pacer.held.Load() {
			position, moved = now, time.Now()
			continue
		}
		limit := w.patience
		if realTime {
			limit += r.scenario.RequestTimeout
		}
		if time.Since(moved) >= limit {
			return w.giveUp()
		}
	}
}

// position changes whenever the run moves.
func (w *watchdog) position() uint64 {
	position := uint64(w.run.course.stage()) << 48
	if c := w.run.kept.Load(); c != nil {
		position += c.Steps()
	}
	if way := w.run.remote; way != nil { // each has a deadline
		position += uint64(way.requests.Load())
	}
	return position
}

// inBubble is the run's bubble, empty if it has none.
func (w *watchdog) inBubble() string {
	bubble, _ := w.bubble.Load().(string)
	return bubble
}

// giveUp makes a result of a run that hangs. Whoever holds the run's lock may be
// the one that hangs, so it is asked for, not waited for.
func (w *watchdog) giveUp() *Result {
	r := w.run
	r.frozen.Store(true)
	r.log.silent.Store(true)
	var underway []string
	if c := r.kept.Load(); c != nil {
		underway = c.Underway()
		c.Abandon()
	}
	f := hangFinding(w.inBubble(), underway, r.course.stage().String(), w.patience.String())
	if rule := r.judge.unanswered(); rule != "" {
		f.Text = rule + "; " + f.Text
	}
	for range 100 {
		if r.mu.TryLock() {
			r.mu.Unlock()
			if broken := r.faults.activeNow(); len(broken) > 0 {
				f.Text += "; still broken, since nothing in a run that hangs can be reverted: " + strings.Join(broken, ", ")
			}
			r.find(f)
			return r.result()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return &Result{
		Verdict: Inconclusive, Reasons: []string{f.Text}, Scenario: r.scenario.Name, Seed: r.seed,
		Clock: r.clock.String(), Findings: []Finding{f}, Metrics: &Snapshot{},
	}
}
