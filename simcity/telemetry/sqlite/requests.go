package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

var _ telemetry.Requests = (*Store)(nil)

const requestColumns = `id, requested_by, tier, scenario, seed, concurrency, max_events, duration_seconds, policies, status, created_at,
	started_at, ended_at, coalesce(run_id, ''), coalesce(runner, ''), lease_until, stop_asked, coalesce(message, '')`

func scanRequest(row scanner) (telemetry.RunRequest, error) {
	var r telemetry.RunRequest
	var seed int64
	err := row.Scan(&r.ID, &r.RequestedBy, &r.Tier, &r.Scenario, &seed, &r.Concurrency, &r.MaxEvents, &r.DurationSeconds, (*document)(&r.Policies), &r.Status,
		(*instant)(&r.CreatedAt), (*instant)(&r.StartedAt), (*instant)(&r.EndedAt), &r.RunID, &r.Runner, (*instant)(&r.LeaseUntil), &r.StopAsked, &r.Message)
	r.Seed = uint64(seed)
	return r, err
}

// AddRequest adds a request.
func (s *Store) AddRequest(ctx context.Context, r telemetry.RunRequest) error {
	if err := r.Validate(); err != nil {
		return err
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		if err := s.fits(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO simcity_run_requests
			(id, requested_by, tier, scenario, seed, concurrency, max_events, duration_seconds, policies, status, created_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			r.ID, r.RequestedBy, r.Tier, r.Scenario, int64(r.Seed), r.Concurrency, r.MaxEvents, r.DurationSeconds, text(r.Policies),
			telemetry.StatusPending, moment(r.CreatedAt))
		return err
	})
}

func request(ctx context.Context, db querier, id string) (telemetry.RunRequest, error) {
	r, err := scanRequest(db.QueryRowContext(ctx, "SELECT "+requestColumns+" FROM simcity_run_requests WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		err = telemetry.NoRequest(id)
	}
	return r, err
}

// Request returns a request.
func (s *Store) Request(ctx context.Context, id string) (telemetry.RunRequest, error) {
	r, err := request(ctx, s.reader, id)
	if err != nil && !errors.Is(err, telemetry.ErrNoRequest) {
		err = s.explain(s.unfit(ctx, s.reader, err))
	}
	return r, err
}

// RequestList lists requests.
func (s *Store) RequestList(ctx context.Context, status string, limit int) ([]telemetry.RunRequest, error) {
	return rows(ctx, s, scanRequest, "SELECT "+requestColumns+` FROM simcity_run_requests WHERE ? IN ('', status)
		ORDER BY created_at DESC, id DESC LIMIT ?`, status, telemetry.Limit(limit))
}

// Claim gives a request to a runner. The transaction writes from its beginning on,
// so that no two runners find the same.
func (s *Store) Claim(ctx context.Context, runner string, now time.Time, lease time.Duration) (*telemetry.RunRequest, error) {
	var claimed *telemetry.RunRequest
	err := s.change(ctx, func(tx *sql.Tx) error {
		r, err := scanRequest(tx.QueryRowContext(ctx, `UPDATE simcity_run_requests SET status = 'RUNNING', runner = ?, lease_until = ?, started_at = coalesce(started_at, ?)
			WHERE id = (SELECT id FROM simcity_run_requests WHERE status = 'PENDING' OR status = 'RUNNING' AND lease_until < ? ORDER BY created_at, id LIMIT 1)
			RETURNING `+requestColumns, runner, moment(now.Add(lease)), moment(now), moment(now)))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		claimed = &r
		if err != nil {
			return s.unfit(ctx, tx, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// held changes a request that the runner holds.
func (s *Store) held(ctx context.Context, id, runner string, do func(*sql.Tx) error) (r telemetry.RunRequest, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		if r, err = request(ctx, tx, id); err != nil {
			return err
		}
		if r.Status != telemetry.StatusRunning || r.Runner != runner {
			return telemetry.ErrLeaseLost
		}
		if err := do(tx); err != nil {
			return err
		}
		r, err = request(ctx, tx, id)
		return err
	})
	return r, err
}

// Renew lengthens a lease.
func (s *Store) Renew(ctx context.Context, id, runner, runID string, now time.Time, lease time.Duration) (telemetry.RunRequest, error) {
	return s.held(ctx, id, runner, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE simcity_run_requests SET lease_until = ?, run_id = ? WHERE id = ?", moment(now.Add(lease)), text(runID), id)
		return err
	})
}

// Finish ends a request.
func (s *Store) Finish(ctx context.Context, id, runner, status, message string, now time.Time) error {
	_, err := s.held(ctx, id, runner, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE simcity_run_requests SET status = ?, message = ?, ended_at = ?, lease_until = NULL WHERE id = ?", status, message, moment(now), id)
		return err
	})
	return err
}

// AskStop asks for the end of a request.
func (s *Store) AskStop(ctx context.Context, id string, now time.Time) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		if _, err := request(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE simcity_run_requests SET stop_asked = 1, ended_at = CASE status WHEN 'PENDING' THEN ? END,
			status = CASE status WHEN 'PENDING' THEN 'STOPPED' ELSE status END WHERE id = ? AND status IN ('PENDING', 'RUNNING')`, moment(now), id)
		return err
	})
}
