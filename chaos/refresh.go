package chaos

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// PauseMVRefresh is the runbook's PAUSE_MV_REFRESH: materialized views, or
// whatever the host derives from its data, are not refreshed. It needs the hook
// PauseRefresh and counts the refreshes that were due and did not happen.
type PauseMVRefresh struct {
	// PauseDuration ends the pause before the fault's window does, if it is
	// shorter. Default 10 minutes; in JSON a number of minutes, or text such as
	// "90s".
	PauseDuration time.Duration `json:"pauseDuration" default:"10" range:">0..1440" unit:"min" doc:"how long the pause lasts, within the fault's window"`
}

// Fault implements [Maker].
func (f PauseMVRefresh) Fault() simcity.Fault {
	fault := Declare("PAUSE_MV_REFRESH", &f)
	fault.Ready = needs("PauseRefresh")
	fault.Inject = f.inject
	return fault
}

func (f PauseMVRefresh) inject(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
	resume, err := hooksOf(w).PauseRefresh(ctx)
	pause := &refreshPause{resume: resume, touched: touched}
	switch {
	case err != nil && resume != nil: // half done
		return pause.end, err
	case err != nil:
		return nil, err
	}
	ctx, end := context.WithCancel(ctx)
	w.Go(ctx, "resume", func(ctx context.Context) {
		if simcity.Sleep(ctx, f.PauseDuration) == nil {
			_ = pause.end(ctx) // the revert tries again
		}
	})
	return func(ctx context.Context) error { end(); return pause.end(ctx) }, nil
}

// refreshPause is ended by whoever comes first, its own time or the revert.
type refreshPause struct {
	resume  func(context.Context) (int64, error)
	touched *simcity.Touched
	state   atomic.Int32
}

const (
	pausing int32 = iota
	resuming
	resumed
)

// end resumes once. The second to come waits for the first, who may be parked
// within the host, and tries again if that failed. No lock is held meanwhile.
func (p *refreshPause) end(ctx context.Context) error {
	for !p.state.CompareAndSwap(pausing, resuming) {
		if p.state.Load() == resumed {
			return nil
		}
		if err := simcity.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	if p.resume == nil {
		p.state.Store(resumed)
		return nil
	}
	suppressed, err := p.resume(ctx)
	if err != nil {
		p.state.Store(pausing)
		return err
	}
	p.touched.Add(suppressed)
	p.state.Store(resumed)
	return nil
}
