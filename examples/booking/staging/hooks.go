package staging

import (
	"context"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/examples/booking"
)

// Misconfigure opens what keeps one user's data from another, as the hook
// MisconfigureRLS does.
type Misconfigure = func(ctx context.Context, kind string) (restore func(context.Context) error, rows int64, err error)

// Hooks are what faults can break in the marketplace, whether they strike it in
// this process (chaos.Offer) or from another one (package testhooks). rls is its
// store's.
func Hooks(app *booking.App, rls Misconfigure) chaos.Hooks {
	return chaos.Hooks{
		InvalidateCache: app.InvalidateCache,
		PauseRefresh: func(context.Context) (func(context.Context) (int64, error), error) {
			resume := app.PauseRefresh()
			return func(context.Context) (int64, error) { return resume(), nil }, nil
		},
		MisconfigureRLS: rls,
		SqueezeRate: func(_ context.Context, multiplier int) (func(context.Context) error, error) {
			restore := app.SqueezeRate(float64(multiplier))
			return func(context.Context) error { restore(); return nil }, nil
		},
	}
}

// InMemory is the misconfiguration of a store in memory.
func InMemory(store *booking.MemoryStore) Misconfigure {
	return func(_ context.Context, kind string) (func(context.Context) error, int64, error) {
		restore, rows, err := store.Misconfigure(kind)
		return func(context.Context) error { restore(); return nil }, rows, err
	}
}
