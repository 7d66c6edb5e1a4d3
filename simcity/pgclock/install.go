package pgclock

import (
	"context"
	_ "embed" // the functions that tell the time
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

var (
	//go:embed install.sql
	installSQL string
	//go:embed remove.sql
	removeSQL string
)

// Install makes the time of one database settable, per session: it replaces the
// functions of the database's own pg_catalog that tell the time, which takes a
// superuser. Until somebody sets the time they answer as before, so other
// clients notice nothing; it is meant for databases that are thrown away all the
// same. [Remove] undoes it.
//
// Column defaults and functions that are there already and use keywords such as
// CURRENT_TIMESTAMP are made to call the functions instead. What else uses one,
// a view or a policy say, cannot be changed in place: Install then changes
// nothing and names it. Calling it before the migrations, which then run on a
// connection of [Follow], covers these as well.
func Install(ctx context.Context, conn *pgx.Conn) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := apply(ctx, tx, installSQL); err != nil {
			return err
		}
		if err := rebind(ctx, tx, defaults); err != nil {
			return err
		}
		if err := rebind(ctx, tx, functions); err != nil {
			return err
		}
		return leftOver(ctx, tx)
	})
}

// Remove gives a database the functions that Postgres came with.
func Remove(ctx context.Context, conn *pgx.Conn) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return apply(ctx, tx, removeSQL) })
}

func apply(ctx context.Context, tx pgx.Tx, sql string) error {
	var super bool
	var who string
	if err := tx.QueryRow(ctx, "select rolsuper, current_user from pg_roles where rolname = current_user").Scan(&super, &who); err != nil {
		return fmt.Errorf("pgclock: %w", err)
	}
	if !super {
		return fmt.Errorf("pgclock: %s is no superuser, and only one may replace functions of pg_catalog: connect as the owner of a throwaway server", who)
	}
	if _, err := tx.Exec(ctx, sql); err != nil {
		return fmt.Errorf("pgclock: %w", err)
	}
	return nil
}

// ours tells the schemas of a host from the system's.
const ours = "nspname !~ '^pg_' and nspname <> 'information_schema'"

// defaults are the column defaults, each with the statement that sets it, before
// the expression itself.
const defaults = `
	select format('alter table %s alter column %I set default ', attrelid::regclass, attname), pg_get_expr(adbin, adrelid)
	from pg_attrdef
	join pg_attribute on attrelid = adrelid and attnum = adnum and attgenerated = ''
	join pg_class on pg_class.oid = attrelid and relkind in ('r', 'p', 'f')
	join pg_namespace n on n.oid = relnamespace
	where ` + ours

// functions are the host's own, as the statements that create them.
const functions = `
	select '', pg_get_functiondef(p.oid)
	from pg_proc p join pg_namespace n on n.oid = pronamespace join pg_language l on l.oid = prolang
	where prokind in ('f', 'p') and lanname in ('sql', 'plpgsql') and ` + ours

// rebind says each statement again whose keywords become calls.
func rebind(ctx context.Context, tx pgx.Tx, query string) error {
	changed, err := keywordUsers(ctx, tx, query)
	if err != nil {
		return err
	}
	for _, user := range changed {
		if _, err := tx.Exec(ctx, user.what+calling(user.text)); err != nil {
			return fmt.Errorf("pgclock: %s: %w", strings.TrimSpace(user.what), err)
		}
	}
	return nil
}

// others are the places that cannot be changed by saying them again.
const others = `
	select format('view %s', c.oid::regclass), pg_get_viewdef(c.oid)
	from pg_class c join pg_namespace n on n.oid = relnamespace where relkind in ('v', 'm') and ` + ours + `
	union all
	select format('policy %I of %s', polname, polrelid::regclass), concat_ws(' ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
	from pg_policy
	union all
	select format('constraint %I', conname), pg_get_constraintdef(c.oid)
	from pg_constraint c join pg_namespace n on n.oid = connamespace where contype = 'c' and ` + ours + `
	union all
	select format('trigger %I of %s', tgname, tgrelid::regclass), pg_get_triggerdef(oid)
	from pg_trigger where not tgisinternal`

// leftOver is the error that names them.
func leftOver(ctx context.Context, tx pgx.Tx) error {
	users, err := keywordUsers(ctx, tx, others)
	var all []error
	for _, user := range users {
		all = append(all, fmt.Errorf("pgclock: %s uses a keyword such as CURRENT_TIMESTAMP, which keeps real time: write now(), or create it on a connection of pgclock.Follow after pgclock.Install", user.what))
	}
	return errors.Join(append(all, err)...)
}

// keywordUser is a text of SQL inside the database that uses a keyword.
type keywordUser struct{ what, text string }

func keywordUsers(ctx context.Context, tx pgx.Tx, query string) ([]keywordUser, error) {
	rows, err := tx.Query(ctx, query+" order by 1, 2")
	if err != nil {
		return nil, fmt.Errorf("pgclock: %w", err)
	}
	var users []keywordUser
	var user keywordUser
	_, err = pgx.ForEachRow(rows, []any{&user.what, &user.text}, func() error {
		if calling(user.text) != user.text {
			users = append(users, user)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pgclock: %w", err)
	}
	return users, nil
}
