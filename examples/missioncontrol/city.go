package main

import (
	"context"
	"net/http"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/simcity"
)

// newCity builds the marketplace for a run, with the hooks that faults need.
func newCity(w *simcity.World) (http.Handler, error) {
	store := booking.NewMemoryStore()
	app, err := booking.New(booking.Config{
		Store: seamStore{store}, Logger: w.Logger(),
		WebhookClient: w.HostClient(), WebhookURL: w.BaseURL() + "/api/payments/webhook", WebhookSecret: "whsec",
	})
	if err != nil {
		return nil, err
	}
	chaos.Offer(w, chaos.Hooks{
		InvalidateCache: app.InvalidateCache,
		PauseRefresh: func(context.Context) (func(context.Context) (int64, error), error) {
			resume := app.PauseRefresh()
			return func(context.Context) (int64, error) { return resume(), nil }, nil
		},
		MisconfigureRLS: func(_ context.Context, kind string) (func(context.Context) error, int64, error) {
			restore, rows, err := store.Misconfigure(kind)
			return func(context.Context) error { restore(); return nil }, rows, err
		},
		SqueezeRate: func(_ context.Context, multiplier int) (func(context.Context) error, error) {
			restore := app.SqueezeRate(float64(multiplier))
			return func(context.Context) error { restore(); return nil }, nil
		},
	})
	return app, nil
}

// seamStore is the app's store with a seam before each transaction, where a request
// may be parked while others go first.
type seamStore struct{ booking.Store }

func (s seamStore) View(ctx context.Context, f func(booking.Tx) error) error {
	if err := simcity.Yield(ctx, "store.View"); err != nil {
		return err
	}
	return s.Store.View(ctx, f)
}

func (s seamStore) Update(ctx context.Context, f func(booking.Tx) error) error {
	if err := simcity.Yield(ctx, "store.Update"); err != nil {
		return err
	}
	return s.Store.Update(ctx, f)
}
