package pgclock_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity/pgclock"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// clocked is a database whose time can be set.
var clocked = pgtest.Template{Setup: []pgtest.Setup{pgclock.Install}}

// start is a time at which no machine lives.
var start = time.Date(2026, 1, 5, 0, 10, 0, 123456000, time.UTC)

// hand is a clock that stands where a test put it.
type hand struct{ at atomic.Pointer[time.Time] }

func newHand(at time.Time) *hand {
	h := &hand{}
	h.at.Store(&at)
	return h
}

func (h *hand) now() time.Time       { return *h.at.Load() }
func (h *hand) pass(d time.Duration) { at := h.now().Add(d); h.at.Store(&at) }

// follow opens a pool of one connection that follows a hand.
func follow(t *testing.T, dsn string, change ...func(*pgxpool.Config)) (*pgxpool.Pool, *hand) {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	config.MaxConns = 1
	for _, change := range change {
		change(config)
	}
	h := newHand(start)
	pgclock.Follow(config.ConnConfig, h.now)
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool, h
}

func statement(sql string) pgtest.Setup {
	return func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	}
}

// querier is a pool, a connection or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// ask returns the one value of a query.
func ask[T any](t *testing.T, of querier, query string, args ...any) (value T) {
	t.Helper()
	require.NoError(t, of.QueryRow(t.Context(), query, args...).Scan(&value), query)
	return value
}

// elapsed is a time that SQL tells, as what passed since the start.
func elapsed(t *testing.T, of querier, expression string) time.Duration {
	t.Helper()
	return ask[time.Time](t, of, "select "+expression).Sub(start)
}
