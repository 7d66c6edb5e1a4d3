package booking_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// An ordinary day on the correct app.
func TestSimCityBaseline(t *testing.T) {
	simcity.New(scenarios.Baseline()).
		Target(simcity.InProcess(newCity())).
		Run(t)
}

// newCity builds the app for a run, with planted bugs if any are named.
func newCity(bugs ...booking.Bug) func(*simcity.World) (http.Handler, error) {
	return func(w *simcity.World) (http.Handler, error) {
		return booking.New(booking.Config{
			Store:  seamStore{booking.NewMemoryStore()},
			Logger: w.Logger(),
			Bugs:   bugs,
		})
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
