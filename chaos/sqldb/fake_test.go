package sqldb_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
)

// fake is a driver that remembers what it was asked. What it can do depends on
// the kind of connection that it gives out.
type fake struct {
	calls []string
	kind  func(*fakeConn) driver.Conn
	valid bool
}

func (f *fake) note(call string) { f.calls = append(f.calls, call) }

func (f *fake) Open(name string) (driver.Conn, error) {
	f.note("open " + name)
	return f.kind(&fakeConn{f}), nil
}

// fakeConn can do what every driver can.
type fakeConn struct{ *fake }

func (c *fakeConn) Prepare(query string) (driver.Stmt, error) {
	c.note("prepare " + query)
	return &fakeStmt{c.fake, query}, nil
}
func (c *fakeConn) Close() error { c.note("close"); return nil }
func (c *fakeConn) Begin() (driver.Tx, error) {
	c.note("begin")
	return fakeTx{c.fake}, nil
}

type fakeTx struct{ *fake }

func (t fakeTx) Commit() error   { t.note("commit"); return nil }
func (t fakeTx) Rollback() error { t.note("rollback"); return nil }

type fakeStmt struct {
	*fake
	query string
}

func (s *fakeStmt) Close() error  { return nil }
func (s *fakeStmt) NumInput() int { return -1 }
func (s *fakeStmt) Exec(args []driver.Value) (driver.Result, error) {
	s.note("exec " + s.query)
	return driver.RowsAffected(len(args)), nil
}
func (s *fakeStmt) Query([]driver.Value) (driver.Rows, error) {
	s.note("query " + s.query)
	return noRows{}, nil
}

type noRows struct{}

func (noRows) Columns() []string         { return []string{"one"} }
func (noRows) Close() error              { return nil }
func (noRows) Next([]driver.Value) error { return io.EOF }

// ableConn can do everything that a modern driver can, and takes strange
// arguments.
type ableConn struct{ *fakeConn }

func (c *ableConn) BeginTx(_ context.Context, options driver.TxOptions) (driver.Tx, error) {
	if options.ReadOnly {
		c.note("begin read-only")
	} else {
		c.note("begin tx")
	}
	return fakeTx{c.fake}, nil
}
func (c *ableConn) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	c.note("prepare ctx " + query)
	return &fakeStmt{c.fake, query}, nil
}
func (c *ableConn) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.note("exec ctx " + query)
	return driver.RowsAffected(len(args)), nil
}
func (c *ableConn) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	c.note("query ctx " + query)
	return noRows{}, nil
}
func (c *ableConn) CheckNamedValue(*driver.NamedValue) error { return nil }
func (c *ableConn) Ping(context.Context) error               { c.note("ping"); return nil }
func (c *ableConn) ResetSession(context.Context) error       { c.note("reset"); return nil }
func (c *ableConn) IsValid() bool                            { return c.valid }

// skippingConn wants statements with arguments prepared first.
type skippingConn struct{ *ableConn }

func (c *skippingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) > 0 {
		return nil, driver.ErrSkip
	}
	return c.ableConn.ExecContext(ctx, query, args)
}

// oldConn runs statements at once, but knows no contexts.
type oldConn struct{ *fakeConn }

func (c *oldConn) Exec(query string, _ []driver.Value) (driver.Result, error) {
	c.note("old exec " + query)
	return driver.RowsAffected(1), nil
}
func (c *oldConn) Query(query string, _ []driver.Value) (driver.Rows, error) {
	c.note("old query " + query)
	return noRows{}, nil
}

// convertingConn has statements that convert arguments by column.
type convertingConn struct{ *fakeConn }

func (c *convertingConn) Prepare(query string) (driver.Stmt, error) {
	return &convertingStmt{&fakeStmt{c.fake, query}}, nil
}

type convertingStmt struct{ *fakeStmt }

func (s *convertingStmt) NumInput() int { return 1 }
func (s *convertingStmt) ColumnConverter(int) driver.ValueConverter {
	return converter{s.fake}
}

type converter struct{ *fake }

func (c converter) ConvertValue(v any) (driver.Value, error) {
	c.note("convert")
	if _, ok := v.(error); ok {
		return nil, errors.New("no errors, please")
	}
	return "converted", nil
}

// plainKind and the others make connections of each kind.
func plainKind(c *fakeConn) driver.Conn      { return c }
func ableKind(c *fakeConn) driver.Conn       { return &ableConn{c} }
func skippingKind(c *fakeConn) driver.Conn   { return &skippingConn{&ableConn{c}} }
func oldKind(c *fakeConn) driver.Conn        { return &oldConn{c} }
func convertingKind(c *fakeConn) driver.Conn { return &convertingConn{c} }

// fakeConnector is a connector that must be closed.
type fakeConnector struct {
	*fake
	closed bool
}

func (c *fakeConnector) Connect(context.Context) (driver.Conn, error) { return c.Open("connector") }
func (c *fakeConnector) Driver() driver.Driver                        { return c.fake }
func (c *fakeConnector) Close() error                                 { c.closed = true; return nil }
