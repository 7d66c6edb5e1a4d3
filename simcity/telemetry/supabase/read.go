package supabase

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// Runs lists runs.
func (s *Store) Runs(ctx context.Context, filter telemetry.RunFilter) ([]telemetry.Run, error) {
	query := filters("order", "started_at.desc,id.desc", "limit", strconv.Itoa(telemetry.Limit(filter.Limit)))
	if filter.Scenario != "" {
		query.Set("scenario", "eq."+filter.Scenario)
	}
	if filter.Result != "" {
		query.Set("result", "eq."+filter.Result)
	}
	if filter.Seed != nil {
		query.Set("seed", fmt.Sprint("eq.", int64(*filter.Seed)))
	}
	if !filter.Before.IsZero() {
		query.Set("or", before(filter.Before, filter.BeforeID))
	}
	return s.runs(ctx, query)
}

// before leaves in what comes before a run in the list.
func before(t time.Time, id string) string {
	earlier := fmt.Sprintf(`started_at.lt.%q`, stamp(t))
	if id == "" {
		return "(" + earlier + ")"
	}
	return fmt.Sprintf(`(%s,and(started_at.eq.%q,id.lt.%q))`, earlier, stamp(t), id)
}

func (s *Store) runs(ctx context.Context, query url.Values) ([]telemetry.Run, error) {
	found, err := get[runRow](ctx, s, "simcity_runs", query)
	if err != nil {
		return nil, err
	}
	var all []telemetry.Run
	for i := range found {
		all = append(all, found[i].run())
	}
	return all, nil
}

// Run returns a run.
func (s *Store) Run(ctx context.Context, id string) (telemetry.Run, error) {
	found, err := s.runs(ctx, filters("id", "eq."+id))
	switch {
	case isBadUUID(err), err == nil && len(found) == 0:
		return telemetry.Run{}, telemetry.NoRun(id)
	case err != nil:
		return telemetry.Run{}, err
	}
	return found[0], nil
}

// Live returns a run's live row.
func (s *Store) Live(ctx context.Context, id string) (telemetry.Live, error) {
	live := telemetry.Live{RunID: id, LastEventIndex: -1}
	found, err := get[liveRow](ctx, s, "simcity_run_live", filters("run_id", "eq."+id))
	if isBadUUID(err) || err == nil && len(found) == 0 {
		return live, s.known(ctx, id)
	}
	if err != nil {
		return live, err
	}
	row := &found[0]
	live.Status, live.LastEventIndex, live.HeartbeatAt = row.Status, row.LastEventIndex, telemetry.Micro(row.HeartbeatAt)
	live.Metrics, live.Message = document(row.Metrics), given(row.Message)
	return live, nil
}

// page asks for rows of a run from an event on.
func page(id string, from int64, limit int) url.Values {
	return filters("run_id", "eq."+id, "event_index", fmt.Sprint("gte.", max(from, 0)), "order", "event_index", "limit", strconv.Itoa(telemetry.Limit(limit)))
}

// indexMax is what the column event_index holds.
const indexMax = 1<<31 - 1

// Events lists events.
func (s *Store) Events(ctx context.Context, id string, from int64, limit int) ([]telemetry.Event, error) {
	var all []telemetry.Event
	if from <= indexMax {
		found, err := get[eventRow](ctx, s, "simcity_run_events", page(id, from, limit))
		if err != nil && !isBadUUID(err) {
			return nil, err
		}
		for i := range found {
			all = append(all, found[i].event())
		}
	}
	if len(all) == 0 {
		return nil, s.known(ctx, id)
	}
	return all, nil
}

// Snapshots lists snapshots.
func (s *Store) Snapshots(ctx context.Context, id string, from int64, limit int) ([]telemetry.Snapshot, error) {
	var all []telemetry.Snapshot
	if from <= indexMax {
		found, err := get[snapshotRow](ctx, s, "simcity_run_snapshots", page(id, from, limit))
		if err != nil && !isBadUUID(err) {
			return nil, err
		}
		for _, row := range found {
			all = append(all, telemetry.Snapshot{Index: row.Index, Metrics: row.Metrics, State: row.State, CreatedAt: telemetry.Micro(row.CreatedAt)})
		}
	}
	if len(all) == 0 {
		return nil, s.known(ctx, id)
	}
	return all, nil
}
