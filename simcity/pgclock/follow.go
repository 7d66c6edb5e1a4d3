package pgclock

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Follow makes every connection that is opened with config tell the time that
// now tells: time.Now in a bubble, World.Now under any clock. Call it after
// everything else that sets the config's Tracer, AfterConnect or BuildFrontend,
// all of which keep working. For a pool:
//
//	config, err := pgxpool.ParseConfig(dsn)
//	pgclock.Follow(config.ConnConfig, time.Now)
//	pool, err := pgxpool.NewWithConfig(ctx, config)
//
// For database/sql, hand the config to stdlib.OpenDB. Connecting to a database
// without [Install] is an error.
func Follow(config *pgx.ConnConfig, now func() time.Time) {
	if config == nil || now == nil {
		panic("pgclock: Follow needs a config and a clock: Follow(poolConfig.ConnConfig, time.Now)")
	}
	if config.Tracer == nil {
		config.Tracer = &follower{now: now}
	} else {
		config.Tracer = multitracer.New(config.Tracer, &follower{now: now}) // last, after seams that let time pass
	}
	build, connected := config.BuildFrontend, config.AfterConnect
	config.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		return build(r, &wire{to: w})
	}
	config.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		if err := installed(ctx, conn); err != nil || connected == nil {
			return err
		}
		return connected(ctx, conn)
	}
}

// probe is a time at which no test runs.
const probe = "1999-12-31 23:59:59.000001+00"

// installed says by name when the database does not listen.
func installed(ctx context.Context, conn *pgconn.PgConn) error {
	const ask = "SET simcity.now = '" + probe + "'; SELECT now() = '" + probe + "'; RESET simcity.now"
	results, err := conn.Exec(ctx, ask).ReadAll()
	if err != nil {
		return fmt.Errorf("pgclock: %w", err)
	}
	if string(results[1].Rows[0][0]) != "t" {
		return fmt.Errorf("pgclock: now() of this database does not follow: call pgclock.Install once, as a superuser, before the host connects")
	}
	return nil
}

// follower tells each connection the time before a statement, if it has moved
// since the connection was last told.
type follower struct{ now func() time.Time }

// told is what one connection believes.
type told struct {
	now, clock string
}

// customKey is where a connection keeps it.
const customKey = "github.com/bookiji/simcity/pgclock"

func believed(conn *pgx.Conn) *told {
	data := conn.PgConn().CustomData()
	if known, ok := data[customKey].(*told); ok {
		return known
	}
	known := &told{}
	data[customKey] = known
	return known
}

// tell sets the connection's time. A transaction keeps the now() of its
// beginning; only its clock_timestamp() moves.
func (f *follower) tell(ctx context.Context, conn *pgx.Conn) context.Context {
	if conn.PgConn().IsBusy() || conn.PgConn().IsClosed() {
		return ctx // the statement will fail for that
	}
	known := believed(conn)
	date := f.now().UTC().Format("2006-01-02 15:04:05.999999+00")
	var sql string
	switch conn.PgConn().TxStatus() {
	case 'I':
		if known.now == date && known.clock == date {
			return ctx
		}
		sql = "SET simcity.now = '" + date + "'; SET simcity.clock = '" + date + "'"
		known.now, known.clock = date, date
	case 'T':
		if known.clock == date {
			return ctx
		}
		sql = "SET simcity.clock = '" + date + "'"
		known.clock = date
	default:
		return ctx // a failed transaction takes nothing but its end
	}
	if err := conn.PgConn().Exec(ctx, sql).Close(); err != nil {
		*known = told{}
		return failed(ctx, fmt.Errorf("pgclock: the time was not set: %w", err))
	}
	return ctx
}

// failed is a context with which no statement runs: better none than one at a
// wrong time.
func failed(ctx context.Context, err error) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	cancel(err)
	return ctx
}

// doubt forgets what a connection was told when a statement may have undone it:
// settings are transactional.
func (f *follower) doubt(conn *pgx.Conn, tag string) {
	for _, undoes := range []string{"ROLLBACK", "RESET", "DISCARD"} {
		if strings.HasPrefix(tag, undoes) {
			*believed(conn) = told{}
		}
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (f *follower) TraceQueryStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return f.tell(ctx, conn)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (f *follower) TraceQueryEnd(_ context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	f.doubt(conn, data.CommandTag.String())
}

// TraceBatchStart implements pgx.BatchTracer.
func (f *follower) TraceBatchStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return f.tell(ctx, conn)
}

// TraceBatchQuery implements pgx.BatchTracer.
func (f *follower) TraceBatchQuery(_ context.Context, conn *pgx.Conn, data pgx.TraceBatchQueryData) {
	f.doubt(conn, data.CommandTag.String())
}

// TraceBatchEnd implements pgx.BatchTracer.
func (f *follower) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceCopyFromStart implements pgx.CopyFromTracer.
func (f *follower) TraceCopyFromStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceCopyFromStartData) context.Context {
	return f.tell(ctx, conn)
}

// TraceCopyFromEnd implements pgx.CopyFromTracer.
func (f *follower) TraceCopyFromEnd(context.Context, *pgx.Conn, pgx.TraceCopyFromEndData) {}
