package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/examples/booking/pgstore"
	"github.com/bookiji/simcity/internal/pgtest"
)

var schema = pgtest.Template{Setup: []pgtest.Setup{
	pgtest.Supabase,
	func(ctx context.Context, conn *pgx.Conn) error { return pgstore.Migrate(ctx, conn) },
}}

// database is one that a marketplace works on, looked at from outside.
type database struct {
	*testing.T
	dsn    string
	conn   *pgx.Conn
	before *postgres.State
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	d := &database{T: t, dsn: schema.Database(t)}
	var err error
	d.conn, err = pgx.Connect(t.Context(), d.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.conn.Close(context.Background()) })
	d.before, err = postgres.Snapshot(t.Context(), d.conn)
	require.NoError(t, err)
	return d
}

// leftBehind tells what a fault has made of row-level security, nil for nothing.
func (d *database) leftBehind() error { return postgres.LeftBehind(d.Context(), d.conn, d.before) }

// rowsLeft names the tables of the database that have rows, but for those that the
// schema itself fills.
func (d *database) rowsLeft() []string {
	d.Helper()
	rows, err := d.conn.Query(d.Context(), `select c.relname::text from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
		and c.relname not in ('refreshes', 'policy_intent') order by 1`)
	require.NoError(d, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(d, err)
	require.Contains(d, tables, "bookings")
	var left []string
	for _, table := range tables {
		var n int
		require.NoError(d, d.conn.QueryRow(d.Context(), "select count(*) from public."+pgx.Identifier{table}.Sanitize()).Scan(&n))
		if n > 0 {
			left = append(left, fmt.Sprintf("%s %d", table, n))
		}
	}
	return left
}
