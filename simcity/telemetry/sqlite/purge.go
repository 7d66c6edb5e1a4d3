package sqlite

import (
	"context"
	"database/sql"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// Purge deletes runs. The file does not become smaller: SQLite uses the room for
// what comes next.
func (s *Store) Purge(ctx context.Context, policy telemetry.PurgePolicy) (telemetry.Purged, error) {
	var purged telemetry.Purged
	if err := policy.Validate(); err != nil {
		return purged, err
	}
	err := s.change(ctx, func(tx *sql.Tx) error {
		if err := s.fits(ctx, tx); err != nil {
			return err
		}
		ids, err := doomed(ctx, tx, policy)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := purgeRun(ctx, tx, id, policy.DryRun, &purged); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return telemetry.Purged{}, err
	}
	return purged, nil
}

// doomed are the runs that a policy takes.
func doomed(ctx context.Context, tx *sql.Tx, policy telemetry.PurgePolicy) ([]string, error) {
	found, err := tx.QueryContext(ctx, `SELECT r.id FROM simcity_runs r LEFT JOIN simcity_run_live l ON l.run_id = r.id
		WHERE ? OR coalesce(r.ended_at, max(r.started_at, coalesce(l.last_heartbeat_at, ''))) < ? ORDER BY r.id`,
		policy.Synthetic, moment(policy.Before))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var ids []string
	for found.Next() {
		var id string
		if err := found.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, found.Err()
}

func purgeRun(ctx context.Context, tx *sql.Tx, id string, dry bool, purged *telemetry.Purged) error {
	purged.Runs = append(purged.Runs, id)
	for _, table := range []struct {
		name  string
		count *int64
	}{
		{"simcity_run_events", &purged.Events}, {"simcity_run_snapshots", &purged.Snapshots},
	} {
		var n int64
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+table.name+" WHERE run_id = ?", id).Scan(&n); err != nil {
			return err
		}
		*table.count += n
	}
	if dry {
		return nil
	}
	for _, statement := range []string{
		"DELETE FROM simcity_run_events WHERE run_id = ?", "DELETE FROM simcity_run_snapshots WHERE run_id = ?",
		"DELETE FROM simcity_run_live WHERE run_id = ?", "DELETE FROM simcity_runs WHERE id = ?",
	} {
		if _, err := tx.ExecContext(ctx, statement, id); err != nil {
			return err
		}
	}
	return nil
}
