package supabase

import (
	"context"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// BeginRun adds a run, if the schema is the right one.
func (s *Store) BeginRun(ctx context.Context, run telemetry.Run) error {
	if err := s.fits(ctx); err != nil {
		return err
	}
	return s.insert(ctx, "simcity_runs", "id", []beginning{{
		ID: run.ID, Tier: run.Tier, Scenario: run.Scenario, Clock: run.Clock, Seed: int64(run.Seed), Concurrency: run.Concurrency, MaxEvents: run.MaxEvents,
		DurationSeconds: run.DurationSeconds, StartedAt: moment(run.StartedAt), FailEventIndex: run.FailEventIndex, Policies: run.Policies, Commands: run.Commands,
	}})
}

// EndRun ends a run.
func (s *Store) EndRun(ctx context.Context, run telemetry.Run) error {
	changed, err := s.patch(ctx, "simcity_runs", filters("id", "eq."+run.ID, "result", "is.null"), ending{
		DurationSecondsActual: run.DurationSecondsActual, EndedAt: moment(run.EndedAt), Result: run.Result, Pass: run.Pass,
		FailInvariant: word(run.FailInvariant), FailEventIndex: run.FailEventIndex, FailForensic: run.FailForensic,
		Digest: word(run.Digest), EventCount: run.EventCount, Commands: run.Commands, Summary: run.Summary,
	})
	if isBadUUID(err) || err == nil && changed == 0 {
		return s.known(ctx, run.ID)
	}
	return err
}

// known returns ErrNoRun for an unknown run.
func (s *Store) known(ctx context.Context, id string) error {
	found, err := get[struct{}](ctx, s, "simcity_runs", filters("select", "id", "id", "eq."+id))
	if isBadUUID(err) || err == nil && len(found) == 0 {
		return telemetry.NoRun(id)
	}
	return err
}

// Append adds rows: events first, in their order and up to 1000 per request, then
// snapshots, then the live row. Each request is one transaction. One that fails
// leaves those before it, and the same batch again completes them.
func (s *Store) Append(ctx context.Context, batch telemetry.Batch) error {
	if len(batch.Events)+len(batch.Snapshots) == 0 && batch.Live == nil {
		return s.known(ctx, batch.RunID)
	}
	err := s.appendAll(ctx, &batch)
	const foreignKeyViolation = "23503"
	if code(err) == foreignKeyViolation {
		return telemetry.NoRun(batch.RunID)
	}
	if isBadUUID(err) {
		if unknown := s.known(ctx, batch.RunID); unknown != nil {
			return unknown
		}
	}
	return err
}

func (s *Store) appendAll(ctx context.Context, batch *telemetry.Batch) error {
	const unique = "run_id,event_index"
	for from := 0; from < len(batch.Events); from += telemetry.LimitMax {
		page := batch.Events[from:min(from+telemetry.LimitMax, len(batch.Events))]
		rows := make([]eventRow, len(page))
		for i := range page {
			rows[i] = newEventRow(batch.RunID, &page[i])
		}
		if err := s.insert(ctx, "simcity_run_events", unique, rows); err != nil {
			return err
		}
	}
	for from := 0; from < len(batch.Snapshots); from += telemetry.LimitMax {
		page := batch.Snapshots[from:min(from+telemetry.LimitMax, len(batch.Snapshots))]
		rows := make([]snapshotRow, len(page))
		for i, one := range page {
			rows[i] = snapshotRow{RunID: batch.RunID, Index: one.Index, Metrics: jsonOr(one.Metrics), State: jsonOr(one.State), CreatedAt: telemetry.Micro(one.CreatedAt)}
		}
		if err := s.insert(ctx, "simcity_run_snapshots", unique, rows); err != nil {
			return err
		}
	}
	if batch.Live != nil {
		return s.beat(ctx, batch.RunID, batch.Live)
	}
	return nil
}

// beat renews the live row unless that one is newer. An upsert of PostgREST knows
// no condition, so it is a change first, and an insert where there is no row yet.
func (s *Store) beat(ctx context.Context, runID string, live *telemetry.Live) error {
	row := liveRow{
		RunID: runID, Status: live.Status, LastEventIndex: live.LastEventIndex,
		HeartbeatAt: telemetry.Micro(live.HeartbeatAt), Metrics: live.Metrics, Message: &live.Message,
	}
	changed, err := s.patch(ctx, "simcity_run_live", filters("run_id", "eq."+runID, "last_heartbeat_at", "lte."+stamp(live.HeartbeatAt)), row)
	if err != nil || changed > 0 {
		return err
	}
	return s.insert(ctx, "simcity_run_live", "run_id", []liveRow{row})
}
