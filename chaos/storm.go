package chaos

import (
	"context"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// CacheInvalidationStorm is the runbook's CACHE_INVALIDATION_STORM: again and
// again while it lasts, a share of what the host has cached is dropped. It needs
// the hook InvalidateCache and counts the entries dropped.
type CacheInvalidationStorm struct {
	// InvalidationRate is the share of the entries that each round drops. Default
	// 0.8.
	InvalidationRate float64 `json:"invalidationRate" default:"0.8" range:">0..1" doc:"share of the cached entries that each round drops"`
	// Every is the simulated time between rounds. Default a minute.
	Every time.Duration `json:"everyMs" default:"60000" range:"1..86400000" unit:"ms" doc:"time between rounds"`
}

// Fault implements [Maker].
func (f CacheInvalidationStorm) Fault() simcity.Fault {
	fault := Declare("CACHE_INVALIDATION_STORM", &f)
	fault.Ready = needs("InvalidateCache")
	fault.Inject = f.inject
	return fault
}

func (f CacheInvalidationStorm) inject(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
	round := func(ctx context.Context) error {
		dropped, err := hooksOf(w).InvalidateCache(ctx, f.InvalidationRate)
		touched.Add(dropped)
		return err
	}
	if err := round(ctx); err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(ctx)
	w.Go(ctx, "rounds", func(ctx context.Context) {
		for simcity.Sleep(ctx, f.Every) == nil {
			if err := round(ctx); err != nil && ctx.Err() == nil {
				w.Note("CACHE_INVALIDATION_STORM ends early: %v", err)
				return
			}
		}
	})
	return func(context.Context) error { end(); return nil }, nil
}
