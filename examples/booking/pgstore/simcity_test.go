package pgstore_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/pgstore"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// seamStore has a seam before each transaction: there the request may be parked
// while others go first, as it would wait for a connection.
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

// seamTracer has a seam before each statement.
type seamTracer struct{}

func (seamTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if err := simcity.Yield(ctx, "store.statement"); err != nil {
		ended, cancel := context.WithCancelCause(ctx)
		cancel(err)
		return ended
	}
	return ctx
}

func (seamTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// city is the app on a database of its own. The pool is made inside of the
// run, so that what waits for a connection is seen to wait.
func city(url string, config pgstore.Config, app booking.Config, change ...func(*pgxpool.Config)) func(*simcity.World) (http.Handler, error) {
	return func(w *simcity.World) (http.Handler, error) {
		pool, err := connect(context.Background(), url, change...)
		if err != nil {
			return nil, err
		}
		w.OnClose(func(context.Context) error { pool.Close(); return nil })
		config.Pool = pool
		store, err := pgstore.Open(context.Background(), config)
		if err != nil {
			return nil, err
		}
		app.Store, app.Logger = seamStore{store}, w.Logger()
		return booking.New(app)
	}
}

// An ordinary day on the real database. It ends as on the store in memory, and
// two runs of a seed in one digest.
func TestSimCityBaselineOnPostgres(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	day := func() *simcity.Result {
		began := time.Now()
		result := simcity.New(scenarios.Baseline()).Seed(1).
			Target(simcity.InProcess(city(migrated(t), pgstore.Config{}, booking.Config{}))).Simulate(t)
		t.Logf("%s in %v", result.Line(), time.Since(began))
		return result
	}
	first := day()
	require.Equal(t, simcity.Pass, first.Verdict, first.Explain())
	require.Equal(t, first.Digest, day().Digest)
}
