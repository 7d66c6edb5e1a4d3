package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// timeLayout sorts as text in the order of time.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// moment is a time as the file keeps it, nothing for none.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return telemetry.Micro(t).Format(timeLayout)
}

// text is JSON or a word as the file keeps it, nothing for none.
func text[T ~string | ~[]byte](s T) any {
	if len(s) == 0 {
		return nil
	}
	return string(s)
}

// BeginRun adds a run.
func (s *Store) BeginRun(ctx context.Context, run telemetry.Run) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		if err := s.fits(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO simcity_runs
			(id, tier, scenario, clock, seed, concurrency, max_events, duration_seconds, started_at, fail_event_index, policies, commands)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			run.ID, run.Tier, run.Scenario, run.Clock, int64(run.Seed), run.Concurrency, run.MaxEvents, run.DurationSeconds,
			moment(run.StartedAt), run.FailEventIndex, text(run.Policies), text(run.Commands))
		return err
	})
}

// EndRun ends a run.
func (s *Store) EndRun(ctx context.Context, run telemetry.Run) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		if err := s.known(ctx, tx, run.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE simcity_runs SET duration_seconds_actual = ?, ended_at = ?, result = ?, pass = ?,
			fail_invariant = ?, fail_event_index = ?, fail_forensic = ?, digest = ?, event_count = ?, commands = ?, summary = ?
			WHERE id = ? AND result IS NULL`,
			run.DurationSecondsActual, moment(run.EndedAt), text(run.Result), run.Pass,
			text(run.FailInvariant), run.FailEventIndex, text(run.FailForensic), text(run.Digest), run.EventCount, text(run.Commands), text(run.Summary),
			run.ID)
		return err
	})
}

// known returns ErrNoRun for an unknown run.
func (s *Store) known(ctx context.Context, db querier, id string) error {
	var there bool
	err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM simcity_runs WHERE id = ?)`, id).Scan(&there)
	switch {
	case err != nil:
		return s.unfit(ctx, db, err)
	case !there:
		return telemetry.NoRun(id)
	}
	return nil
}

// unfit is the schema's error if it does not fit, else err.
func (s *Store) unfit(ctx context.Context, db querier, err error) error {
	if mismatch := s.fits(ctx, db); mismatch != nil {
		return mismatch
	}
	return err
}

const (
	insertEvents = `INSERT OR ROLLBACK INTO simcity_run_events
		(run_id, event_index, event_type, event_payload, actor, simulated_nanos, observed_at, state_digest_before, state_digest_after, invariant_context)`
	insertSnapshots = `INSERT OR ROLLBACK INTO simcity_run_snapshots (run_id, event_index, metrics, state_summary, created_at)`
	upsertLive      = `INSERT INTO simcity_run_live (run_id, status, last_event_index, last_heartbeat_at, last_metrics, last_message)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET status = excluded.status, last_event_index = excluded.last_event_index,
		last_heartbeat_at = excluded.last_heartbeat_at, last_metrics = excluded.last_metrics, last_message = excluded.last_message
		WHERE excluded.last_heartbeat_at >= simcity_run_live.last_heartbeat_at`
)

// Append adds rows, in one transaction.
func (s *Store) Append(ctx context.Context, batch telemetry.Batch) error {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return s.explain(err)
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(err)
	}
	if err := s.appendAll(ctx, conn, tx, &batch); err != nil {
		_ = tx.Rollback() // the first error counts
		return s.explain(err)
	}
	return s.explain(tx.Commit())
}

func (s *Store) appendAll(ctx context.Context, conn *sql.Conn, tx *sql.Tx, batch *telemetry.Batch) error {
	if err := s.known(ctx, tx, batch.RunID); err != nil {
		return err
	}
	if len(batch.Events)+len(batch.Snapshots) > 0 {
		// The driver's own statements spare the time that database/sql takes to hand
		// over ten values for each row.
		err := conn.Raw(func(driverConn any) error {
			prepare := driverConn.(driver.ConnPrepareContext) // which modernc.org/sqlite is
			if err := appendEvents(ctx, prepare, batch); err != nil {
				return err
			}
			return appendSnapshots(ctx, prepare, batch)
		})
		if err != nil {
			return err
		}
	}
	if live := batch.Live; live != nil {
		_, err := tx.ExecContext(ctx, upsertLive, batch.RunID, live.Status, live.LastEventIndex, moment(live.HeartbeatAt), text(live.Metrics), live.Message)
		return err
	}
	return nil
}

func appendEvents(ctx context.Context, conn driver.ConnPrepareContext, batch *telemetry.Batch) error {
	var clock stamps
	return insertAll(ctx, conn, insertEvents, len(batch.Events), func(i int, row []driver.NamedValue) {
		e := &batch.Events[i]
		row[0].Value, row[1].Value, row[2].Value, row[3].Value, row[4].Value = batch.RunID, e.Index, e.Type, string(e.Payload), e.Actor
		row[5].Value, row[6].Value, row[7].Value, row[8].Value, row[9].Value = int64(e.At), clock.format(e.ObservedAt), e.Before, e.After, text(e.Context)
	})
}

func appendSnapshots(ctx context.Context, conn driver.ConnPrepareContext, batch *telemetry.Batch) error {
	var clock stamps
	return insertAll(ctx, conn, insertSnapshots, len(batch.Snapshots), func(i int, row []driver.NamedValue) {
		snapshot := &batch.Snapshots[i]
		row[0].Value, row[1].Value, row[2].Value = batch.RunID, snapshot.Index, string(snapshot.Metrics)
		row[3].Value, row[4].Value = jsonOr(snapshot.State, "{}"), clock.format(snapshot.CreatedAt)
	})
}

// rowsAtOnce is how many rows one execution of a statement adds: enough to share the
// cost of an execution, and few enough to be prepared for each batch.
const rowsAtOnce = 20

// insertAll adds n rows, those that are left over with a statement of their own.
func insertAll(ctx context.Context, conn driver.ConnPrepareContext, into string, n int, fill func(i int, row []driver.NamedValue)) error {
	whole := n - n%rowsAtOnce
	if err := insertRows(ctx, conn, into, 0, whole, rowsAtOnce, fill); err != nil {
		return err
	}
	return insertRows(ctx, conn, into, whole, n, n-whole, fill)
}

// insertRows adds the rows from one index up to another, so many with each execution.
// A row that is there already stays as it is. What else goes wrong undoes the whole
// transaction (OR ROLLBACK), so that SQLite does not copy every page before it changes
// it only to undo the one statement.
func insertRows(ctx context.Context, conn driver.ConnPrepareContext, into string, from, to, each int, fill func(i int, row []driver.NamedValue)) (err error) {
	if from == to {
		return nil
	}
	columns := strings.Count(into, ",") + 1
	row := "(?" + strings.Repeat(", ?", columns-1) + ")"
	prepared, err := conn.PrepareContext(ctx, into+" VALUES "+row+strings.Repeat(", "+row, each-1)+" ON CONFLICT DO NOTHING")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, prepared.Close()) }()
	insert := prepared.(driver.StmtExecContext) // which modernc.org/sqlite is
	values := make([]driver.NamedValue, each*columns)
	for i := range values {
		values[i].Ordinal = i + 1
	}
	for ; from < to; from += each {
		if err := ctx.Err(); err != nil {
			return err
		}
		for i := range each {
			fill(from+i, values[i*columns:(i+1)*columns])
		}
		// Without ctx: the driver would start a goroutine to watch it for each execution.
		if _, err := insert.ExecContext(context.Background(), values); err != nil {
			return err
		}
	}
	return nil
}

func jsonOr(text json.RawMessage, none string) string {
	if len(text) == 0 {
		return none
	}
	return string(text)
}

// stamps formats times, of which neighbours share nearly all.
type stamps struct {
	last time.Time
	text string
}

func (s *stamps) format(t time.Time) string {
	if s.text == "" || !t.Equal(s.last) {
		s.last, s.text = t, telemetry.Micro(t).Format(timeLayout)
	}
	return s.text
}
