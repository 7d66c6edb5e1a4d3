package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

const runColumns = `id, tier, scenario, clock, seed, concurrency, max_events, duration_seconds, coalesce(duration_seconds_actual, 0),
	started_at, ended_at, coalesce(result, ''), coalesce(pass, 0), coalesce(fail_invariant, ''), coalesce(fail_event_index, -1), fail_forensic,
	coalesce(digest, ''), coalesce(event_count, 0), policies, commands, summary`

// scanner is a row.
type scanner interface{ Scan(into ...any) error }

func scanRun(row scanner) (telemetry.Run, error) {
	var run telemetry.Run
	var seed int64
	err := row.Scan(&run.ID, &run.Tier, &run.Scenario, &run.Clock, &seed, &run.Concurrency, &run.MaxEvents, &run.DurationSeconds, &run.DurationSecondsActual,
		(*instant)(&run.StartedAt), (*instant)(&run.EndedAt), &run.Result, &run.Pass, &run.FailInvariant, &run.FailEventIndex, (*document)(&run.FailForensic),
		&run.Digest, &run.EventCount, (*document)(&run.Policies), (*document)(&run.Commands), (*document)(&run.Summary))
	run.Seed = uint64(seed)
	return run, err
}

// instant reads a time.
type instant time.Time

func (i *instant) Scan(value any) error {
	written, ok := value.(string)
	if !ok {
		*i = instant{}
		return nil
	}
	t, err := time.Parse(timeLayout, written)
	*i = instant(t)
	return err
}

// document reads JSON.
type document json.RawMessage

func (d *document) Scan(value any) error {
	*d = nil
	if written, ok := value.(string); ok {
		*d = document(written)
	}
	return nil
}

// rows reads all rows of a query.
func rows[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	found, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.explain(s.unfit(ctx, s.reader, err))
	}
	defer found.Close()
	var all []T
	for found.Next() {
		row, err := scan(found)
		if err != nil {
			return nil, s.explain(err)
		}
		all = append(all, row)
	}
	return all, s.explain(found.Err())
}

// Runs lists runs.
func (s *Store) Runs(ctx context.Context, filter telemetry.RunFilter) ([]telemetry.Run, error) {
	var where []string
	var args []any
	only := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	if filter.Scenario != "" {
		only("scenario = ?", filter.Scenario)
	}
	if filter.Result != "" {
		only("result = ?", filter.Result)
	}
	if filter.Seed != nil {
		only("seed = ?", int64(*filter.Seed))
	}
	if !filter.Before.IsZero() {
		only("(started_at, id) < (?, ?)", moment(filter.Before), filter.BeforeID)
	}
	query := "SELECT " + runColumns + " FROM simcity_runs"
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	return rows(ctx, s, scanRun, query+" ORDER BY started_at DESC, id DESC LIMIT ?", append(args, telemetry.Limit(filter.Limit))...)
}

// Run returns a run.
func (s *Store) Run(ctx context.Context, id string) (telemetry.Run, error) {
	run, err := scanRun(s.reader.QueryRowContext(ctx, "SELECT "+runColumns+" FROM simcity_runs WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return run, telemetry.NoRun(id)
	}
	if err != nil {
		return run, s.explain(s.unfit(ctx, s.reader, err))
	}
	return run, nil
}

// Live returns a run's live row.
func (s *Store) Live(ctx context.Context, id string) (telemetry.Live, error) {
	live := telemetry.Live{RunID: id, LastEventIndex: -1}
	err := s.reader.QueryRowContext(ctx, `SELECT status, last_event_index, last_heartbeat_at, last_metrics, last_message FROM simcity_run_live WHERE run_id = ?`, id).
		Scan(&live.Status, &live.LastEventIndex, (*instant)(&live.HeartbeatAt), (*document)(&live.Metrics), &live.Message)
	if errors.Is(err, sql.ErrNoRows) {
		return live, s.explain(s.known(ctx, s.reader, id))
	}
	if err != nil {
		return live, s.explain(s.unfit(ctx, s.reader, err))
	}
	return live, nil
}

// Events lists events.
func (s *Store) Events(ctx context.Context, id string, from int64, limit int) ([]telemetry.Event, error) {
	all, err := rows(ctx, s, func(row scanner) (e telemetry.Event, err error) {
		err = row.Scan(&e.Index, &e.Type, (*document)(&e.Payload), &e.Actor, &e.At, (*instant)(&e.ObservedAt), &e.Before, &e.After, (*document)(&e.Context))
		return e, err
	}, `SELECT event_index, event_type, event_payload, actor, simulated_nanos, observed_at, state_digest_before, state_digest_after, invariant_context
		FROM simcity_run_events WHERE run_id = ? AND event_index >= ? ORDER BY event_index LIMIT ?`, id, from, telemetry.Limit(limit))
	if err == nil && len(all) == 0 {
		err = s.explain(s.known(ctx, s.reader, id))
	}
	return all, err
}

// Snapshots lists snapshots.
func (s *Store) Snapshots(ctx context.Context, id string, from int64, limit int) ([]telemetry.Snapshot, error) {
	all, err := rows(ctx, s, func(row scanner) (shot telemetry.Snapshot, err error) {
		err = row.Scan(&shot.Index, (*document)(&shot.Metrics), (*document)(&shot.State), (*instant)(&shot.CreatedAt))
		return shot, err
	}, `SELECT event_index, metrics, state_summary, created_at FROM simcity_run_snapshots
		WHERE run_id = ? AND event_index >= ? ORDER BY event_index LIMIT ?`, id, from, telemetry.Limit(limit))
	if err == nil && len(all) == 0 {
		err = s.explain(s.known(ctx, s.reader, id))
	}
	return all, err
}
