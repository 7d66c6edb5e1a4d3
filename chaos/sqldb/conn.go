package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
)

// conn is a connection with seams. It has every optional power that
// [database/sql] knows; where the inner one lacks it, it does what database/sql
// would have done. One goroutine uses it at a time.
type conn struct {
	inner  driver.Conn
	gate   *gate
	inTx   bool
	passed string // the statement whose seam was passed, but which must be prepared first
}

var (
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.ExecerContext      = (*conn)(nil)
	_ driver.QueryerContext     = (*conn)(nil)
	_ driver.NamedValueChecker  = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.Validator          = (*conn)(nil)
)

// Unwrap returns the driver's own connection, for callers of
// [database/sql.Conn.Raw].
func (c *conn) Unwrap() driver.Conn { return c.inner }

func (c *conn) Close() error {
	c.transaction(false)
	return c.inner.Close()
}

// transaction notes whether one is open on this connection.
func (c *conn) transaction(open bool) {
	switch {
	case open && !c.inTx:
		c.gate.add(1)
	case !open && c.inTx:
		c.gate.add(-1)
	}
	c.inTx = open
}

// ran notes what a statement did to the transaction, for hosts that write BEGIN
// themselves.
func (c *conn) ran(query string, err error) {
	first, rest := words(query)
	second, _ := words(rest)
	if second == "transaction" || second == "work" {
		_, rest = words(rest)
		second, _ = words(rest)
	}
	switch first {
	case "begin", "start":
		if err == nil {
			c.transaction(true)
		}
	case "commit", "end", "abort":
		c.transaction(false)
	case "rollback":
		if second != "to" { // a savepoint
			c.transaction(false)
		}
	}
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	run := c.execer()
	if run == nil {
		return nil, driver.ErrSkip
	}
	if err := c.yield(ctx, query); err != nil {
		return nil, err
	}
	result, err := run(ctx, query, args)
	c.finished(query, err)
	return result, err
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	run := c.queryer()
	if run == nil {
		return nil, driver.ErrSkip
	}
	if err := c.yield(ctx, query); err != nil {
		return nil, err
	}
	rows, err := run(ctx, query, args)
	c.finished(query, err)
	return rows, err
}

// yield passes the seam of a statement.
func (c *conn) yield(ctx context.Context, query string) error {
	c.passed = ""
	return c.gate.yield(ctx, verb(query))
}

// finished notes how a statement ended. One that the driver wants prepared first
// comes back, and has passed its seam already.
func (c *conn) finished(query string, err error) {
	if errors.Is(err, driver.ErrSkip) {
		c.passed = query
		return
	}
	c.ran(query, err)
}

type execFunc = func(context.Context, string, []driver.NamedValue) (driver.Result, error)

func (c *conn) execer() execFunc {
	switch inner := c.inner.(type) {
	case driver.ExecerContext:
		return inner.ExecContext
	case oldExecer:
		return func(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
			values, err := plain(ctx, args)
			if err != nil {
				return nil, err
			}
			return inner.Exec(query, values)
		}
	}
	return nil
}

type queryFunc = func(context.Context, string, []driver.NamedValue) (driver.Rows, error)

func (c *conn) queryer() queryFunc {
	switch inner := c.inner.(type) {
	case driver.QueryerContext:
		return inner.QueryContext
	case oldQueryer:
		return func(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
			values, err := plain(ctx, args)
			if err != nil {
				return nil, err
			}
			return inner.Query(query, values)
		}
	}
	return nil
}

func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	passed := c.passed == query && query != ""
	c.passed = ""
	inner, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	s := &stmt{inner: inner, conn: c, query: query, passed: passed}
	if converter, ok := inner.(columnConverter); ok {
		return &convertingStmt{s, converter}, nil
	}
	return s, nil
}

func (c *conn) prepare(ctx context.Context, query string) (driver.Stmt, error) {
	if inner, ok := c.inner.(driver.ConnPrepareContext); ok {
		return inner.PrepareContext(ctx, query)
	}
	inner, err := c.inner.Prepare(query)
	if err == nil && ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), inner.Close())
	}
	return inner, err
}

// CheckNamedValue is asked about the arguments of statements that are not
// prepared. A driver that prepares them all checks them then.
func (c *conn) CheckNamedValue(value *driver.NamedValue) error {
	if c.execer() == nil && c.queryer() == nil {
		return nil
	}
	return c.check(value)
}

func (c *conn) check(value *driver.NamedValue) error {
	if inner, ok := c.inner.(driver.NamedValueChecker); ok {
		return inner.CheckNamedValue(value)
	}
	return driver.ErrSkip // then database/sql converts it
}

func (c *conn) Ping(ctx context.Context) error {
	if inner, ok := c.inner.(driver.Pinger); ok {
		return inner.Ping(ctx)
	}
	return nil
}

func (c *conn) ResetSession(ctx context.Context) error {
	c.passed = ""
	if inner, ok := c.inner.(driver.SessionResetter); ok {
		return inner.ResetSession(ctx)
	}
	return nil
}

func (c *conn) IsValid() bool {
	if inner, ok := c.inner.(driver.Validator); ok {
		return inner.IsValid()
	}
	return true
}
