package supabase

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// Purge deletes runs, one request each, whose rows go with it in one transaction.
// When it fails in the middle, the runs before are gone, and the next purge takes
// the others; what it returns beside the error is what it had deleted.
func (s *Store) Purge(ctx context.Context, policy telemetry.PurgePolicy) (telemetry.Purged, error) {
	var purged telemetry.Purged
	if err := policy.Validate(); err != nil {
		return purged, err
	}
	if err := s.fits(ctx); err != nil {
		return purged, err
	}
	ids, err := s.doomed(ctx, policy)
	if err != nil {
		return purged, err
	}
	for _, id := range ids {
		events, err := s.count(ctx, "simcity_run_events", id)
		if err != nil {
			return purged, err
		}
		snapshots, err := s.count(ctx, "simcity_run_snapshots", id)
		if err != nil {
			return purged, err
		}
		if !policy.DryRun {
			if _, err := s.do(ctx, call{method: http.MethodDelete, table: "simcity_runs", query: filters("id", "eq."+id), prefer: "return=minimal"}); err != nil {
				return purged, err
			}
		}
		purged.Runs = append(purged.Runs, id)
		purged.Events += events
		purged.Snapshots += snapshots
	}
	return purged, nil
}

// doomed are the runs that a policy takes, in the order of their IDs.
func (s *Store) doomed(ctx context.Context, policy telemetry.PurgePolicy) ([]string, error) {
	var ids []string
	query := filters("select", "id,started_at,ended_at", "order", "id", "limit", strconv.Itoa(telemetry.LimitMax))
	if !policy.Synthetic {
		query.Set("started_at", "lt."+stamp(policy.Before))
	}
	for {
		found, err := get[struct {
			ID        string     `json:"id"`
			StartedAt time.Time  `json:"started_at"`
			EndedAt   *time.Time `json:"ended_at"`
		}](ctx, s, "simcity_runs", query)
		if err != nil || len(found) == 0 {
			return ids, err
		}
		for _, run := range found {
			last := run.StartedAt
			switch {
			case policy.Synthetic:
			case run.EndedAt != nil:
				last = *run.EndedAt
			default:
				live, err := s.Live(ctx, run.ID)
				if err != nil {
					return nil, err
				}
				if live.HeartbeatAt.After(last) {
					last = live.HeartbeatAt
				}
			}
			if policy.Takes(last) {
				ids = append(ids, run.ID)
			}
		}
		query.Set("id", "gt."+found[len(found)-1].ID)
	}
}

// count counts a run's rows.
func (s *Store) count(ctx context.Context, table, id string) (int64, error) {
	return s.do(ctx, call{method: http.MethodHead, table: table, query: filters("select", "event_index", "run_id", "eq."+id), prefer: "count=exact"})
}
