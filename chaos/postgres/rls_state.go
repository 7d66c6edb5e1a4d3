package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// rowSecurity is what decides who sees which rows of a table.
type rowSecurity struct {
	relation
	Enabled  bool
	Forced   bool
	Policies []policy // by name, ours apart
	marked   []string // names of policies that a fault left here
}

// policy is one policy, as it can be created again.
type policy struct {
	Name       string
	Permissive bool
	Command    string // all, select, insert, update, delete
	Roles      string // quoted, joined by commas
	Using      *string
	Check      *string
}

// readRowSecurity reads a table's state, nil if the table is gone. The expressions
// of policies are written with all schemas, so that they mean the same later.
func readRowSecurity(ctx context.Context, tx pgx.Tx, oid uint32) (state *rowSecurity, err error) {
	look, err := tx.Begin(ctx) // a savepoint: the search path ends with it
	if err != nil {
		return nil, err
	}
	if _, err = look.Exec(ctx, `set local search_path = ''`); err == nil {
		state, err = readQualified(ctx, look, oid)
	}
	return state, errors.Join(err, look.Rollback(ctx))
}

func readQualified(ctx context.Context, tx pgx.Tx, oid uint32) (*rowSecurity, error) {
	state := &rowSecurity{}
	err := tx.QueryRow(ctx, `
		select c.oid, format('%I.%I', n.nspname, c.relname), c.relrowsecurity, c.relforcerowsecurity
		from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1`, oid).
		Scan(&state.oid, &state.name, &state.Enabled, &state.Forced)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `
		select polname, polpermissive,
			case polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' else 'delete' end,
			(select string_agg(case r when 0 then 'public' else quote_ident(pg_get_userbyid(r)) end, ', ' order by r) from unnest(polroles) r),
			pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
		from pg_policy where polrelid = $1 order by polname`, oid)
	if err != nil {
		return nil, err
	}
	var p policy
	_, err = pgx.ForEachRow(rows, []any{&p.Name, &p.Permissive, &p.Command, &p.Roles, &p.Using, &p.Check}, func() error {
		if strings.HasPrefix(p.Name, prefix) {
			state.marked = append(state.marked, p.Name)
		} else {
			state.Policies = append(state.Policies, p)
		}
		return nil
	})
	return state, err
}

// restore makes the table's state what it was, whoever changed it meanwhile.
// Policies that the host added since then are its own business and stay.
func (s *rowSecurity) restore(ctx context.Context, tx pgx.Tx) error {
	now, err := readRowSecurity(ctx, tx, s.oid)
	if err != nil || now == nil {
		return err // a table that is gone has nothing to restore
	}
	var statements []string
	for _, name := range now.marked {
		statements = append(statements, now.drop(name))
	}
	for _, was := range s.Policies {
		i := slices.IndexFunc(now.Policies, func(p policy) bool { return p.Name == was.Name })
		if i >= 0 && now.Policies[i].same(was) {
			continue
		}
		if i >= 0 {
			statements = append(statements, now.drop(was.Name))
		}
		statements = append(statements, now.create(was))
	}
	if now.Enabled != s.Enabled {
		statements = append(statements, now.alter("enable", "disable", s.Enabled))
	}
	if now.Forced != s.Forced {
		statements = append(statements, now.alter("force", "no force", s.Forced))
	}
	return perform(ctx, tx, statements...)
}

func perform(ctx context.Context, tx pgx.Tx, statements ...string) error {
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

func (s *rowSecurity) drop(name string) string {
	return fmt.Sprintf(`drop policy if exists %s on %s`, pgx.Identifier{name}.Sanitize(), s.name)
}

func (s *rowSecurity) create(p policy) string {
	kind := "restrictive"
	if p.Permissive {
		kind = "permissive"
	}
	text := fmt.Sprintf(`create policy %s on %s as %s for %s to %s`, pgx.Identifier{p.Name}.Sanitize(), s.name, kind, p.Command, p.Roles)
	if p.Using != nil {
		text += ` using (` + *p.Using + `)`
	}
	if p.Check != nil {
		text += ` with check (` + *p.Check + `)`
	}
	return text
}

func (s *rowSecurity) alter(on, off string, want bool) string {
	if !want {
		on = off
	}
	return fmt.Sprintf(`alter table %s %s row level security`, s.name, on)
}

// same tells whether two policies are equal in all but their expressions'
// addresses.
func (p policy) same(q policy) bool {
	return p.Name == q.Name && p.Permissive == q.Permissive && p.Command == q.Command && p.Roles == q.Roles &&
		equal(p.Using, q.Using) && equal(p.Check, q.Check)
}

func equal(a, b *string) bool {
	return a == b || a != nil && b != nil && *a == *b
}
