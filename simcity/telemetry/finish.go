package telemetry

import (
	"context"
	"errors"
)

// finish tells the store how the run ended. If the store has not got all, the
// file keeps what it lacks, and the error says what that is.
func (r *recorder) finish(ctx context.Context) error {
	err := r.failed
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if r.lost > 0 {
		err = errors.Join(err, r.lossReason)
	}
	if err != nil {
		r.ended = unproven(r.ended, err)
	}
	live := r.live(nil)
	live.Status, live.Message = liveStatus(&r.ended), r.message
	if r.failed == nil && ctx.Err() == nil {
		r.mu.Lock()
		if r.spool.active { // if the process is killed now, its run has ended all the same
			_ = r.spool.end(r.ended, &live)
		}
		r.mu.Unlock()
		told := r.persist(ctx, func(ctx context.Context) error {
			return r.sink.Append(ctx, Batch{RunID: r.run.ID, Live: &live})
		})
		if told == nil {
			told = r.persist(ctx, func(ctx context.Context) error { return r.sink.EndRun(ctx, r.ended) })
		}
		if told == nil && err == nil {
			r.mu.Lock()
			_ = r.spool.remove() // one that stays is replayed without effect
			r.mu.Unlock()
			return nil
		}
		err = errors.Join(err, told)
	}
	return r.incomplete(err, live)
}

// incomplete leaves a file behind with all that the store has not got.
func (r *recorder) incomplete(err error, live Live) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = unproven(r.ended, err)
	if !r.spool.active { // an older file stays if this fails
		err = errors.Join(err, r.spool.start(r.delivered, r.queue))
	}
	missing := &IncompleteError{RunID: r.run.ID, From: r.delivered, To: r.recorded - 1, Lost: r.recorded - max(r.delivered, r.spool.next)}
	if r.spool.file != nil {
		missing.Spill = r.spool.path
		err = errors.Join(err, r.spool.end(r.ended, &live), r.spool.keep())
	}
	missing.Err = err
	return missing
}
