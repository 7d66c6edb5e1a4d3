package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// stale tells whether the listings show anything else than the vendors. Looking
// costs a fraction of a refresh, which writes a table even if nothing changed.
const stale = `select exists (table public.vendors except table public.listings)
	or (select count(*) from public.vendors) <> (select count(*) from public.listings)`

// RefreshListings implements [booking.Store]. Readers go on meanwhile. It fails
// when the listings stay locked for longer than Config.LockTimeout.
func (s *Store) RefreshListings(ctx context.Context) error {
	if s.has(BugRefreshDies) && s.refreshes.Add(1) > 2 {
		return nil
	}
	err := pgx.BeginTxFunc(ctx, s.pool, s.asOwner(), func(tx pgx.Tx) error {
		var needed bool
		if err := tx.QueryRow(ctx, stale).Scan(&needed); err != nil {
			return err
		}
		if needed {
			if _, err := tx.Exec(ctx, `refresh materialized view concurrently public.listings`); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `insert into public.refreshes values ('listings', $1)
			on conflict (view) do update set at = excluded.at`, time.Now())
		return err
	})
	if err != nil {
		return fmt.Errorf("pgstore: refreshing listings: %w", err)
	}
	return nil
}
