package main

import (
	"context"
	"net/http"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/staging"
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
	chaos.Offer(w, staging.Hooks(app, staging.InMemory(store)))
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
