package simcity

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
)

// lastOrders is how long, on the run's clock, handlers that are still at work
// at the end of a run may take.
const lastOrders = time.Minute

// wind brings a run to its end: citizens go home, faults are undone, the city
// is judged and the host is closed. It runs whatever ended the run.
func (r *run) wind() {
	r.locks.tellDeadlocks()
	if r.explore.Order == Free && !r.conductor.Overlapped() {
		r.find(Finding{
			Kind: FindingExplore, Severity: NoteFinding,
			Text: "explore: free, yet nobody called the host at the same instant as somebody else, so that no data race could show: let citizens share instants (agents.Burst, SleepUntil)",
		})
	}
	r.steering.stopIfAsked() // the citizens may have gone before the command was obeyed
	r.course.enter(stageDismissing)
	r.cancel()
	r.conductor.Dismiss()
	r.course.enter(stageWinding)
	if lines := r.conductor.Staying(); len(lines) > 0 {
		r.find(Finding{
			Kind: FindingStuck, Severity: InconclusiveFinding, Actor: someOf(lines),
			Text: counted(len(lines), "citizen") + " never came back: " + lines[0] + ", the last that it asked the host; " +
				cmp.Or(r.judge.unanswered(), "its life waits for something outside of the run, such as a channel. Let it watch ctx.Done()"),
		})
	}
	r.conductor.Go("end", r.lastThings)
	r.conductor.Run(r.elapsed() + 24*time.Hour)
	r.course.enter(stageClosing)
	r.event("run", EventRunEnded, nil)
	if r.locks.table != nil { // who came to a lock after all others had gone is parked there
		r.conductor.Dismiss()
	}
	r.closeHost()
	r.course.enter(stageOver)
}

// lastThings is the life of the last actor.
func (r *run) lastThings(a actor) {
	ctx := r.withActor(context.Background(), a)
	r.undoAll(ctx, a.ID)
	r.sendHome(ctx, a)
	r.probe(a, func() {
		if !r.course.cutShort() {
			r.collect(ctx)
			r.judge.tick(r.snapshot())
			r.judge.end()
		}
		r.course.judged.Store(true)
	})
	if !r.course.deadlocked.Load() { // those handlers have been told
		r.awaitHandlers(a)
	}
}

// sendHome lets the citizens that are left clean up. At a target elsewhere that
// takes no more than the last orders together, and nothing after a stop.
func (r *run) sendHome(ctx context.Context, a actor) {
	left := r.census.stillHere()
	if r.remote != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, lastOrders)
		defer cancel()
		if r.course.stopped() {
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
		advice := "Let handlers watch r.Context()"
		if waits := r.locks.table.Waiting(); len(waits) > 0 {
			advice = someOf(waits) + ". Let go of each lock on every way out, as with defer"
		}
		r.find(Finding{
			Kind: FindingStuck, Actor: someOf(lines),
			Text: fmt.Sprintf("%s never returned: %s; its client had gone %s before, or longer (request deadline %s). %s",
				counted(len(lines), "handler"), lines[0], lastOrders, r.scenario.RequestTimeout, advice),
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

// closeHost closes what the factory registered, latest first. A host that is
// deadlocked is left as it is: closing it might wait for the same locks.
func (r *run) closeHost() {
	if r.course.deadlocked.Load() {
		return
	}
	for _, closeHost := range r.host.toClose() {
		if err := r.guard(new("closing the host"), func() error { return closeHost(context.Background()) }); err != nil {
			r.find(Finding{Kind: FindingClose, Text: fmt.Sprintf("closing the host: %v", err)})
		}
	}
	if r.host.handlers != nil {
		r.host.handlers.close()
	}
}
