package sqldb

import (
	"context"
	"database/sql/driver"
)

// stmt is a prepared statement with a seam before each use.
type stmt struct {
	inner  driver.Stmt
	conn   *conn
	query  string
	passed bool // the seam of its first use was passed before it was prepared
}

var (
	_ driver.StmtExecContext   = (*stmt)(nil)
	_ driver.StmtQueryContext  = (*stmt)(nil)
	_ driver.NamedValueChecker = (*stmt)(nil)
)

// convertingStmt is one of a driver that converts arguments by column. It is a
// type of its own, because database/sql converts by itself where there is none.
type convertingStmt struct {
	*stmt
	converter columnConverter
}

func (s *convertingStmt) ColumnConverter(index int) driver.ValueConverter {
	return s.converter.ColumnConverter(index)
}

func (s *stmt) Close() error  { return s.inner.Close() }
func (s *stmt) NumInput() int { return s.inner.NumInput() }

func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), numbered(args))
}

func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), numbered(args))
}

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.yield(ctx); err != nil {
		return nil, err
	}
	result, err := s.exec(ctx, args)
	s.conn.ran(s.query, err)
	return result, err
}

func (s *stmt) exec(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if inner, ok := s.inner.(driver.StmtExecContext); ok {
		return inner.ExecContext(ctx, args)
	}
	values, err := plain(ctx, args)
	if err != nil {
		return nil, err
	}
	return oldStmt(s.inner).Exec(values)
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.yield(ctx); err != nil {
		return nil, err
	}
	rows, err := s.rows(ctx, args)
	s.conn.ran(s.query, err)
	return rows, err
}

func (s *stmt) rows(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if inner, ok := s.inner.(driver.StmtQueryContext); ok {
		return inner.QueryContext(ctx, args)
	}
	values, err := plain(ctx, args)
	if err != nil {
		return nil, err
	}
	return oldStmt(s.inner).Query(values)
}

func (s *stmt) yield(ctx context.Context) error {
	if s.passed {
		s.passed = false
		return nil
	}
	return s.conn.gate.yield(ctx, verb(s.query))
}

func (s *stmt) CheckNamedValue(value *driver.NamedValue) error {
	if inner, ok := s.inner.(driver.NamedValueChecker); ok {
		return inner.CheckNamedValue(value)
	}
	return s.conn.check(value) // database/sql asks it next
}
