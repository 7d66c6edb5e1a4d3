package pgstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Bug names a planted fault of the store.
type Bug string

// The planted bugs.
const (
	BugNoExclusion      Bug = "no_exclusion"
	BugLostUpdate       Bug = "lost_update"
	BugSecondConnection Bug = "second_connection"
	BugMissingRLS       Bug = "missing_rls"
	BugRefreshDies      Bug = "refresh_dies"
	BugGuardSleeps      Bug = "guard_sleeps"
)

// described lists the bugs with what each does, and what Open changes in the
// schema for it. Migrate takes that back.
var described = []struct {
	bug    Bug
	text   string
	schema string
}{
	{BugNoExclusion, "updates are READ COMMITTED and nothing in the database keeps exclusive bookings apart",
		`alter table public.bookings drop constraint if exists bookings_exclusive`},
	{BugLostUpdate, "the uses of a promo code are read in the transaction and written back, one more, after it", ""},
	{BugSecondConnection, "reading a party's entries takes a second connection while the transaction keeps the first", ""},
	{BugMissingRLS, "bookings have no row-level security and the guard does not know that they should",
		`alter table public.bookings disable row level security;
		 delete from public.policy_intent where "table" = 'bookings' and thing = 'row level security'`},
	{BugRefreshDies, "from the third refresh on the listings stay as they are and no error is reported", ""},
	{BugGuardSleeps, "the guard finds nothing, whatever there is", ""},
}

// Bugs lists the planted bugs.
func Bugs() []Bug {
	bugs := make([]Bug, len(described))
	for i, d := range described {
		bugs[i] = d.bug
	}
	return bugs
}

// Text says in one line what the bug does; it is empty for no known bug.
func (b Bug) Text() string {
	for _, d := range described {
		if d.bug == b {
			return d.text
		}
	}
	return ""
}

// plant makes the changes to the schema that bugs need.
func (s *Store) plant(ctx context.Context, bugs []Bug) error {
	for _, b := range bugs {
		if b.Text() == "" {
			return fmt.Errorf("pgstore: Config.Bugs names %q; known are %v", b, Bugs())
		}
		s.bugs[b] = true
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, d := range described {
			if d.schema == "" || !slices.Contains(bugs, d.bug) {
				continue
			}
			if _, err := tx.Exec(ctx, d.schema); err != nil {
				return fmt.Errorf("pgstore: planting %s: %w", d.bug, err)
			}
		}
		return nil
	})
}

// has tells whether a planted bug is switched on.
func (s *Store) has(b Bug) bool { return s.bugs[b] }
