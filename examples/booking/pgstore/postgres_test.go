package pgstore_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking/pgstore"
	"github.com/bookiji/simcity/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// schema are the databases that have been migrated.
var schema = pgtest.Template{Setup: []pgtest.Setup{pgtest.Supabase, func(ctx context.Context, conn *pgx.Conn) error {
	return pgstore.Migrate(ctx, conn)
}}}

// connect makes a pool of four connections that takes them as they are.
func connect(ctx context.Context, url string, change ...func(*pgxpool.Config)) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 4
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	for _, c := range change {
		c(config)
	}
	return pgxpool.NewWithConfig(ctx, config)
}

// bench is a store with the pool it uses.
type bench struct {
	*pgstore.Store
	pool *pgxpool.Pool
}

// setup opens a store in a database of its own.
func setup(t testing.TB, bugs ...pgstore.Bug) bench {
	t.Helper()
	return open(t, schema.Database(t), pgstore.Config{Bugs: bugs})
}

func open(t testing.TB, url string, config pgstore.Config, change ...func(*pgxpool.Config)) bench {
	t.Helper()
	pool, err := connect(t.Context(), url, change...)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	config.Pool = pool
	store, err := pgstore.Open(t.Context(), config)
	require.NoError(t, err)
	return bench{store, pool}
}

// exec runs statements as the owner.
func (b bench) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	_, err := b.pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}
