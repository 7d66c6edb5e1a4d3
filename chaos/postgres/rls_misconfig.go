package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// The ways in which [RLSMisconfig] breaks row-level security; the names are the
// runbook's.
const (
	// AdminAccess adds a policy that lets every signed-in user do everything, as
	// one does that was meant for administrators and names the wrong role.
	AdminAccess = chaos.AdminAccess
	// PermissivePolicy adds a policy that lets everybody read every row, as one
	// does that was meant for a public column or for a test.
	PermissivePolicy = chaos.PermissivePolicy
	// DisabledTable switches row-level security off, as a migration does that
	// forgot to switch it on again.
	DisabledTable = chaos.DisabledTable
)

// RLSMisconfig breaks the row-level security of tables for real. When it ends,
// their exact state is restored, even if the host's own watchdog has restored a
// part of it or dropped the fault's policy. It touches the rows that it laid
// open: those that a signed-in user who is nobody sees more than before.
type RLSMisconfig struct {
	// Tables are laid open, with or without their schema. Required.
	Tables []string `json:"tables" required:"true" doc:"the tables to lay open"`
	// Type is admin_access, the default, permissive_policy or disabled_table.
	Type string `json:"misconfigType" default:"admin_access" oneof:"admin_access permissive_policy disabled_table" doc:"how they are laid open"`
	// Role is that of signed-in users. Default authenticated, as in Supabase.
	Role string `json:"role" default:"authenticated" doc:"the role of signed-in users"`
	// Database is where. Default: the one that the host offers.
	Database Database `json:"-"`
}

// Fault is the fault RLS_MISCONFIG.
func (r RLSMisconfig) Fault() simcity.Fault {
	fault := r.declare()
	fault.Ready = func(w *simcity.World) error {
		db, err := r.Database.in(w)
		if err != nil {
			return err
		}
		return db.change(r.ready)
	}
	fault.Inject = func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		db, err := r.Database.in(w)
		if err != nil {
			return nil, err
		}
		restore, rows, err := r.lay(db)
		touched.Add(rows)
		return restore, err
	}
	return fault
}

// declare gives the fault its defaults and says what cannot work.
func (r *RLSMisconfig) declare() simcity.Fault { return chaos.Declare("RLS_MISCONFIG", r) }

// RLSHook is the same fault as a function, for hosts that are asked to break
// their own row-level security. kind is a Type of [RLSMisconfig]; rows are those
// laid open. restore may be called again after an error, and does nothing once it
// succeeded.
func RLSHook(db Database, tables ...string) func(ctx context.Context, kind string) (restore func(context.Context) error, rows int64, err error) {
	return func(_ context.Context, kind string) (func(context.Context) error, int64, error) {
		r := RLSMisconfig{Tables: tables, Type: kind}
		if err := r.declare().Err; err != nil {
			return nil, 0, err
		}
		return r.lay(db)
	}
}

// ready looks whether the tables can be laid open. It changes nothing.
func (r RLSMisconfig) ready(ctx context.Context, tx pgx.Tx) error {
	var known bool
	if err := tx.QueryRow(ctx, `select to_regrole(quote_ident($1)) is not null`, r.Role).Scan(&known); err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("role %q is unknown: set Role to that of signed-in users", r.Role)
	}
	if err := allowed(ctx, tx, `pg_has_role($1::text, 'member')`, "may not become "+r.Role+" to count what such users see", r.Role); err != nil {
		return err
	}
	_, err := r.states(ctx, tx)
	return err
}

// states reads what the tables are, and refuses those that have nothing to lay
// open.
func (r RLSMisconfig) states(ctx context.Context, tx pgx.Tx) ([]*rowSecurity, error) {
	var states []*rowSecurity
	for _, name := range r.Tables {
		table, err := find(ctx, tx, tables, name)
		if err != nil {
			return nil, err
		}
		if err := allowed(ctx, tx, ownsTable, "does not own "+table.name+", and only an owner may change its policies", table.oid); err != nil {
			return nil, err
		}
		state, err := readRowSecurity(ctx, tx, table.oid)
		switch {
		case err != nil:
			return nil, err
		case state == nil:
			return nil, fmt.Errorf("table %s was dropped meanwhile", table.name)
		case len(state.marked) > 0:
			return nil, fmt.Errorf("table %s is laid open already, by %s", table.name, strings.Join(state.marked, ", "))
		case !state.Enabled:
			return nil, fmt.Errorf("table %s has no row-level security: nothing is left to break", table.name)
		}
		states = append(states, state)
	}
	return states, nil
}

// lay lays the tables open, all or none, and counts the rows.
func (r RLSMisconfig) lay(db Database) (restore func(context.Context) error, rows int64, err error) {
	var states []*rowSecurity
	err = db.change(func(ctx context.Context, tx pgx.Tx) error {
		if states, err = r.states(ctx, tx); err != nil {
			return err
		}
		for _, state := range states {
			before, err := r.visible(ctx, tx, state)
			if err == nil {
				err = perform(ctx, tx, r.breaks(state))
			}
			if err != nil {
				return err
			}
			after, err := r.visible(ctx, tx, state)
			if err != nil {
				return err
			}
			rows += max(after-before, 0)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return undoing(func() error {
		return db.change(func(ctx context.Context, tx pgx.Tx) error {
			for _, state := range states {
				if err := state.restore(ctx, tx); err != nil {
					return err
				}
			}
			return nil
		})
	}), rows, nil
}

// breaks is the statement that lays a table open.
func (r RLSMisconfig) breaks(state *rowSecurity) string {
	everything := "true"
	open := policy{Name: prefix + r.Type, Permissive: true, Using: &everything}
	switch r.Type {
	case AdminAccess:
		open.Command, open.Check = "all", &everything
		open.Roles = pgx.Identifier{r.Role}.Sanitize()
	case PermissivePolicy:
		open.Command, open.Roles = "select", "public"
	default:
		return state.alter("enable", "disable", false)
	}
	return state.create(open)
}

// nobody is who looks at the rows: signed in, and known to no policy.
const nobody = "00000000-0000-0000-0000-000000000000"

// visible counts the rows of a table that nobody sees. Where that is refused, or
// a policy cannot judge nobody, it is none.
func (r RLSMisconfig) visible(ctx context.Context, tx pgx.Tx, state *rowSecurity) (rows int64, err error) {
	look, err := tx.Begin(ctx) // a savepoint: role and claims end with it
	if err != nil {
		return 0, err
	}
	claims := fmt.Sprintf(`{"sub": %q, "role": %q}`, nobody, r.Role)
	_, err = look.Exec(ctx, `
		select set_config('role', $1, true), set_config('request.jwt.claims', $2, true),
			set_config('request.jwt.claim.sub', $3, true), set_config('request.jwt.claim.role', $1, true)`, r.Role, claims, nobody)
	if err != nil {
		return 0, errors.Join(err, look.Rollback(ctx))
	}
	refused := look.QueryRow(ctx, `select count(*) from `+state.name).Scan(&rows)
	if refused != nil {
		rows = 0
	}
	return rows, look.Rollback(ctx)
}
