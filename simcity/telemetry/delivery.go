package telemetry

import (
	"context"
	"fmt"
	"time"
)

// begin starts the delivery: one goroutine that calls the store, and one that
// tells the time.
func (r *recorder) begin() {
	ctx, cancel := context.WithCancelCause(context.Background())
	r.cancel = cancel
	go r.tellTime()
	go func() {
		defer close(r.done)
		defer cancel(nil)
		r.deliver(ctx)
		r.endErr = r.finish(ctx)
	}()
}

// tellTime keeps the clock that Record reads, syncs a file that alone holds rows,
// and ends the wait for a store and a file that both take nothing.
func (r *recorder) tellTime() {
	ticker := newTicker(r.options.BatchAge)
	defer ticker.Stop()
	synced := now()
	for {
		select {
		case <-r.done:
			return
		case <-ticker.C:
		}
		t := now()
		r.clock.Store(t.UnixMicro())
		file := r.stall()
		if file != nil && t.Sub(synced) >= time.Second {
			synced = t
			_ = file.Sync() // the rows stay in the page cache all the same
		}
	}
}

// stall counts how long the run is held for nothing, and returns the file if it
// alone holds rows.
func (r *recorder) stall() spoolFile {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting && r.lossReason != nil && (r.down || r.failed != nil) {
		if r.stalled += r.options.BatchAge; r.stalled >= r.options.StallMax || r.failed != nil {
			r.lossy = true
			signal(r.nudge)
		}
	}
	if r.behind {
		return r.spool.file
	}
	return nil
}

// deliver runs until the run ends.
func (r *recorder) deliver(ctx context.Context) {
	ticker := newTicker(r.options.BatchAge)
	defer ticker.Stop()
	for {
		aged := false
		select {
		case <-r.ending:
			r.drain(ctx, true)
			return
		case <-r.wake:
		case <-ticker.C:
			aged = true
		}
		r.drain(ctx, aged)
		if r.heartbeatDue() && r.failed == nil {
			live := r.live(nil)
			if r.call(ctx, func(ctx context.Context) error {
				return r.sink.Append(ctx, Batch{RunID: r.run.ID, Live: &live})
			}) == nil {
				r.last = live
			}
		}
	}
}

// drain delivers batches; those that are not full only if all is set.
func (r *recorder) drain(ctx context.Context, all bool) {
	for r.failed == nil && ctx.Err() == nil {
		items, next, err := r.batch(all)
		if err == nil && len(items) == 0 {
			return
		}
		if err == nil {
			err = r.append(ctx, items)
		}
		r.settle(items, next, err)
	}
}

// batch takes the next items, from memory or else from the file. next is where
// in the file the one after them begins.
func (r *recorder) batch(all bool) (items []item, next int64, err error) {
	r.mu.Lock()
	if len(r.queue) > 0 {
		defer r.mu.Unlock()
		if !all && !r.behind && r.queueRows < r.options.BatchRows && !r.waiting {
			return nil, 0, nil
		}
		return r.queue[:r.countBatch()], 0, nil // Record only adds to it, and only we take from it
	}
	if !r.behind {
		r.mu.Unlock()
		return nil, 0, nil
	}
	from, to := r.readFrom, r.spool.size
	if from == to { // all that the file had is delivered
		r.behind, r.spool.active = false, r.journaling
		r.mu.Unlock()
		signal(r.nudge)
		return nil, 0, nil
	}
	r.mu.Unlock()
	return r.spool.read(from, to, r.options)
}

// countBatch is how many items of the queue make a batch.
func (r *recorder) countBatch() int {
	rows, bytes := 0, 0
	for i := range r.queue {
		it := &r.queue[i]
		rows += it.rows()
		bytes += it.bytes()
		if i > 0 && (rows > r.options.BatchRows || bytes > r.options.BatchBytes) {
			return i
		}
	}
	return len(r.queue)
}

// append delivers the items, as often as it takes.
func (r *recorder) append(ctx context.Context, items []item) error {
	batch := Batch{RunID: r.run.ID, Events: make([]Event, 0, len(items))}
	for i := range items {
		batch.Events = append(batch.Events, items[i].event)
		if s := items[i].snapshot; s != nil {
			batch.Snapshots = append(batch.Snapshots, *s)
		}
	}
	var live Live
	if r.heartbeatDue() {
		live = r.live(items)
		batch.Live = &live
	}
	err := r.persist(ctx, func(ctx context.Context) error { return r.sink.Append(ctx, batch) })
	if err == nil && batch.Live != nil {
		r.last = live
	}
	return err
}

// settle takes delivered items out of memory or goes on in the file.
func (r *recorder) settle(items []item, next int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer signal(r.nudge)
	if err != nil {
		if r.failed == nil {
			r.failed = err
		}
		return
	}
	r.waiting = false
	r.delivered += int64(len(items))
	if next > 0 {
		r.readFrom = next
		return
	}
	for i := range items {
		r.queueRows -= items[i].rows()
		r.queueBytes -= items[i].bytes()
	}
	n := copy(r.queue, r.queue[len(items):])
	clear(r.queue[n:])
	r.queue = r.queue[:n]
	const long = 64 << 20
	if r.journaling && !r.behind && (!r.spool.active || r.spool.size > long) && !r.closed {
		r.spool.active = r.spool.start(r.delivered, r.queue) == nil
	}
}

// persist calls the store until it answers, refuses for good, or ctx ends.
func (r *recorder) persist(ctx context.Context, do func(context.Context) error) error {
	hurry := r.ending // the end of a run does not wait for a long backoff
	for {
		err := r.call(ctx, do)
		if err == nil {
			r.backoff.reset()
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
		if !Transient(err) {
			return err
		}
		r.backoff.wait(ctx, r.patience(), hurry, r.held)
		select {
		case <-r.ending:
			hurry = nil
		default:
		}
	}
}

// patience is how long to wait before another try: not long while the run is held.
func (r *recorder) patience() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting {
		return min(r.options.BackoffMax, r.options.StallMax/10)
	}
	return r.options.BackoffMax
}

// call calls the store once, and notes whether it is down.
func (r *recorder) call(ctx context.Context, do func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, r.options.CallTimeout)
	defer cancel()
	err := do(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = MarkTransient(err) // it took too long, in whatever words
	}
	r.mu.Lock()
	changed := r.down != (err != nil)
	r.down = err != nil
	r.mu.Unlock()
	if changed {
		signal(r.nudge)
	}
	return err
}

// heartbeatDue tells whether the live row is old.
func (r *recorder) heartbeatDue() bool {
	return now().Sub(r.last.HeartbeatAt) >= r.options.Heartbeat
}

// live is the live row once the items are delivered.
func (r *recorder) live(items []item) Live {
	live := r.last
	live.HeartbeatAt = Micro(now())
	for i := range items {
		live.LastEventIndex = items[i].event.Index
		if s := items[i].snapshot; s != nil {
			live.Metrics = s.Metrics
		}
	}
	return live
}
