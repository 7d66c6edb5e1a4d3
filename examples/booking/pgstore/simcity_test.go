package pgstore_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/pgstore"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// city is the app on a database of its own, with seams before statements. The
// pool is made inside of the run, so that what waits for a connection is seen to
// wait.
func city(url string, config pgstore.Config, seams postgres.Seams, change ...func(*pgxpool.Config)) simcity.Target {
	return simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		pool, err := connect(context.Background(), url, append(change, seams.Attach)...)
		if err != nil {
			return nil, err
		}
		w.OnClose(func(context.Context) error { pool.Close(); return nil })
		config.Pool = pool
		store, err := pgstore.Open(context.Background(), config)
		if err != nil {
			return nil, err
		}
		return booking.New(booking.Config{Store: store, Logger: w.Logger()})
	})
}

// An ordinary day on the real database. It ends as on the store in memory, and
// two runs of a seed in one digest. (On this very day a hold was once given away
// within the microsecond before its end.)
func TestCityRepeatsOnPostgres(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	day := func() *simcity.Result {
		began := time.Now()
		result := simcity.New(scenarios.Baseline()).Seed(0).
			Target(city(schema.Database(t), pgstore.Config{}, postgres.Seams{})).Simulate(t)
		t.Logf("%s in %v", result.Line(), time.Since(began))
		return result
	}
	first := day()
	require.Equal(t, simcity.Pass, first.Verdict, first.Explain())
	require.Equal(t, first.Digest, day().Digest)
}

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
			t.Parallel()
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
	everywhere := postgres.Seams{InTransactions: true}
	target := city(schema.Database(t), pgstore.Config{Bugs: bugs, LockTimeout: 20 * time.Millisecond}, everywhere, func(c *pgxpool.Config) { c.MaxConns = conns })
	run := simcity.New(day).Seed(seed).Target(target)
	if latency > 0 {
		slow := chaos.SeamLatency{Seams: chaos.Seams{Prefix: "postgres "}, Delay: chaos.Delay{Typical: latency}}
		run.Inject(slow.Fault(), 0, day.Duration)
	}
	for _, v := range run.Simulate(t).Violations {
		names = append(names, v.Invariant)
	}
	return names
}
