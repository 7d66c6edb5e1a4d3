package remote

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// Hooks are those of the target of a run. The zero value works.
type Hooks struct {
	// Lease is how long the host keeps a fault that nobody renews, in real time and
	// whole seconds: so long does it stay broken if this process is killed. It is
	// renewed three times as often. Default 30 seconds; 1 second to 10 minutes.
	Lease time.Duration
	// Purge removes everything synthetic from the host when the run has ended, and
	// fails the run if something is left.
	Purge bool
}

// Limits of a lease.
const (
	leaseStandard = 30 * time.Second
	leaseMax      = 10 * time.Minute
)

type hostKey struct{}

// A host is what the target of a run offers.
type host struct {
	lease time.Duration
	kinds []string
}

// Offer asks the target what it has, and offers it to faults. It is for
// [simcity.URLTarget.Equip].
func (h Hooks) Offer(ctx context.Context, w *simcity.World) error {
	at, err := h.ask(ctx, w)
	if err != nil {
		return err
	}
	w.SetValue(hostKey{}, at)
	chaos.Offer(w, at.hooks(w))
	if h.Purge {
		w.OnClose(func(ctx context.Context) error { return purge(ctx, w) })
	}
	return nil
}

// ask makes the host from what it tells of itself.
func (h Hooks) ask(ctx context.Context, w *simcity.World) (*host, error) {
	at := &host{lease: h.Lease}
	if at.lease == 0 {
		at.lease = leaseStandard
	}
	if at.lease < time.Second || at.lease > leaseMax || at.lease%time.Second != 0 {
		return nil, &simcity.FieldError{Field: "remote.Hooks.Lease", Value: h.Lease, Allowed: "whole seconds, 1s to 10m", Fix: "leave it out for 30s"}
	}
	var told struct {
		Kinds []struct{ Type string }
	}
	if err := within(w).call(ctx, http.MethodGet, "/faults", nil, &told); err != nil {
		return nil, err
	}
	for _, kind := range told.Kinds {
		at.kinds = append(at.kinds, kind.Type)
	}
	return at, nil
}

// hooks are the hooks of package chaos that the host has.
func (h *host) hooks(w *simcity.World) chaos.Hooks {
	var hooks chaos.Hooks
	if h.has("CACHE_INVALIDATION_STORM") {
		hooks.InvalidateCache = func(ctx context.Context, share float64) (int64, error) {
			held, err := h.strike(ctx, w, "CACHE_INVALIDATION_STORM", map[string]any{"invalidationRate": share})
			if err != nil {
				return 0, err
			}
			return held.touched.Load(), held.release(ctx)
		}
	}
	if h.has("PAUSE_MV_REFRESH") {
		hooks.PauseRefresh = func(ctx context.Context) (func(context.Context) (int64, error), error) {
			held, err := h.strike(ctx, w, "PAUSE_MV_REFRESH", nil)
			if held == nil {
				return nil, err
			}
			return func(ctx context.Context) (int64, error) {
				err := held.release(ctx)
				return held.touched.Load(), err
			}, err
		}
	}
	if h.has("RLS_MISCONFIG") {
		hooks.MisconfigureRLS = func(ctx context.Context, kind string) (func(context.Context) error, int64, error) {
			held, err := h.strike(ctx, w, "RLS_MISCONFIG", map[string]any{"misconfigType": kind})
			if held == nil {
				return nil, 0, err
			}
			return held.release, held.touched.Load(), err
		}
	}
	if h.has("RATE_LIMIT_BURST") {
		hooks.SqueezeRate = func(ctx context.Context, multiplier int) (func(context.Context) error, error) {
			return h.restorable(ctx, w, "RATE_LIMIT_BURST", map[string]any{"multiplier": multiplier})
		}
	}
	if h.has("CLOCK_SKEW") {
		hooks.SkewClock = func(ctx context.Context, d time.Duration) (func(context.Context) error, error) {
			return h.restorable(ctx, w, "CLOCK_SKEW", map[string]any{"skewMs": d.Milliseconds()})
		}
	}
	return hooks
}

func (h *host) restorable(ctx context.Context, w *simcity.World, kind string, parameters map[string]any) (func(context.Context) error, error) {
	held, err := h.strike(ctx, w, kind, parameters)
	if held == nil {
		return nil, err
	}
	return held.release, err
}

func (h *host) has(kind string) bool { return slices.Contains(h.kinds, kind) }

// hostOf is the host that Offer has asked.
func hostOf(w *simcity.World) (*host, error) {
	if at, ok := w.Value(hostKey{}).(*host); ok {
		return at, nil
	}
	return nil, fmt.Errorf("the target was not asked for its hooks; fix: simcity.URL(...).Equip(remote.Hooks{}.Offer)")
}
