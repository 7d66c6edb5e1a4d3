package chaos

import (
	"context"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Kinds are the hooks that are offered as faults which need no World: what a
// host serves to runs in other processes, as package testhooks does. Each takes
// its hook once and holds it until it is reverted: when, how often and for how
// long is for whoever asks, on a clock of its own.
func (h Hooks) Kinds() []simcity.FaultKind {
	var all []simcity.FaultKind
	if h.InvalidateCache != nil {
		all = append(all, kindLike("A share of the cache is dropped, once.", cacheDrop{hook: h.InvalidateCache}))
	}
	if h.PauseRefresh != nil {
		all = append(all, kindLike("Materialized views are not refreshed.", heldRefresh{hook: h.PauseRefresh}))
	}
	if h.MisconfigureRLS != nil {
		all = append(all, kindLike("One user's data is open to others.", openData{hook: h.MisconfigureRLS}))
	}
	if h.SqueezeRate != nil {
		all = append(all, kindLike("The rate limiter counts each request many times.", squeezedRate{hook: h.SqueezeRate}))
	}
	if h.SkewClock != nil {
		all = append(all, kindLike("The host's clock is wrong.", skewedClock{hook: h.SkewClock}))
	}
	return all
}

// undo is how a fault is reverted.
type undo = func(context.Context) error

// taken is a fault that takes a hook, without a World.
func taken(kind string, parameters any, take func(ctx context.Context, touched *simcity.Touched) (undo, error)) simcity.Fault {
	fault := Declare(kind, parameters)
	fault.Inject = func(ctx context.Context, _ *simcity.World, touched *simcity.Touched) (undo, error) {
		return take(ctx, touched)
	}
	return fault
}

// cacheDrop is InvalidateCache. What is dropped is dropped: it has no revert.
type cacheDrop struct {
	InvalidationRate float64 `json:"invalidationRate" default:"0.8" range:">0..1" doc:"share of the cached entries that is dropped"`

	hook func(context.Context, float64) (int64, error)
}

// Fault implements [Maker].
func (f cacheDrop) Fault() simcity.Fault {
	return taken("CACHE_INVALIDATION_STORM", &f, func(ctx context.Context, touched *simcity.Touched) (undo, error) {
		dropped, err := f.hook(ctx, f.InvalidationRate)
		touched.Add(dropped)
		return nil, err
	})
}

// heldRefresh is PauseRefresh.
type heldRefresh struct {
	hook func(context.Context) (func(context.Context) (int64, error), error)
}

// Fault implements [Maker].
func (f heldRefresh) Fault() simcity.Fault {
	return taken("PAUSE_MV_REFRESH", &f, func(ctx context.Context, touched *simcity.Touched) (undo, error) {
		resume, err := f.hook(ctx)
		if err != nil || resume == nil {
			return nil, err
		}
		return restoring(func(ctx context.Context) error {
			suppressed, err := resume(ctx)
			touched.Add(suppressed)
			return err
		}), nil
	})
}

// openData is MisconfigureRLS.
type openData struct {
	MisconfigType string `json:"misconfigType" default:"admin_access" oneof:"admin_access disabled_table permissive_policy" doc:"how the data is opened"`

	hook func(context.Context, string) (func(context.Context) error, int64, error)
}

// Fault implements [Maker].
func (f openData) Fault() simcity.Fault {
	return taken("RLS_MISCONFIG", &f, func(ctx context.Context, touched *simcity.Touched) (undo, error) {
		restore, rows, err := f.hook(ctx, f.MisconfigType)
		touched.Add(rows)
		return restoring(restore), err
	})
}

// squeezedRate is SqueezeRate, and counts the limiter.
type squeezedRate struct {
	Multiplier int `json:"multiplier" default:"10" range:"2..1000" doc:"how many times each request counts"`

	hook func(context.Context, int) (func(context.Context) error, error)
}

// Fault implements [Maker].
func (f squeezedRate) Fault() simcity.Fault {
	return taken("RATE_LIMIT_BURST", &f, func(ctx context.Context, touched *simcity.Touched) (undo, error) {
		restore, err := f.hook(ctx, f.Multiplier)
		return oneTouched(touched, restore, err)
	})
}

// skewedClock is SkewClock, and counts the clock.
type skewedClock struct {
	Skew time.Duration `json:"skewMs" default:"300000" range:"-604800000..604800000" unit:"ms" doc:"how far the host's clock goes ahead; negative: behind"`

	hook func(context.Context, time.Duration) (func(context.Context) error, error)
}

// Fault implements [Maker].
func (f skewedClock) Fault() simcity.Fault {
	return taken("CLOCK_SKEW", &f, func(ctx context.Context, touched *simcity.Touched) (undo, error) {
		restore, err := f.hook(ctx, f.Skew)
		return oneTouched(touched, restore, err)
	})
}

// oneTouched counts one if a hook was taken.
func oneTouched(touched *simcity.Touched, restore func(context.Context) error, err error) (undo, error) {
	if err != nil {
		return nil, err
	}
	touched.Add(1)
	return restoring(restore), nil
}
