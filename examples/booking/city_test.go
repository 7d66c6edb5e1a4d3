package booking_test

import (
	"context"
	"net/http"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/simcity"
	_ "github.com/bookiji/simcity/simcity/telemetry/sqlite" // for SIMCITY_TELEMETRY=sqlite:file
)

// newCity builds the app for a run, with planted bugs if any are named.
func newCity(bugs ...booking.Bug) func(*simcity.World) (http.Handler, error) {
	return newCityOf(booking.Config{Bugs: bugs})
}

// newCityOf builds the app in memory, with hooks for faults.
func newCityOf(config booking.Config) func(*simcity.World) (http.Handler, error) {
	return func(w *simcity.World) (http.Handler, error) {
		store := booking.NewMemoryStore()
		config := config
		config.Store, config.Logger = seamStore{store}, w.Logger()
		config.WebhookClient, config.WebhookURL, config.WebhookSecret = w.HostClient(), w.BaseURL()+"/api/payments/webhook", "whsec"
		app, err := booking.New(config)
		if err != nil {
			return nil, err
		}
		chaos.Offer(w, hooksOf(app))
		chaos.Offer(w, chaos.Hooks{MisconfigureRLS: func(_ context.Context, kind string) (func(context.Context) error, int64, error) {
			restore, rows, err := store.Misconfigure(kind)
			return func(context.Context) error { restore(); return nil }, rows, err
		}})
		return app, nil
	}
}

// hooksOf are the handles for chaos that the app has whatever its store.
func hooksOf(app *booking.App) chaos.Hooks {
	return chaos.Hooks{
		InvalidateCache: app.InvalidateCache,
		PauseRefresh: func(context.Context) (func(context.Context) (int64, error), error) {
			resume := app.PauseRefresh()
			return func(context.Context) (int64, error) { return resume(), nil }, nil
		},
		SqueezeRate: func(_ context.Context, multiplier int) (func(context.Context) error, error) {
			restore := app.SqueezeRate(float64(multiplier))
			return func(context.Context) error { restore(); return nil }, nil
		},
	}
}

// seamStore is the app's store with a seam before each transaction: there the
// request may be parked while others go first, as it would wait for a database.
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
