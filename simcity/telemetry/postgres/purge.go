package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// doomed are the runs that a policy takes, locked so that none of them gets rows
// between being counted and being deleted.
const doomed = `SELECT r.id::text FROM simcity_runs r LEFT JOIN simcity_run_live l ON l.run_id = r.id
	WHERE $1::boolean OR coalesce(r.ended_at, greatest(r.started_at, l.last_heartbeat_at)) < $2::timestamptz ORDER BY r.id`

// Purge deletes runs, in one transaction. What that frees is Postgres' to use:
// autovacuum sees to it.
func (s *Store) Purge(ctx context.Context, policy telemetry.PurgePolicy) (telemetry.Purged, error) {
	var purged telemetry.Purged
	if err := policy.Validate(); err != nil {
		return purged, err
	}
	if err := s.fits(ctx); err != nil {
		return purged, s.explain(ctx, err)
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		lock := " FOR UPDATE OF r"
		if policy.DryRun {
			lock = ""
		}
		found, err := tx.Query(ctx, doomed+lock, policy.Synthetic, moment(policy.Before))
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(found, pgx.RowTo[string])
		if err != nil || len(ids) == 0 {
			return err
		}
		purged.Runs = ids
		err = tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM simcity_run_events WHERE run_id = ANY ($1::text[]::uuid[])),
			(SELECT count(*) FROM simcity_run_snapshots WHERE run_id = ANY ($1::text[]::uuid[]))`, ids).Scan(&purged.Events, &purged.Snapshots)
		if err != nil || policy.DryRun {
			return err
		}
		_, err = tx.Exec(ctx, "DELETE FROM simcity_runs WHERE id = ANY ($1::text[]::uuid[])", ids) // its rows go with it
		return err
	})
	if err != nil {
		return telemetry.Purged{}, s.explain(ctx, err)
	}
	return purged, nil
}
