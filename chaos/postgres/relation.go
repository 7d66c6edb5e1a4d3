package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// relation is a table or a materialized view.
type relation struct {
	oid  uint32
	name string // with its schema, quoted where it must be
}

// The kinds of relations, as pg_class tells them.
const (
	tables = "rp"
	views  = "m"
)

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// find looks a relation up by name, with or without its schema.
func find(ctx context.Context, q querier, kinds, name string) (relation, error) {
	var found relation
	err := q.QueryRow(ctx, `
		select c.oid, format('%I.%I', n.nspname, c.relname)
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.oid = to_regclass($1) and position(c.relkind::text in $2) > 0`, name, kinds).Scan(&found.oid, &found.name)
	if !errors.Is(err, pgx.ErrNoRows) {
		return found, err
	}
	known, err := list(ctx, q, kinds)
	if err != nil {
		return found, err
	}
	what := "table"
	if kinds == views {
		what = "materialized view"
	}
	if len(known) == 0 {
		return found, fmt.Errorf("%s %q is unknown: the database has none", what, name)
	}
	return found, fmt.Errorf("%s %q is unknown: the database has %s", what, name, strings.Join(known, ", "))
}

// listMax is how many relations an error names.
const listMax = 50

// list names the host's relations of these kinds.
func list(ctx context.Context, q querier, kinds string) ([]string, error) {
	return rowsOf[string](ctx, q, `
		select format('%I.%I', n.nspname, c.relname)
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where position(c.relkind::text in $1) > 0 and not c.relispartition
			and n.nspname !~ '^(pg_|information_schema$|simcity_)'
		order by 1 limit $2`, kinds, listMax)
}

// rowsOf reads a query of one column.
func rowsOf[T any](ctx context.Context, q querier, sql string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}

// allowed reports whether our role may do what the expression tells.
func allowed(ctx context.Context, q querier, expression, why string, args ...any) error {
	var may bool
	var role string
	if err := q.QueryRow(ctx, `select coalesce((`+expression+`), false), current_user`, args...).Scan(&may, &role); err != nil {
		return err
	}
	if !may {
		return fmt.Errorf("role %q %s: set Database.Admin to the connection string of one that may", role, why)
	}
	return nil
}

// The conditions on our role that several faults share.
const (
	isSuperuser  = `select rolsuper from pg_roles where rolname = current_user`
	mayCreate    = `has_database_privilege(current_database(), 'create')`
	mayCreateWhy = "may not create a schema in this database"
	ownsTable    = `select pg_has_role(relowner, 'usage') from pg_class where oid = $1`
)
