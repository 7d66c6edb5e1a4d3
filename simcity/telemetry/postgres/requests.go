package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/simcity/telemetry"
)

const requestColumns = `id::text, requested_by, tier, scenario, seed, concurrency, max_events, duration_seconds, policies::text, status, created_at,
	started_at, ended_at, coalesce(run_id::text, ''), coalesce(runner, ''), lease_until, stop_asked, coalesce(message, '')`

func scanRequest(row pgx.CollectableRow) (telemetry.RunRequest, error) {
	var r telemetry.RunRequest
	var seed int64
	err := row.Scan(&r.ID, &r.RequestedBy, &r.Tier, &r.Scenario, &seed, &r.Concurrency, &r.MaxEvents, &r.DurationSeconds, (*document)(&r.Policies), &r.Status,
		instant{&r.CreatedAt}, instant{&r.StartedAt}, instant{&r.EndedAt}, &r.RunID, &r.Runner, instant{&r.LeaseUntil}, &r.StopAsked, &r.Message)
	r.Seed = uint64(seed)
	return r, err
}

// AddRequest adds a request, if the schema is the right one.
func (s *Store) AddRequest(ctx context.Context, r telemetry.RunRequest) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if err := s.fits(ctx); err != nil {
		return s.explain(ctx, err)
	}
	_, err := s.pool.Exec(ctx, `INSERT INTO simcity_run_requests
		(id, requested_by, tier, scenario, seed, concurrency, max_events, duration_seconds, policies, status, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING`,
		r.ID, r.RequestedBy, r.Tier, r.Scenario, int64(r.Seed), r.Concurrency, r.MaxEvents, r.DurationSeconds, text(r.Policies),
		telemetry.StatusPending, moment(r.CreatedAt))
	return s.explain(ctx, err)
}

// Request returns a request.
func (s *Store) Request(ctx context.Context, id string) (telemetry.RunRequest, error) {
	found, err := rows(ctx, s, scanRequest, "SELECT "+requestColumns+" FROM simcity_run_requests WHERE id = $1::text::uuid", id)
	switch {
	case state(err) == badUUID, err == nil && len(found) == 0:
		return telemetry.RunRequest{}, telemetry.NoRequest(id)
	case err != nil:
		return telemetry.RunRequest{}, err
	}
	return found[0], nil
}

// RequestList lists requests.
func (s *Store) RequestList(ctx context.Context, status string, limit int) ([]telemetry.RunRequest, error) {
	return rows(ctx, s, scanRequest, "SELECT "+requestColumns+` FROM simcity_run_requests WHERE $1::text IN ('', status)
		ORDER BY created_at DESC, id DESC LIMIT $2`, status, telemetry.Limit(limit))
}

// claim takes the oldest request that is free and that no other runner is taking
// at this moment.
const claim = `UPDATE simcity_run_requests SET status = 'RUNNING', runner = $1, lease_until = $2, started_at = coalesce(started_at, $3)
	WHERE id = (SELECT id FROM simcity_run_requests WHERE status = 'PENDING' OR status = 'RUNNING' AND (lease_until IS NULL OR lease_until < $3)
		ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING ` + requestColumns

// Claim gives a request to a runner. One that is RUNNING without a lease, which
// earlier versions left so for ever, is free as well.
func (s *Store) Claim(ctx context.Context, runner string, now time.Time, lease time.Duration) (*telemetry.RunRequest, error) {
	found, err := rows(ctx, s, scanRequest, claim, runner, moment(now.Add(lease)), moment(now))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// held reads what came of a change of a request that the runner should hold.
func (s *Store) held(ctx context.Context, id, query string, args ...any) (telemetry.RunRequest, error) {
	found, err := rows(ctx, s, scanRequest, query+" RETURNING "+requestColumns, append([]any{id}, args...)...)
	switch {
	case state(err) == badUUID:
		return telemetry.RunRequest{}, telemetry.NoRequest(id)
	case err != nil:
		return telemetry.RunRequest{}, err
	case len(found) > 0:
		return found[0], nil
	}
	if _, err := s.Request(ctx, id); err != nil {
		return telemetry.RunRequest{}, err
	}
	return telemetry.RunRequest{}, telemetry.ErrLeaseLost
}

// Renew lengthens a lease.
func (s *Store) Renew(ctx context.Context, id, runner, runID string, now time.Time, lease time.Duration) (telemetry.RunRequest, error) {
	return s.held(ctx, id, `UPDATE simcity_run_requests SET lease_until = $3, run_id = $4::text::uuid
		WHERE id = $1::text::uuid AND status = 'RUNNING' AND runner = $2`, runner, moment(now.Add(lease)), text(runID))
}

// Finish ends a request.
func (s *Store) Finish(ctx context.Context, id, runner, status, message string, now time.Time) error {
	_, err := s.held(ctx, id, `UPDATE simcity_run_requests SET status = $3, message = $4, ended_at = $5, lease_until = NULL
		WHERE id = $1::text::uuid AND status = 'RUNNING' AND runner = $2`, runner, status, message, moment(now))
	return err
}

// AskStop asks for the end of a request.
func (s *Store) AskStop(ctx context.Context, id string, now time.Time) error {
	done, err := s.pool.Exec(ctx, `UPDATE simcity_run_requests SET stop_asked = true, ended_at = CASE status WHEN 'PENDING' THEN $2::timestamptz END,
		status = CASE status WHEN 'PENDING' THEN 'STOPPED' ELSE status END WHERE id = $1::text::uuid AND status IN ('PENDING', 'RUNNING')`, id, moment(now))
	if state(err) == badUUID {
		return telemetry.NoRequest(id)
	}
	if err == nil && done.RowsAffected() == 0 {
		_, err := s.Request(ctx, id)
		return err
	}
	return s.explain(ctx, err)
}
