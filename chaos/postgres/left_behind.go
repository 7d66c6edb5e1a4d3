package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A State is the row-level security of all tables at one moment, for
// [LeftBehind] to compare with.
type State struct{ tables []*rowSecurity }

// Snapshot reads the state of a database.
func Snapshot(ctx context.Context, conn *pgx.Conn) (*State, error) {
	state := &State{}
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		oids, err := rowsOf[uint32](ctx, tx, `
			select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema$|simcity_)'
			order by n.nspname, c.relname`)
		if err != nil {
			return err
		}
		for _, oid := range oids {
			table, err := readRowSecurity(ctx, tx, oid)
			if err != nil {
				return err
			}
			if table != nil {
				state.tables = append(state.tables, table)
			}
		}
		return nil
	})
	return state, err
}

// LeftBehind names everything in a database that faults made and did not take
// away again: policies, triggers, event triggers, whatever lives in their schema,
// and locks that they still hold. With a state from before the faults it also
// names the tables whose row-level security is not what it was; before may be
// nil. It returns nil where nothing is left.
func LeftBehind(ctx context.Context, conn *pgx.Conn, before *State) error {
	left, err := rowsOf[string](ctx, conn, marks, prefix, schema, applicationName)
	if err != nil {
		return err
	}
	if before != nil {
		now, err := Snapshot(ctx, conn)
		if err != nil {
			return err
		}
		left = append(left, before.differences(now)...)
	}
	if len(left) == 0 {
		return nil
	}
	return fmt.Errorf("faults left %d things behind: %s", len(left), strings.Join(left, "; "))
}

// marks lists what bears the faults' mark.
const marks = `
	select 'policy ' || polname || ' on ' || polrelid::regclass as mark from pg_policy where starts_with(polname, $1)
	union all
	select 'trigger ' || tgname || ' on ' || tgrelid::regclass from pg_trigger where starts_with(tgname, $1)
	union all
	select 'event trigger ' || evtname from pg_event_trigger where starts_with(evtname, $1)
	union all
	select 'schema ' || nspname from pg_namespace where nspname = $2
	union all
	select 'function ' || oid::regprocedure from pg_proc where pronamespace = to_regnamespace($2)
	union all
	select 'sequence ' || oid::regclass from pg_class where relnamespace = to_regnamespace($2)
	union all
	select 'lock on ' || l.relation::regclass
	from pg_locks l join pg_stat_activity a using (pid)
	where a.application_name = $3 and l.granted and l.locktype = 'relation' and l.relation >= 16384 and pid <> pg_backend_pid()
		and l.database = (select oid from pg_database where datname = current_database())
	order by 1`

// differences names the tables of before that are not the same now.
func (s *State) differences(now *State) []string {
	var all []string
	for _, was := range s.tables {
		i := slices.IndexFunc(now.tables, func(t *rowSecurity) bool { return t.oid == was.oid })
		if i < 0 {
			continue // dropping a table is the host's own doing
		}
		if is := now.tables[i]; is.Enabled != was.Enabled || is.Forced != was.Forced {
			all = append(all, fmt.Sprintf("row-level security of %s is enabled=%t forced=%t, was enabled=%t forced=%t", was.name, is.Enabled, is.Forced, was.Enabled, was.Forced))
		}
		for _, p := range was.Policies {
			if !slices.ContainsFunc(now.tables[i].Policies, p.same) {
				all = append(all, fmt.Sprintf("policy %s on %s is not what it was", p.Name, was.name))
			}
		}
	}
	return all
}
