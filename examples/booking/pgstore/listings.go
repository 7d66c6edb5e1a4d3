package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// RefreshListings implements [booking.Store]. Readers go on meanwhile. It fails
// when the listings stay locked for longer than Config.LockTimeout.
func (s *Store) RefreshListings(ctx context.Context) error {
	if s.has(BugRefreshDies) && s.refreshes.Add(1) > 2 {
		return nil
	}
	err := pgx.BeginTxFunc(ctx, s.pool, s.asOwner(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `refresh materialized view concurrently public.listings`); err != nil {
			return err
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
