package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// schema is where everything lives that faults create in a database, apart from
// triggers and policies, which live on their tables: those begin with its prefix.
const (
	schema = "simcity_chaos"
	prefix = "simcity_"
)

// objectsMax is how many faults of one kind a database holds at once.
const objectsMax = 1000

// create makes the schema if need be and returns a name in it that is free,
// without the schema: kind and the lowest number that nobody has.
func create(ctx context.Context, tx pgx.Tx, kind string) (string, error) {
	if _, err := tx.Exec(ctx, `create schema if not exists `+schema); err != nil {
		return "", err
	}
	var name string
	err := tx.QueryRow(ctx, `
		select format('%s_%s', $1::text, n) from generate_series(1, $2::int) n
		where to_regclass(format('%I.%I', $3::text, format('%s_%s', $1::text, n))) is null
		order by n limit 1`, kind, objectsMax, schema).Scan(&name)
	if err != nil {
		return "", fmt.Errorf("no name is free for %s in schema %s: %w", kind, schema, err)
	}
	_, err = tx.Exec(ctx, `create sequence `+schema+`.`+name)
	return name, err
}

// passed is how often the sequence of that name was drawn from. Draws outlive
// the transactions that a fault makes fail.
func passed(ctx context.Context, tx pgx.Tx, name string) (int64, error) {
	var exists bool
	if err := tx.QueryRow(ctx, `select to_regclass($1) is not null`, schema+"."+name).Scan(&exists); err != nil || !exists {
		return 0, err
	}
	var n int64
	err := tx.QueryRow(ctx, `select case when is_called then last_value else 0 end from `+schema+`.`+name).Scan(&n)
	return n, err
}

// remove drops the function and the sequence of that name with all that hangs on
// them, and the schema if it is empty then.
func remove(ctx context.Context, tx pgx.Tx, name string) error {
	for _, statement := range []string{
		`drop function if exists ` + schema + `.` + name + ` cascade`,
		`drop sequence if exists ` + schema + `.` + name,
	} {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	var empty bool
	err := tx.QueryRow(ctx, `
		select exists (select from pg_namespace where nspname = $1)
			and not exists (select from pg_class where relnamespace = to_regnamespace($1))
			and not exists (select from pg_proc where pronamespace = to_regnamespace($1))`, schema).Scan(&empty)
	if err == nil && empty {
		_, err = tx.Exec(ctx, `drop schema `+schema)
	}
	return err
}
