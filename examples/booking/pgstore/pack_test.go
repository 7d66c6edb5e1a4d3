package pgstore_test

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/pgstore"
	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	_ "github.com/bookiji/simcity/simcity/missioncontrol/testui" // SIMCITY_UI=127.0.0.1:8787 shows the runs
	"github.com/bookiji/simcity/simcity/pgclock"
)

// marketplace is a database with the app's schema, whose clock can be a run's.
var marketplace = pgtest.Template{Setup: []pgtest.Setup{
	pgtest.Supabase,
	func(ctx context.Context, conn *pgx.Conn) error { return pgstore.Migrate(ctx, conn) },
	pgclock.Install,
}}

// cityOn is the app on a database of its own: SQL tells simulated time, there
// are seams before transactions, and faults strike the real server. Where
// REDIS_URL is set the search cache is there.
func cityOn(dsn string, app booking.Config, bugs ...pgstore.Bug) simcity.Target {
	return seamsOn(postgres.Seams{}, dsn, app, bugs...)
}

// seamsOn is cityOn with seams elsewhere.
func seamsOn(seams postgres.Seams, dsn string, app booking.Config, bugs ...pgstore.Bug) simcity.Target {
	return simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		config, err := pgxpool.ParseConfig(dsn)
		if err != nil {
			return nil, err
		}
		config.MaxConns = 4
		config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
		pgclock.Follow(config.ConnConfig, time.Now)
		seams.Attach(config)
		pool, err := pgxpool.NewWithConfig(context.Background(), config)
		if err != nil {
			return nil, err
		}
		w.OnClose(func(context.Context) error { pool.Close(); return nil })
		store, err := pgstore.Open(context.Background(), pgstore.Config{Pool: pool, Bugs: bugs, LockTimeout: 200 * time.Millisecond})
		if err != nil {
			return nil, err
		}
		app := app
		app.Store, app.Logger = store, w.Logger()
		app.WebhookClient, app.WebhookURL, app.WebhookSecret = w.HostClient(), w.BaseURL()+"/api/payments/webhook", "whsec"
		if url := os.Getenv("REDIS_URL"); url != "" {
			options, err := redis.ParseURL(url)
			if err != nil {
				return nil, err
			}
			client := redis.NewClient(options)
			w.OnClose(func(context.Context) error { return client.Close() })
			app.Redis, app.RedisPrefix = client, config.ConnConfig.Database+":"
		}
		handler, err := booking.New(app)
		if err != nil {
			return nil, err
		}
		db := postgres.Database{Pool: pool, Admin: dsn}
		postgres.Offer(w, db)
		chaos.Offer(w, chaos.Hooks{
			InvalidateCache: handler.InvalidateCache,
			PauseRefresh:    postgres.RefreshHook(db, "public.listings"),
			MisconfigureRLS: postgres.RLSHook(db, "public.bookings", "public.messages", "public.entries"),
			SqueezeRate: func(_ context.Context, multiplier int) (func(context.Context) error, error) {
				restore := handler.SqueezeRate(float64(multiplier))
				return func(context.Context) error { restore(); return nil }, nil
			},
		})
		return handler, nil
	})
}

// freshDatabase is a database of the marketplace's, and looks for what is broken in it
// afterwards.
func freshDatabase(t *testing.T) (dsn string, leftBehind func() error) {
	t.Helper()
	dsn = marketplace.Database(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	before, err := postgres.Snapshot(t.Context(), conn)
	require.NoError(t, err)
	return dsn, func() error { return postgres.LeftBehind(t.Context(), conn, before) }
}

// runOn runs a scenario of the pack on a fresh database, in which nothing is
// broken afterwards. The runs are parallel: each waits for the server half of its
// time.
func runOn(t *testing.T, scenario simcity.Scenario) {
	t.Helper()
	t.Parallel()
	dsn, leftBehind := freshDatabase(t)
	simcity.New(scenario).Target(cityOn(dsn, booking.Config{})).Run(t)
	require.NoError(t, leftBehind())
}

func TestSimCityBaselineOnPostgres(t *testing.T)    { runOn(t, scenarios.Baseline()) }
func TestSimCityGrowthCurveOnPostgres(t *testing.T) { runOn(t, scenarios.GrowthCurve()) }
func TestSimCityDisasterMixOnPostgres(t *testing.T) { runOn(t, scenarios.DisasterMix()) }
func TestSimCityVendorSLADrillOnPostgres(t *testing.T) {
	runOn(t, scenarios.VendorSLADrill())
}
func TestSimCitySoakOnPostgres(t *testing.T) { runOn(t, scenarios.Soak()) }
