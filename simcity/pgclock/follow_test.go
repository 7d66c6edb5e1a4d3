package pgclock_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity/pgclock"
)

// A transaction keeps the now() of its beginning, as Postgres has it, while its
// clock goes on.
func TestTransactionKeepsItsTime(t *testing.T) {
	t.Parallel()
	pool, hand := follow(t, clocked.Database(t))
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	hand.pass(time.Hour)
	require.Zero(t, elapsed(t, tx, "now()"))
	require.Equal(t, time.Hour, elapsed(t, tx, "clock_timestamp()"))
	require.Equal(t, time.Hour, elapsed(t, tx, "statement_timestamp()"))
	require.NoError(t, tx.Commit(t.Context()))
	require.Equal(t, time.Hour, elapsed(t, pool, "now()"))
}

// Settings are transactional: what a rollback undoes is set again.
func TestTimeSurvivesWhatUndoesSettings(t *testing.T) {
	t.Parallel()
	pool, hand := follow(t, clocked.Database(t))
	require.Zero(t, elapsed(t, pool, "now()"))

	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "savepoint here")
	require.NoError(t, err)
	hand.pass(time.Hour)
	require.Equal(t, time.Hour, elapsed(t, tx, "clock_timestamp()"))
	_, err = tx.Exec(t.Context(), "rollback to here")
	require.NoError(t, err)
	require.Equal(t, time.Hour, elapsed(t, tx, "clock_timestamp()"))
	_, err = tx.Exec(t.Context(), "select 1/0")
	require.Error(t, err)
	_, err = tx.Exec(t.Context(), "select 1")
	require.ErrorContains(t, err, "25P02", "a failed transaction stays one")
	require.NoError(t, tx.Rollback(t.Context()))
	require.Equal(t, time.Hour, elapsed(t, pool, "now()"))
	require.Equal(t, time.Hour, elapsed(t, pool, "clock_timestamp()"))

	for _, undoes := range []string{"discard all", "reset all", "reset simcity.now"} {
		_, err = pool.Exec(t.Context(), undoes, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err)
		require.Equal(t, time.Hour, ask[time.Time](t, pool, "select now()", pgx.QueryExecModeExec).Sub(start), undoes)
	}
}

func TestBatchesAndCopiesFollow(t *testing.T) {
	t.Parallel()
	pool, hand := follow(t, pgtest.Database(t, statement("create table holds(id int, at timestamptz default now())"), pgclock.Install))
	var batched time.Time
	batch := &pgx.Batch{}
	batch.Queue("select current_timestamp").QueryRow(func(row pgx.Row) error { return row.Scan(&batched) })
	hand.pass(time.Hour)
	require.NoError(t, pool.SendBatch(t.Context(), batch).Close())
	require.Equal(t, time.Hour, batched.Sub(start))

	hand.pass(time.Hour)
	_, err := pool.CopyFrom(t.Context(), pgx.Identifier{"holds"}, []string{"id"}, pgx.CopyFromRows([][]any{{1}, {2}}))
	require.NoError(t, err)
	require.Equal(t, 2, ask[int](t, pool, "select count(*) from holds where at = $1", start.Add(2*time.Hour)))
}

func TestAllWaysOfAskingFollow(t *testing.T) {
	t.Parallel()
	pool, hand := follow(t, clocked.Database(t))
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		for range 8 { // Postgres plans a prepared statement anew five times
			hand.pass(time.Minute)
			require.Equal(t, hand.now(), ask[time.Time](t, pool, "select least(current_timestamp, now()) -- $1", mode).UTC(), "%v", mode)
		}
	}
}

func TestDatabaseSQLFollows(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(clocked.Database(t))
	require.NoError(t, err)
	hand := newHand(start)
	pgclock.Follow(config, hand.now)
	db := stdlib.OpenDB(*config)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	hand.pass(time.Hour)
	var at time.Time
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable})
	require.NoError(t, err)
	require.NoError(t, tx.QueryRowContext(t.Context(), "select current_timestamp").Scan(&at))
	require.NoError(t, tx.Rollback())
	require.Equal(t, time.Hour, at.Sub(start))
}

// counter is a tracer of the host's own.
type counter struct{ queries int }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.queries++
	return ctx
}

func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// What the host set on its config stays, and sees nothing of the time's setting.
func TestHostsOwnHooksKeepWorking(t *testing.T) {
	t.Parallel()
	traced, connected := &counter{}, 0
	pool, _ := follow(t, clocked.Database(t), func(config *pgxpool.Config) {
		config.ConnConfig.Tracer = traced
		config.ConnConfig.AfterConnect = func(context.Context, *pgconn.PgConn) error { connected++; return nil }
	})
	require.Zero(t, elapsed(t, pool, "now()"))
	require.Equal(t, 1, traced.queries)
	require.Equal(t, 1, connected)
}

func TestDatabaseWithoutInstallIsRefused(t *testing.T) {
	t.Parallel()
	pool, _ := follow(t, pgtest.Database(t))
	require.ErrorContains(t, pool.Ping(t.Context()), "pgclock: now() of this database does not follow: call pgclock.Install once, as a superuser, before the host connects")
}

func TestFollowNeedsAClock(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, "pgclock: Follow needs a config and a clock: Follow(poolConfig.ConnConfig, time.Now)", func() { pgclock.Follow(&pgx.ConnConfig{}, nil) })
}

// No statement runs at a wrong time: when the time cannot be set, it fails.
func TestStatementWithoutItsTimeFails(t *testing.T) {
	t.Parallel()
	pool, hand := follow(t, clocked.Database(t))
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("too late"))
	hand.pass(time.Hour)
	_, err = conn.Exec(ctx, "select 1")
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, time.Hour, elapsed(t, conn, "now()"))
}
