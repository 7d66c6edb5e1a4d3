package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// Documents are read as text, and uuids too.
const runColumns = `id::text, tier, scenario, clock, seed, concurrency, max_events, duration_seconds, coalesce(duration_seconds_actual, 0),
	started_at, ended_at, coalesce(result, ''), coalesce(pass, false), coalesce(fail_invariant, ''), coalesce(fail_event_index, -1), fail_forensic::text,
	coalesce(digest, ''), coalesce(event_count, 0), policies::text, commands::text, summary::text`

func scanRun(row pgx.CollectableRow) (telemetry.Run, error) {
	var run telemetry.Run
	var seed int64
	err := row.Scan(&run.ID, &run.Tier, &run.Scenario, &run.Clock, &seed, &run.Concurrency, &run.MaxEvents, &run.DurationSeconds, &run.DurationSecondsActual,
		instant{&run.StartedAt}, instant{&run.EndedAt}, &run.Result, &run.Pass, &run.FailInvariant, &run.FailEventIndex, (*document)(&run.FailForensic),
		&run.Digest, &run.EventCount, (*document)(&run.Policies), (*document)(&run.Commands), (*document)(&run.Summary))
	run.Seed = uint64(seed)
	return run, err
}

// instant reads a time, none for NULL.
type instant struct{ into *time.Time }

// Scan reads what the column has.
func (i instant) Scan(value any) error {
	*i.into = time.Time{}
	if t, ok := value.(time.Time); ok {
		*i.into = telemetry.Micro(t)
	}
	return nil
}

// document reads JSON, nothing for NULL.
type document json.RawMessage

// Scan reads what the column has.
func (d *document) Scan(value any) error {
	*d = nil
	if written, ok := value.(string); ok {
		*d = document(written)
	}
	return nil
}

// rows reads all rows of a query.
func rows[T any](ctx context.Context, s *Store, scan func(pgx.CollectableRow) (T, error), query string, args ...any) ([]T, error) {
	found, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	all, err := pgx.CollectRows(found, scan)
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

// Runs lists runs.
func (s *Store) Runs(ctx context.Context, filter telemetry.RunFilter) ([]telemetry.Run, error) {
	where, args := []string{"true"}, []any(nil)
	only := func(condition string, values ...any) {
		numbers := make([]any, len(values))
		for i := range values {
			numbers[i] = len(args) + i + 1
		}
		where, args = append(where, fmt.Sprintf(condition, numbers...)), append(args, values...)
	}
	if filter.Scenario != "" {
		only("scenario = $%d", filter.Scenario)
	}
	if filter.Result != "" {
		only("result = $%d", filter.Result)
	}
	if filter.Seed != nil {
		only("seed = $%d", int64(*filter.Seed))
	}
	if !filter.Before.IsZero() {
		only("(started_at, id) < ($%d, $%d)", moment(filter.Before), uuidOr(filter.BeforeID))
	}
	args = append(args, telemetry.Limit(filter.Limit))
	return rows(ctx, s, scanRun, fmt.Sprintf("SELECT %s FROM simcity_runs WHERE %s ORDER BY started_at DESC, id DESC LIMIT $%d",
		runColumns, strings.Join(where, " AND "), len(args)), args...)
}

// uuidOr is a UUID, the smallest for what is none.
func uuidOr(id string) string {
	if telemetry.IsUUID(id) {
		return id
	}
	return "00000000-0000-0000-0000-000000000000"
}

// Run returns a run.
func (s *Store) Run(ctx context.Context, id string) (telemetry.Run, error) {
	found, err := rows(ctx, s, scanRun, "SELECT "+runColumns+" FROM simcity_runs WHERE id = $1::text::uuid", id)
	switch {
	case state(err) == badUUID, err == nil && len(found) == 0:
		return telemetry.Run{}, telemetry.NoRun(id)
	case err != nil:
		return telemetry.Run{}, err
	}
	return found[0], nil
}

// Live returns a run's live row.
func (s *Store) Live(ctx context.Context, id string) (telemetry.Live, error) {
	live := telemetry.Live{RunID: id, LastEventIndex: -1}
	err := s.pool.QueryRow(ctx, `SELECT status, last_event_index, last_heartbeat_at, last_metrics::text, coalesce(last_message, '')
		FROM simcity_run_live WHERE run_id = $1::text::uuid`, id).
		Scan(&live.Status, &live.LastEventIndex, instant{&live.HeartbeatAt}, (*document)(&live.Metrics), &live.Message)
	if errors.Is(err, pgx.ErrNoRows) || state(err) == badUUID {
		return live, s.known(ctx, id)
	}
	return live, s.explain(ctx, err)
}

// Events lists events.
func (s *Store) Events(ctx context.Context, id string, from int64, limit int) ([]telemetry.Event, error) {
	all, err := rows(ctx, s, func(row pgx.CollectableRow) (e telemetry.Event, err error) {
		err = row.Scan(&e.Index, &e.Type, (*document)(&e.Payload), &e.Actor, (*int64)(&e.At), instant{&e.ObservedAt}, &e.Before, &e.After, (*document)(&e.Context))
		return e, err
	}, `SELECT event_index, event_type, event_payload::text, actor, simulated_nanos, observed_at, state_digest_before, state_digest_after, invariant_context::text
		FROM simcity_run_events WHERE run_id = $1::text::uuid AND event_index >= $2::bigint ORDER BY event_index LIMIT $3`, id, from, telemetry.Limit(limit))
	return all, s.page(ctx, id, len(all), err)
}

// Snapshots lists snapshots.
func (s *Store) Snapshots(ctx context.Context, id string, from int64, limit int) ([]telemetry.Snapshot, error) {
	all, err := rows(ctx, s, func(row pgx.CollectableRow) (one telemetry.Snapshot, err error) {
		err = row.Scan(&one.Index, (*document)(&one.Metrics), (*document)(&one.State), instant{&one.CreatedAt})
		return one, err
	}, `SELECT event_index, metrics::text, state_summary::text, created_at FROM simcity_run_snapshots
		WHERE run_id = $1::text::uuid AND event_index >= $2::bigint ORDER BY event_index LIMIT $3`, id, from, telemetry.Limit(limit))
	return all, s.page(ctx, id, len(all), err)
}

// page is the error of a page: an empty one may be that of an unknown run.
func (s *Store) page(ctx context.Context, id string, n int, err error) error {
	if err == nil && n == 0 || state(err) == badUUID {
		return s.known(ctx, id)
	}
	return err
}
