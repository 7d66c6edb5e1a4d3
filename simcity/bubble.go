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
// Goroutines of a host that cannot stop stay in it, frozen for good: nobody
// outside can wake them, and its time has ended.
func (r *run) play(patience time.Duration) *Result {
	if _, elsewhere := r.target.(*URLTarget); !elsewhere { // the network is slower than the collector
		takeBallast()
	}
	began := time.Now()
	done := make(chan *Result, 1)
	dog := watchdog{run: r, patience: patience}
	over := make(chan struct{})
	defer close(over)
	go r.steering.pacer.keep(over)
	if r.clock.inner.HostTimeIsReal() {
		go func() {
			defer r.escaped(done, &dog)
			r.liveApart()
		}()
	} else {
		go func() {
			defer r.escaped(done, &dog)
			synctest.Test(&testing.T{}, func(*testing.T) { // ends this goroutine after a data race
				dog.bubble.Store(bubbleHere())
				r.liveApart()
				r.end.Store(new(r.elapsed()))
			})
		}()
	}
	res := dog.watch(done)
	res.Wall = time.Since(began)
	return res
}

// liveApart lives the run on a goroutine of its own, which t.FailNow in a function
// given to Watch may end: the bubble's would take the process with it.
func (r *run) liveApart() {
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer func() {
			if value := recover(); value != nil {
				r.panicked("the run itself", value, debug.Stack())
			} else if !r.course.ended.Load() {
				r.find(Finding{Kind: FindingTest, Text: "a function given to Watch, or a Recorder, ended the goroutine of the run, as t.FailNow and require do: use t.Error there"})
			}
		}()
		r.live()
		r.course.ended.Store(true)
	}()
	<-over
}

// escaped gives the result of a run that is over, however its goroutine ended. A panic
// of the bubble itself becomes a finding. It is also how a bubble tells that goroutines
// are left in it.
func (r *run) escaped(done chan<- *Result, dog *watchdog) {
	defer func() { done <- r.result() }()
	value := recover()
	if value == nil {
		return
	}
	text := fmt.Sprint(value)
	if strings.Contains(text, "main bubble goroutine has exited") {
		r.leftBehind(dog.inBubble())
		return
	}
	r.frozen.Store(true)
	f := Finding{Kind: FindingPanic, Text: "panic in the run itself: " + text, Stack: string(debug.Stack())}
	if strings.Contains(text, "deadlock") {
		f = Finding{Kind: FindingHang, Text: "everything in the run is blocked for good " + r.course.stage().String() + ": " + text}
		if asked := askedIn(goroutines(), dog.inBubble()); len(asked) > 0 {
			f.Text += "; under way: " + askedAt(asked)
			f.Stack = joinStacks(asked)
		}
	}
	r.find(f)
}

// leftBehind finds the goroutines that outlived the host. A host that has a Close
// promised that there are none.
func (r *run) leftBehind(bubble string) {
	var left, handlers []goroutine
	for _, g := range goroutines() {
		switch {
		case g.bubble != bubble:
		case strings.Contains(g.stack, "(*exchange).serve("):
			handlers = append(handlers, g)
		default:
			left = append(left, g)
		}
	}
	if !r.showStuck(handlers) {
		left = append(left, handlers...)
	}
	if len(left) == 0 || r.course.deadlocked.Load() || !r.course.ended.Load() { // so that the host was not closed
		return
	}
	slices.SortStableFunc(left, func(a, b goroutine) int { // a dump has an order of its own
		return strings.Compare(firstHostFrame(a.stack), firstHostFrame(b.stack))
	})
	f := Finding{Kind: FindingLeak, Severity: NoteFinding, Stack: joinStacks(left)}
	if len(r.host.toClose()) > 0 {
		f.Severity = FailFinding
		f.Text = fmt.Sprintf("%s outlived the host's Close, which must wait for what it stops; the first at %s", counted(len(left), "goroutine"), firstHostFrame(left[0].stack))
	} else {
		f.Text = fmt.Sprintf("%s of the host left behind, frozen, the first at %s; a Close() error method on the handler, or World.OnClose, would stop it", counted(len(left), "goroutine"), firstHostFrame(left[0].stack))
	}
	r.find(f)
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
