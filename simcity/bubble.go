package simcity

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// play runs r, in a bubble if its clock is virtual, and watches that it moves.
//
// The bubble belongs to a testing.T of our own, zero but for that purpose, so
// that a run needs no test and a test's own state is not drawn into the bubble.
// Its root never returns while goroutines of a host that cannot stop are left:
// it then waits on a channel from outside the bubble, which freezes the bubble
// for good and lets the process go on.
func (r *run) play(patience time.Duration) *Result {
	if _, elsewhere := r.target.(*URLTarget); !elsewhere { // the network is slower than the collector
		takeBallast()
	}
	began := time.Now()
	done := make(chan *Result, 1)
	never := make(chan struct{})
	over := make(chan struct{})
	defer close(over)
	go r.pacer.keep(over)
	if r.clock.inner.HostTimeIsReal() {
		go func() {
			defer r.escaped(done)
			r.live()
			done <- r.result()
		}()
	} else {
		go func() {
			defer r.escaped(done)
			synctest.Test(&testing.T{}, func(*testing.T) {
				r.bubble.Store(bubbleHere())
				r.live()
				left := r.leftBehind()
				done <- r.result()
				if left {
					<-never
				}
			})
		}()
	}
	res := r.watch(done, patience)
	res.Wall = time.Since(began)
	return res
}

// escaped turns a panic of the bubble itself into a finding.
func (r *run) escaped(done chan<- *Result) {
	value := recover()
	if value == nil {
		return
	}
	r.freeze()
	text := fmt.Sprint(value)
	f := Finding{Kind: FindingPanic, Text: "panic in the run itself: " + text, Stack: string(debug.Stack())}
	if strings.Contains(text, "deadlock") {
		f = Finding{Kind: FindingHang, Text: "everything in the run is blocked for good " + r.phase() + ": " + text}
	}
	r.find(f)
	done <- r.result()
}

// leftBehind looks for goroutines that outlived the host. A host that has a
// Close promised that there are none.
func (r *run) leftBehind() bool {
	synctest.Wait()
	var left, handlers []goroutine
	here := bubbleHere()
	for _, g := range goroutines() {
		if g.bubble == here && strings.Contains(g.stack, "(*exchange).serve(") {
			handlers = append(handlers, g)
		} else if g.bubble == here && g.reason != "running" && !strings.HasPrefix(g.reason, "synctest.Run") && !strings.Contains(g.stack, "testingSynctestTest(") {
			left = append(left, g)
		}
	}
	if !r.showStuck(handlers) {
		left = append(left, handlers...)
	}
	if len(left) == 0 {
		return len(handlers) > 0
	}
	f := Finding{Kind: FindingLeak, Severity: NoteFinding, Stack: joinStacks(left)}
	if len(r.closers) > 0 && !r.isDeadlocked() {
		f.Severity = FailFinding
		f.Text = fmt.Sprintf("%s outlived the host's Close, the first at %s", counted(len(left), "goroutine"), firstHostFrame(left[0].stack))
	} else {
		f.Text = fmt.Sprintf("%s of the host left behind, frozen; a Close() error method on the handler, or World.OnClose, would stop it", counted(len(left), "goroutine"))
	}
	r.find(f)
	return true
}

// showStuck adds their stacks to the finding that handlers never returned, if
// there is one.
func (r *run) showStuck(handlers []goroutine) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.findings, func(f Finding) bool { return f.Kind == FindingStuck && f.Severity == FailFinding })
	if i >= 0 {
		r.findings[i].Stack = joinStacks(handlers)
	}
	return i >= 0
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// watch waits for the result, and gives up on a virtual run that does not move.
func (r *run) watch(done <-chan *Result, patience time.Duration) *Result {
	ticker := time.NewTicker(min(patience/4+1, 250*time.Millisecond))
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
		if realTime && r.progress.Load() == phaseRunning {
			moved = time.Now() // requests have deadlines there, and steps may be minutes apart
			continue
		}
		if now := r.position(); now != position || r.held.Load() {
			position, moved = now, time.Now()
			continue
		}
		limit := patience
		if realTime {
			limit += r.scenario.RequestTimeout
		}
		if time.Since(moved) >= limit {
			return r.giveUp(patience)
		}
	}
}

// position changes whenever the run moves.
func (r *run) position() uint64 {
	position := r.progress.Load() << 48
	if c := r.conducting.Load(); c != nil {
		position += c.Steps()
	}
	if way := r.remote.Load(); way != nil { // each has a deadline
		position += uint64(way.requests.Load())
	}
	return position
}

// giveUp makes a result of a run that hangs. Whoever holds the run's lock may be
// the one that hangs, so it is asked for, not waited for.
func (r *run) giveUp(patience time.Duration) *Result {
	r.freeze()
	r.abandoned.Store(true)
	var underway []string
	if c := r.conducting.Load(); c != nil {
		underway = c.Underway()
		c.Abandon()
	}
	bubble, _ := r.bubble.Load().(string)
	f := hangFinding(bubble, underway, r.phase(), patience.String())
	for range 100 {
		if r.mu.TryLock() {
			if broken := r.faults.active; len(broken) > 0 {
				f.Text += "; still broken, since nothing in a run that hangs can be reverted: " + strings.Join(broken, ", ")
			}
			r.mu.Unlock()
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

// phaseRunning is the value of progress during the run proper.
const phaseRunning = 1

func (r *run) phase() string {
	return [...]string{"while the target was built", "during the run", "while the run was wound up", "while the host closes", "after the end"}[min(r.progress.Load(), 4)]
}

// freeze makes the run's clock stand at its last event, for those who read it
// from outside the bubble.
func (r *run) freeze() { r.frozen.Store(true) }
