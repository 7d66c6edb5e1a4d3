package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *conn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if err := c.gate.yield(ctx, "begin"); err != nil {
		return nil, err
	}
	inner, err := c.begin(ctx, options)
	if err != nil {
		return nil, err
	}
	c.transaction(true)
	return &tx{inner: inner, conn: c, ctx: ctx}, nil
}

func (c *conn) begin(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if inner, ok := c.inner.(driver.ConnBeginTx); ok {
		return inner.BeginTx(ctx, options)
	}
	if options.Isolation != driver.IsolationLevel(sql.LevelDefault) {
		return nil, errors.New("sqldb: the driver does not support non-default isolation levels")
	}
	if options.ReadOnly {
		return nil, errors.New("sqldb: the driver does not support read-only transactions")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	inner, err := oldBeginner(c.inner).Begin()
	if err == nil && ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), inner.Rollback())
	}
	return inner, err
}

// tx is a transaction whose end is known to the gate.
type tx struct {
	inner driver.Tx
	conn  *conn
	ctx   context.Context // of its begin: commit has none of its own
}

func (t *tx) Commit() error {
	if t.conn.gate.inTransactions {
		if err := t.conn.gate.yield(t.ctx, "commit"); err != nil {
			return errors.Join(err, t.Rollback())
		}
	}
	err := t.inner.Commit()
	t.conn.transaction(false)
	return err
}

// Rollback has no seam: it also cleans up after a failed one.
func (t *tx) Rollback() error {
	err := t.inner.Rollback()
	t.conn.transaction(false)
	return err
}
