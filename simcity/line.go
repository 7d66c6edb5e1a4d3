package simcity

import (
	"context"
	"net/http/httptrace"
	"reflect"
	"sync/atomic"
	"time"
)

// A line is what a request to a target elsewhere has: a deadline, an end with the
// run, and a stopwatch. One request after the other of a life uses the same one,
// since making them anew is a good part of what a request costs.
type line struct {
	parent  context.Context
	ctx     context.Context // of the request
	cancel  context.CancelFunc
	timer   *time.Timer
	watch   *stopwatch
	busy    atomic.Bool
	expired atomic.Bool
	unbind  func() bool // from the end of the run; nil: the parent ends with it
}

// newLine makes a line under parent that ends with over as well, unless that is
// nil or parent's own end.
func newLine(parent, over context.Context, deadline time.Duration) *line {
	l := &line{parent: parent, watch: newStopwatch()}
	l.busy.Store(true)
	ctx, cancel := context.WithCancel(parent)
	l.cancel = cancel
	if over != nil && over.Done() != parent.Done() {
		l.unbind = context.AfterFunc(over, cancel)
	}
	l.timer = time.AfterFunc(deadline, func() { l.expired.Store(true); cancel() })
	l.ctx = httptrace.WithClientTrace(ctx, &l.watch.hooks)
	return l
}

// again takes the line for another request under ctx, if that can be.
func (l *line) again(ctx context.Context, deadline time.Duration) bool {
	if l == nil || reflect.TypeOf(ctx).Kind() != reflect.Pointer || l.parent != ctx || !l.busy.CompareAndSwap(false, true) {
		return false
	}
	l.watch.reset()
	l.timer.Reset(deadline)
	return true
}

// hangUp lets go of the line that a life has left.
func hangUp(ctx context.Context) {
	if l := handsOf(ctx).line.Swap(nil); l != nil {
		l.cancel()
	}
}

// release ends a request. It tells whether the line may be used again: not after
// its deadline, nor if hooks of its stopwatch may still be called.
func (l *line) release() bool {
	fresh := l.timer.Stop() && l.unbind == nil && l.watch.whole()
	if !fresh {
		if l.unbind != nil {
			l.unbind()
		}
		l.cancel()
	}
	l.busy.Store(false)
	return fresh
}
