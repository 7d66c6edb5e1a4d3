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
		again := false
		if err == nil {
			again, err = r.append(ctx, items)
		}
		if again {
			continue // maybe with a smaller batch
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
	return r.spool.read(from, to, r.portion, r.options.BatchBytes)
}

// countBatch is how many items of the queue make a batch.
func (r *recorder) countBatch() int {
	rows, bytes := 0, 0
	for i := range r.queue {
		it := &r.queue[i]
		rows += it.rows()
		bytes += it.bytes()
		if i > 0 && (rows > r.portion || bytes > r.options.BatchBytes) {
			return i
		}
	}
	return len(r.queue)
}

// slow is after how long a call that failed has maybe failed for its size.
const slow = time.Second

// append tries to deliver the items. A try that fails slowly halves the portion, since
// the store may not manage so much in its time (a statement timeout, CallTimeout), and
// each that succeeds adds an eighth: back to whole batches after an outage, and seldom
// too much for a store that cannot take them.
func (r *recorder) append(ctx context.Context, items []item) (again bool, err error) {
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
	var took time.Duration
	again, err = r.try(ctx, func(ctx context.Context) error {
		began := now()
		defer func() { took = now().Sub(began) }()
		return r.sink.Append(ctx, batch)
	})
	switch {
	case again && took >= slow:
		r.portion = max(1, batch.rows()/2)
	case err == nil:
		r.portion = min(r.portion+1+r.portion/8, r.options.BatchRows)
		if batch.Live != nil {
			r.last = live
		}
	}
	return again, err
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
	for {
		again, err := r.try(ctx, do)
		if !again {
			return err
		}
	}
}

// try calls the store once. After an error that may pass it waits, and asks for
// another try.
func (r *recorder) try(ctx context.Context, do func(context.Context) error) (again bool, err error) {
	err = r.call(ctx, do)
	switch {
	case err == nil:
		r.backoff.reset()
		return false, nil
	case ctx.Err() != nil:
		return false, fmt.Errorf("%w: %w", context.Cause(ctx), err)
	case !Transient(err):
		return false, err
	}
	hurry := r.ending // which does not wait for a long backoff, once
	if r.hurried {
		hurry = nil
	}
	if !r.backoff.wait(ctx, r.patience(), hurry, r.held) {
		return false, fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	select {
	case <-r.ending:
		r.hurried = true
	default:
	}
	return true, err
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
