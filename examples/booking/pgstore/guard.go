package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// deviation is one thing on which the protection of rows rests and that is not
// as Migrate made it.
type deviation struct {
	Table, Thing string
	Make         *string // nil for what must not be
	Remove       *string // nil where making is enough
	Found        bool
}

// deviations compares what is with what was meant.
const deviations = `
	select coalesce(i."table", s."table") as "table", coalesce(i.thing, s.thing) as thing,
	       i.make, s.remove, s.thing is not null as found
	  from public.policy_intent i full join public.policy_state s on i."table" = s."table" and i.thing = s.thing
	 where i.make is distinct from s.make or i.make is null
	 order by 1, 2`

// GuardPolicies implements [booking.Store]. It compares policies, row security
// and grants of the protected tables, the functions that policies call and the
// rights of the roles with what Migrate made.
func (s *Store) GuardPolicies(ctx context.Context) (restored int, err error) {
	if s.has(BugGuardSleeps) {
		return 0, nil
	}
	err = pgx.BeginTxFunc(ctx, s.pool, s.asOwner(), func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, deviations)
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[deviation])
		if err != nil {
			return err
		}
		for _, d := range found {
			if err := d.restore(ctx, tx); err != nil {
				return fmt.Errorf("%s on %s: %w", d.Thing, d.Table, err)
			}
		}
		restored = len(found)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("pgstore: guarding policies: %w", err)
	}
	if restored > 0 {
		// A plan that was made while a role could pass policies by is used
		// on after it no longer may: the connections that keep one must go.
		s.pool.Reset()
	}
	return restored, nil
}

func (d deviation) restore(ctx context.Context, tx pgx.Tx) error {
	for _, statement := range []*string{d.Remove, d.Make} {
		if statement == nil {
			continue
		}
		if _, err := tx.Exec(ctx, *statement); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `insert into public.audit (at, "table", detail) values ($1, $2, $3)`, time.Now(), d.Table, d.detail())
	return err
}

func (d deviation) detail() string {
	switch {
	case d.Make == nil:
		return d.Thing + " was unknown: removed"
	case d.Found:
		return d.Thing + " was changed: restored"
	default:
		return d.Thing + " was missing: restored"
	}
}
