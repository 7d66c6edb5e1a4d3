package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// moment is a time as a column keeps it, nothing for none.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return telemetry.Micro(t)
}

// text is JSON or a word as a column keeps it, nothing for none. JSON goes as
// text, which every mode of pgx and every pooler takes.
func text[T ~string | ~[]byte](s T) any {
	if len(s) == 0 {
		return nil
	}
	return string(s)
}

// BeginRun adds a run, if the schema is the right one.
func (s *Store) BeginRun(ctx context.Context, run telemetry.Run) error {
	if err := s.fits(ctx); err != nil {
		return s.explain(ctx, err)
	}
	_, err := s.pool.Exec(ctx, `INSERT INTO simcity_runs
		(id, tier, scenario, clock, seed, concurrency, max_events, duration_seconds, started_at, fail_event_index, policies, commands)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING`,
		run.ID, run.Tier, run.Scenario, run.Clock, int64(run.Seed), run.Concurrency, run.MaxEvents, run.DurationSeconds,
		moment(run.StartedAt), run.FailEventIndex, text(run.Policies), text(run.Commands))
	return s.explain(ctx, err)
}

// EndRun ends a run.
func (s *Store) EndRun(ctx context.Context, run telemetry.Run) error {
	done, err := s.pool.Exec(ctx, `UPDATE simcity_runs SET duration_seconds_actual = $2, ended_at = $3, result = $4, pass = $5,
		fail_invariant = $6, fail_event_index = $7, fail_forensic = $8, digest = $9, event_count = $10, commands = $11, summary = $12
		WHERE id = $1 AND result IS NULL`,
		run.ID, run.DurationSecondsActual, moment(run.EndedAt), text(run.Result), run.Pass,
		text(run.FailInvariant), run.FailEventIndex, text(run.FailForensic), text(run.Digest), run.EventCount, text(run.Commands), text(run.Summary))
	s.doubtful.Delete(run.ID)
	if err == nil && done.RowsAffected() == 0 {
		return s.known(ctx, run.ID)
	}
	return s.explain(ctx, err)
}

// known returns ErrNoRun for an unknown run.
func (s *Store) known(ctx context.Context, id string) error {
	var there bool
	err := s.pool.QueryRow(ctx, knownRun, id).Scan(&there)
	switch {
	case state(err) == badUUID, err == nil && !there:
		return telemetry.NoRun(id)
	}
	return s.explain(ctx, err)
}

const (
	knownRun = "SELECT EXISTS (SELECT FROM simcity_runs WHERE id = $1::text::uuid)"

	insertEvents = `INSERT INTO simcity_run_events
		(run_id, event_index, event_type, event_payload, actor, simulated_nanos, observed_at, state_digest_before, state_digest_after, invariant_context)
		SELECT $1, i, type, payload::jsonb, actor, nanos, observed, before, after, nullif(context, '')::jsonb
		FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[], $8::text[], $9::text[], $10::text[])
			AS new (i, type, payload, actor, nanos, observed, before, after, context)
		ON CONFLICT (run_id, event_index) DO NOTHING`
	insertSnapshots = `INSERT INTO simcity_run_snapshots (run_id, event_index, metrics, state_summary, created_at)
		SELECT $1, i, metrics::jsonb, state::jsonb, created
		FROM unnest($2::int[], $3::text[], $4::text[], $5::timestamptz[]) AS new (i, metrics, state, created)
		ON CONFLICT (run_id, event_index) DO NOTHING`
	upsertLive = `INSERT INTO simcity_run_live (run_id, status, last_event_index, last_heartbeat_at, last_metrics, last_message)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (run_id) DO UPDATE SET status = excluded.status, last_event_index = excluded.last_event_index,
		last_heartbeat_at = excluded.last_heartbeat_at, last_metrics = excluded.last_metrics, last_message = excluded.last_message
		WHERE excluded.last_heartbeat_at >= simcity_run_live.last_heartbeat_at`
)

// rowsMax is how many rows one statement adds.
const rowsMax = 1000

// Append adds rows, in one transaction. Rows that are there already come after an
// answer that was lost, and when a file is replayed; all others can be copied.
func (s *Store) Append(ctx context.Context, batch telemetry.Batch) error {
	if _, doubtful := s.doubtful.Load(batch.RunID); !doubtful && len(batch.Events) > 0 && !s.uncopied.Load() {
		err := s.copyIn(ctx, &batch)
		switch code := state(err); {
		case err == nil:
			return nil
		case code == "", passes(code):
			return s.explain(ctx, err)
		case code == uniqueViolation:
			s.doubtful.Store(batch.RunID, true)
		case code == notSupported: // row-level security holds for this role
			s.uncopied.Store(true)
		}
	}
	return s.insert(ctx, &batch)
}

// insert adds the rows of a batch that are not there. All statements go in one round
// trip, which the server takes for one transaction.
func (s *Store) insert(ctx context.Context, batch *telemetry.Batch) error {
	var send pgx.Batch
	there, added := false, int64(0)
	send.Queue(knownRun, batch.RunID).QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
	for from := 0; from < len(batch.Events); from += rowsMax {
		page := batch.Events[from:min(from+rowsMax, len(batch.Events))]
		send.Queue(insertEvents, eventColumns(batch.RunID, page)...).Exec(func(done pgconn.CommandTag) error {
			added += done.RowsAffected()
			return nil
		})
	}
	queueSnapshots(&send, batch)
	queueLive(&send, batch)
	err := s.pool.SendBatch(ctx, &send).Close()
	if code := state(err); code == foreignKeyViolation || code == badUUID && !telemetry.IsUUID(batch.RunID) || err == nil && !there {
		return telemetry.NoRun(batch.RunID)
	}
	if err == nil && added > 0 && added == int64(len(batch.Events)) {
		s.doubtful.Delete(batch.RunID)
	}
	return s.explain(ctx, err)
}

func queueSnapshots(send *pgx.Batch, batch *telemetry.Batch) {
	for from := 0; from < len(batch.Snapshots); from += rowsMax {
		send.Queue(insertSnapshots, snapshotColumns(batch.RunID, batch.Snapshots[from:min(from+rowsMax, len(batch.Snapshots))])...)
	}
}

func queueLive(send *pgx.Batch, batch *telemetry.Batch) {
	if live := batch.Live; live != nil {
		send.Queue(upsertLive, batch.RunID, live.Status, live.LastEventIndex, moment(live.HeartbeatAt), text(live.Metrics), live.Message)
	}
}

// eventColumns are the arguments of insertEvents: a column each.
func eventColumns(runID string, events []telemetry.Event) []any {
	n := len(events)
	index, nanos, observed := make([]int64, n), make([]int64, n), make([]time.Time, n)
	words := make([]string, 6*n)
	kind, payload, actor, before, after, contexts := words[:n:n], words[n:2*n], words[2*n:3*n], words[3*n:4*n], words[4*n:5*n], words[5*n:]
	for i := range events {
		e := &events[i]
		index[i], nanos[i], observed[i] = e.Index, int64(e.At), telemetry.Micro(e.ObservedAt)
		kind[i], payload[i], actor[i], before[i], after[i], contexts[i] = e.Type, jsonOr(e.Payload), e.Actor, e.Before, e.After, string(e.Context)
	}
	return []any{runID, index, kind, payload, actor, nanos, observed, before, after, contexts}
}

// snapshotColumns are the arguments of insertSnapshots.
func snapshotColumns(runID string, snapshots []telemetry.Snapshot) []any {
	n := len(snapshots)
	index, created := make([]int64, n), make([]time.Time, n)
	metrics, state := make([]string, n), make([]string, n)
	for i := range snapshots {
		one := &snapshots[i]
		index[i], created[i], metrics[i], state[i] = one.Index, telemetry.Micro(one.CreatedAt), jsonOr(one.Metrics), jsonOr(one.State)
	}
	return []any{runID, index, metrics, state, created}
}

// jsonOr is a document as text, {} for none.
func jsonOr(text json.RawMessage) string {
	if len(text) == 0 {
		return "{}"
	}
	return string(text)
}
