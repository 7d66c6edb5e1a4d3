package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
)

// What drivers can do that are older than contexts. database/sql still serves
// them, under names that it calls deprecated, so the shapes are written down
// here.
type (
	oldExecer interface {
		Exec(query string, args []driver.Value) (driver.Result, error)
	}
	oldQueryer interface {
		Query(query string, args []driver.Value) (driver.Rows, error)
	}
	oldBeginner interface {
		Begin() (driver.Tx, error)
	}
	oldStmt interface {
		Exec(args []driver.Value) (driver.Result, error)
		Query(args []driver.Value) (driver.Rows, error)
	}
	columnConverter interface {
		ColumnConverter(index int) driver.ValueConverter
	}
)

// Every driver has these, old or new.
var (
	_ oldBeginner = driver.Conn(nil)
	_ oldStmt     = driver.Stmt(nil)
)

// plain makes arguments what drivers without contexts take.
func plain(ctx context.Context, args []driver.NamedValue) ([]driver.Value, error) {
	values := make([]driver.Value, len(args))
	for i, arg := range args {
		if arg.Name != "" {
			return nil, errors.New("sqldb: the driver does not support named parameters")
		}
		values[i] = arg.Value
	}
	return values, ctx.Err()
}

// numbered makes plain arguments what drivers with contexts take.
func numbered(args []driver.Value) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	return values
}
