package postgres

import (
	"context"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bookiji/simcity/simcity"
)

// tracer yields before statements. pgx tells it of everything that a pool's
// connections do.
type tracer struct {
	inTransactions bool

	mu   sync.Mutex
	open map[*pgx.Conn]struct{} // those with a transaction open
}

// yield passes the seam, and returns a context that fails the statement if a
// fault says so.
func (t *tracer) yield(ctx context.Context, verb string) context.Context {
	if verb == "" || !t.inTransactions && t.transactionOpen() {
		return ctx
	}
	if err := simcity.Yield(ctx, "postgres "+verb); err != nil && ctx.Err() == nil {
		return refused{ctx, err}
	}
	return ctx
}

func (t *tracer) transactionOpen() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open) > 0
}

// note remembers whether a connection has a transaction open now.
func (t *tracer) note(conn *pgx.Conn) {
	if t.inTransactions {
		return
	}
	open := !conn.IsClosed() && conn.PgConn().TxStatus() != 'I'
	t.mu.Lock()
	defer t.mu.Unlock()
	if !open {
		delete(t.open, conn)
		return
	}
	if t.open == nil {
		t.open = make(map[*pgx.Conn]struct{})
	}
	t.open[conn] = struct{}{}
}

// TraceQueryStart is told of Exec, Query and QueryRow, and so of BEGIN.
func (t *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return t.yield(ctx, verb(data.SQL))
}

func (t *tracer) TraceQueryEnd(_ context.Context, conn *pgx.Conn, _ pgx.TraceQueryEndData) {
	t.note(conn)
}

func (t *tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return t.yield(ctx, "batch")
}

func (t *tracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (t *tracer) TraceBatchEnd(_ context.Context, conn *pgx.Conn, _ pgx.TraceBatchEndData) {
	t.note(conn)
}

func (t *tracer) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceCopyFromStartData) context.Context {
	return t.yield(ctx, "copy")
}

func (t *tracer) TraceCopyFromEnd(_ context.Context, conn *pgx.Conn, _ pgx.TraceCopyFromEndData) {
	t.note(conn)
}

func (t *tracer) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return t.yield(ctx, "connect")
}

func (t *tracer) TraceConnectEnd(context.Context, pgx.TraceConnectEndData) {}

// TraceRelease is told when a connection goes back to the pool, which closes it
// if its transaction is still open.
func (t *tracer) TraceRelease(_ *pgxpool.Pool, data pgxpool.TraceReleaseData) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, data.Conn)
}

// refused is the context of a statement that a fault failed. pgx has no other way
// to refuse one: it asks the context before it sends, and hands the context's
// error to the host.
type refused struct {
	context.Context
	err error
}

func (r refused) Done() <-chan struct{} { return closed }

// Err is the fault's own error, so that hosts see it and errors.Is finds it.
func (r refused) Err() error { return r.err }

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// verb is the first word of a statement in lower case, such as "select", and
// empty for a statement that is nothing but comments.
func verb(sql string) string {
	for {
		sql = strings.TrimLeft(sql, " \t\r\n(;")
		switch {
		case strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
		case strings.HasPrefix(sql, "/*"):
			_, sql, _ = strings.Cut(sql, "*/")
		default:
			end := strings.IndexFunc(sql, func(r rune) bool { return !isWord(r) })
			if end < 0 {
				end = len(sql)
			}
			return strings.ToLower(sql[:min(end, verbMax)])
		}
	}
}

// verbMax is the length of a seam's name that reports can still show.
const verbMax = 40

func isWord(r rune) bool {
	return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
