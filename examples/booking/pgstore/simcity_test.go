package pgstore_test

import (
	"context"
	"net/http"
	"sync/atomic"
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

// seamTracer has a seam before each statement, which takes a while if it shall.
type seamTracer struct {
	latency time.Duration
	sent    *atomic.Int64
}

func (s seamTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if s.latency > 0 {
		pause(s.latency + time.Duration(s.sent.Add(1)%1000)) // no two end at one instant
	}
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
// two runs of a seed in one digest. (On this very day a hold was once given away
// within the microsecond before its end.)
func TestCityRepeatsOnPostgres(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	day := func() *simcity.Result {
		began := time.Now()
		result := simcity.New(scenarios.Baseline()).Seed(0).
			Target(simcity.InProcess(city(migrated(t), pgstore.Config{}, booking.Config{}))).Simulate(t)
		t.Logf("%s in %v", result.Line(), time.Since(began))
		return result
	}
	first := day()
	require.Equal(t, simcity.Pass, first.Verdict, first.Explain())
	require.Equal(t, first.Digest, day().Digest)
}

// pause is a database's time to answer, in the run's time.
func pause(d time.Duration) { <-time.After(d) }

// Each planted bug of transactions is found, by its own rule, where it can
// happen: with a seam before each statement, and where requests must overlap for
// longer, with statements that take time.
func TestCityFindsThePlantedBugs(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	for _, planted := range []struct {
		bug     pgstore.Bug
		latency time.Duration
		conns   int32
		seed    uint64 // from which to look: this one was seen to find it
		rule    string
	}{
		{pgstore.BugNoExclusion, 0, 4, 0, "zero_double_bookings"},
		{pgstore.BugLostUpdate, 2 * time.Millisecond, 4, 5, "quotas_respected"},
		{pgstore.BugSecondConnection, 0, 1, 0, "api_error_rate"},
	} {
		t.Run(string(planted.bug), func(t *testing.T) {
			for seed := planted.seed; seed < planted.seed+20; seed++ {
				broken := brokenRules(t, seed, planted.conns, planted.latency, planted.bug)
				if len(broken) > 0 {
					require.Contains(t, broken, planted.rule)
					require.Empty(t, brokenRules(t, seed, planted.conns, planted.latency), "without the bug")
					return
				}
			}
			t.Fatal("not found")
		})
	}
}

func brokenRules(t *testing.T, seed uint64, conns int32, latency time.Duration, bugs ...pgstore.Bug) (names []string) {
	t.Helper()
	day := scenarios.Baseline()
	day.Duration = 12 * time.Hour
	day.AllowEmpty = []string{"*"}
	app := city(migrated(t), pgstore.Config{Bugs: bugs, LockTimeout: 20 * time.Millisecond}, booking.Config{}, func(c *pgxpool.Config) {
		c.MaxConns = conns
		c.ConnConfig.Tracer = seamTracer{latency, new(atomic.Int64)}
	})
	for _, v := range simcity.New(day).Seed(seed).Target(simcity.InProcess(app)).Simulate(t).Violations {
		names = append(names, v.Invariant)
	}
	return names
}
