package simcity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// lastOrders is how long, on the run's clock, handlers that are still at work
// at the end of a run may take.
const lastOrders = time.Minute

// wind brings a run to its end: citizens go home, faults are undone, the city
// is judged and the host is closed. It runs whatever ended the run.
func (r *run) wind() {
	r.tellDeadlocks()
	r.stopIfAsked() // the citizens may have gone before the command was obeyed
	r.closing.Store(true)
	r.cancel()
	r.conductor.Dismiss()
	r.dismissed.Store(true)
	if lines := r.conductor.Staying(); len(lines) > 0 {
		r.find(Finding{
			Kind: FindingStuck, Severity: InconclusiveFinding, Actor: someOf(lines),
			Text: counted(len(lines), "citizen") + " never came back: " + lines[0] + ", the last that it asked the host; its life waits for something outside of the run, such as a channel. Let it watch ctx.Done()",
		})
	}
	r.progress.Add(1)
	r.conductor.Go("end", r.lastThings)
	r.conductor.Run(r.elapsed() + 24*time.Hour)
	r.progress.Add(1)
	r.event("run", EventRunEnded, nil)
	if r.locks != nil { // who came to a lock after all others had gone is parked there
		r.conductor.Dismiss()
	}
	r.closeHost()
	r.progress.Add(1)
}

// lastThings is the life of the last actor.
func (r *run) lastThings(a actor) {
	ctx := r.withActor(context.Background(), a)
	r.undoAll(ctx, a.ID)
	r.sendHome(ctx, a)
	r.probe(a, func() {
		if !r.sealed() && !r.wasStopped() {
			r.collect(a)
			r.judgeTick(r.snapshot())
			r.judgeEnd()
		}
		r.mu.Lock()
		r.judgedAtEnd = true
		r.mu.Unlock()
	})
	if !r.isDeadlocked() { // those handlers have been told
		r.awaitHandlers(a)
	}
}

// sendHome lets the citizens that are left clean up. At a target elsewhere that
// takes no more than the last orders together, and nothing after a stop.
func (r *run) sendHome(ctx context.Context, a actor) {
	left := r.stillHere()
	if r.remote.Load() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, lastOrders)
		defer cancel()
		if r.wasStopped() {
			cancel()
		}
	}
	for i, c := range left {
		if ctx.Err() != nil {
			r.find(Finding{Kind: FindingTarget, Severity: NoteFinding, Text: counted(len(left)-i, "citizen") + " left without cleaning up: purge the target"})
			return
		}
		c.actor = a
		c.operation = nil
		c.cleanUp(ctx)
	}
}

func (r *run) wasStopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// awaitHandlers gives handlers that are still at work their last orders and
// tells of those that never return.
func (r *run) awaitHandlers(a actor) {
	for range int(lastOrders / time.Second) {
		if len(r.conductor.InHost()) == 0 {
			return
		}
		if r.clock.inner.Name() == "stepped" {
			time.Sleep(time.Second / 20)
		}
		if a.Sleep(context.Background(), time.Second) != nil {
			return
		}
	}
	if lines := r.conductor.InHost(); len(lines) > 0 {
		r.find(Finding{
			Kind: FindingStuck, Actor: someOf(lines),
			Text: fmt.Sprintf("%s never returned: %s; its client had gone %s before (request deadline %s). Let handlers watch r.Context()",
				counted(len(lines), "handler"), lines[0], lastOrders, r.scenario.RequestTimeout),
		})
	}
}

// someOf are the first of many.
func someOf(lines []string) string {
	const most = 5
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most:most], fmt.Sprint(more, " more"))
	}
	return strings.Join(lines, "; ")
}

func (r *run) isDeadlocked() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deadlocked
}

// closeHost closes what the factory registered, latest first. A host that is
// deadlocked is left as it is: closing it might wait for the same locks.
func (r *run) closeHost() {
	if r.isDeadlocked() {
		return
	}
	r.mu.Lock()
	closers := slices.Clone(r.closers)
	r.mu.Unlock()
	for _, closeHost := range slices.Backward(closers) {
		if err := r.guard("closing the host", func() error { return closeHost(context.Background()) }); err != nil {
			r.find(Finding{Kind: FindingClose, Text: fmt.Sprintf("closing the host: %v", err)})
		}
	}
	if r.handlers != nil {
		r.handlers.close()
	}
}
