package simcity

import (
	"context"
	"fmt"
	"time"
)

// tickBacklog is how many ticks a paced run makes up for when it is late.
const tickBacklog = 10

// ticks is the life of the tick: figures are read, looked at and judged. A tick
// that is late does not move the next one, so lateness adds up and shows.
func (r *run) ticks(a actor) {
	ctx := r.withActor(r.ctx, a)
	defer hangUp(ctx)
	var due time.Duration
	for {
		due = r.inForce.tickAfter(due)
		if now := r.elapsed(); now-due > tickBacklog*r.inForce.tick() {
			r.noteDrift(due)
			r.tick(ctx, a) // the lateness is seen before the backlog is let go
			due = r.inForce.tickAfter(now)
		}
		if a.SleepUntil(r.ctx, due) != nil {
			return
		}
		r.noteDrift(due)
		r.tick(ctx, a)
	}
}

func (r *run) tick(ctx context.Context, a actor) {
	r.probe(a, func() {
		r.collect(ctx)
		s := r.snapshot()
		r.event("tick", EventTick, func(b []byte) []byte {
			b = appendInt(append(b, `{"citizens":`...), int64(s.Citizens))
			b = appendInt(append(b, `,"operations":`...), s.Operations)
			b = appendInt(append(b, `,"errors":`...), s.Outcomes["error"])
			return append(b, '}')
		})
		r.drawn(s)
		r.judge.tick(s)
	})
}

// probe lends the actor a to requests of [World.Client] that name none.
func (r *run) probe(a actor, f func()) {
	previous := r.prober.Swap(a)
	defer r.prober.Store(previous)
	f()
}

// collect reads the target's own figures.
func (r *run) collect(ctx context.Context) {
	for i, collector := range r.scenario.Collectors {
		err := collector.Collect(ctx, r.world)
		if err == nil || r.over(err) {
			continue
		}
		text := fmt.Sprintf("collector %T, number %d of the scenario: %v", collector, i+1, err)
		if _, told := r.complaints.LoadOrStore(text, true); !told {
			r.find(Finding{Kind: FindingCollector, Severity: NoteFinding, Text: text})
		}
	}
}

// noteDrift measures how late a tick of a paced run comes, in real milliseconds
// per real second of a tick.
func (r *run) noteDrift(due time.Duration) {
	if !r.paced() {
		return
	}
	late := float64(r.elapsed()-due) / r.clock.inner.Factor() / float64(time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.figures.driftMillis = late / (r.inForce.tick().Seconds() / r.clock.inner.Factor())
}
