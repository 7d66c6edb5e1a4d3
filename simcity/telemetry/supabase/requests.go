package supabase

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// asked is the row of a request that is added.
type asked struct {
	ID              string          `json:"id"`
	RequestedBy     string          `json:"requested_by"`
	Tier            string          `json:"tier"`
	Scenario        string          `json:"scenario"`
	Seed            int64           `json:"seed"`
	Concurrency     int             `json:"concurrency"`
	MaxEvents       int64           `json:"max_events"`
	DurationSeconds int64           `json:"duration_seconds"`
	Policies        json.RawMessage `json:"policies"`
	Status          string          `json:"status"`
	CreatedAt       time.Time       `json:"created_at"`
}

// requestRow is a request that is read.
type requestRow struct {
	asked
	StartedAt  *time.Time `json:"started_at"`
	EndedAt    *time.Time `json:"ended_at"`
	RunID      *string    `json:"run_id"`
	Runner     *string    `json:"runner"`
	LeaseUntil *time.Time `json:"lease_until"`
	StopAsked  bool       `json:"stop_asked"`
	Message    *string    `json:"message"`
}

func (r *requestRow) request() telemetry.RunRequest {
	return telemetry.RunRequest{
		ID: r.ID, RequestedBy: r.RequestedBy, Tier: r.Tier, Scenario: r.Scenario, Seed: uint64(r.Seed), Concurrency: r.Concurrency, MaxEvents: r.MaxEvents,
		DurationSeconds: r.DurationSeconds, Policies: document(r.Policies), Status: r.Status, CreatedAt: telemetry.Micro(r.CreatedAt),
		StartedAt: when(r.StartedAt), EndedAt: when(r.EndedAt), RunID: given(r.RunID), Runner: given(r.Runner), LeaseUntil: when(r.LeaseUntil),
		StopAsked: r.StopAsked, Message: given(r.Message),
	}
}

const requestTable = "simcity_run_requests"

// AddRequest adds a request, if the schema is the right one.
func (s *Store) AddRequest(ctx context.Context, r telemetry.RunRequest) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if err := s.fits(ctx); err != nil {
		return err
	}
	return s.insert(ctx, requestTable, "id", []asked{{
		ID: r.ID, RequestedBy: r.RequestedBy, Tier: r.Tier, Scenario: r.Scenario, Seed: int64(r.Seed), Concurrency: r.Concurrency, MaxEvents: r.MaxEvents,
		DurationSeconds: r.DurationSeconds, Policies: r.Policies, Status: telemetry.StatusPending, CreatedAt: telemetry.Micro(r.CreatedAt),
	}})
}

func (s *Store) requests(ctx context.Context, query url.Values) ([]telemetry.RunRequest, error) {
	found, err := get[requestRow](ctx, s, requestTable, query)
	if err != nil {
		return nil, err
	}
	var all []telemetry.RunRequest
	for i := range found {
		all = append(all, found[i].request())
	}
	return all, nil
}

// Request returns a request.
func (s *Store) Request(ctx context.Context, id string) (telemetry.RunRequest, error) {
	found, err := s.requests(ctx, filters("id", "eq."+id))
	switch {
	case isBadUUID(err), err == nil && len(found) == 0:
		return telemetry.RunRequest{}, telemetry.NoRequest(id)
	case err != nil:
		return telemetry.RunRequest{}, err
	}
	return found[0], nil
}

// RequestList lists requests.
func (s *Store) RequestList(ctx context.Context, status string, limit int) ([]telemetry.RunRequest, error) {
	query := filters("order", "created_at.desc,id.desc", "limit", strconv.Itoa(telemetry.Limit(limit)))
	if status != "" {
		query.Set("status", "eq."+status)
	}
	return s.requests(ctx, query)
}

// claimTries is how often Claim looks again when others were quicker.
const claimTries = 100

// Claim gives a request to a runner. There is no lock over REST: it changes the
// oldest that is free only if that is still as it was read, which one of several
// runners achieves.
func (s *Store) Claim(ctx context.Context, runner string, now time.Time, lease time.Duration) (*telemetry.RunRequest, error) {
	free := fmt.Sprintf(`(status.eq.PENDING,and(status.eq.RUNNING,or(lease_until.is.null,lease_until.lt.%q)))`, stamp(now))
	for range claimTries {
		found, err := s.requests(ctx, filters("or", free, "order", "created_at,id", "limit", "10"))
		if err != nil || len(found) == 0 {
			return nil, err
		}
		for _, r := range found {
			seen := "is.null"
			if !r.LeaseUntil.IsZero() {
				seen = "eq." + stamp(r.LeaseUntil)
			}
			if r.StartedAt.IsZero() {
				r.StartedAt = now
			}
			claimed, err := s.change(ctx, filters("id", "eq."+r.ID, "status", "eq."+r.Status, "lease_until", seen), map[string]any{
				"status": telemetry.StatusRunning, "runner": runner, "lease_until": stamp(now.Add(lease)), "started_at": stamp(r.StartedAt),
			})
			if err != nil || claimed != nil {
				return claimed, err
			}
		}
	}
	return nil, telemetry.MarkTransient(errors.New("telemetry: other runners were always quicker"))
}

// change changes one request and returns it, nil if the query fits none.
func (s *Store) change(ctx context.Context, query url.Values, change map[string]any) (*telemetry.RunRequest, error) {
	var found []requestRow
	_, err := s.do(ctx, call{method: http.MethodPatch, table: requestTable, query: query, prefer: "return=representation", body: change, into: &found})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	r := found[0].request()
	return &r, nil
}

// held changes a request that the runner should hold.
func (s *Store) held(ctx context.Context, id, runner string, change map[string]any) (telemetry.RunRequest, error) {
	r, err := s.change(ctx, filters("id", "eq."+id, "status", "eq."+telemetry.StatusRunning, "runner", "eq."+runner), change)
	switch {
	case r != nil:
		return *r, nil
	case err != nil && !isBadUUID(err):
		return telemetry.RunRequest{}, err
	}
	if _, err := s.Request(ctx, id); err != nil {
		return telemetry.RunRequest{}, err
	}
	return telemetry.RunRequest{}, telemetry.ErrLeaseLost
}

// Renew lengthens a lease.
func (s *Store) Renew(ctx context.Context, id, runner, runID string, now time.Time, lease time.Duration) (telemetry.RunRequest, error) {
	return s.held(ctx, id, runner, map[string]any{"lease_until": stamp(now.Add(lease)), "run_id": word(runID)})
}

// Finish ends a request.
func (s *Store) Finish(ctx context.Context, id, runner, status, message string, now time.Time) error {
	_, err := s.held(ctx, id, runner, map[string]any{"status": status, "message": message, "ended_at": stamp(now), "lease_until": nil})
	return err
}

// AskStop asks for the end of a request.
func (s *Store) AskStop(ctx context.Context, id string, now time.Time) error {
	stopped, err := s.change(ctx, filters("id", "eq."+id, "status", "eq."+telemetry.StatusPending), map[string]any{
		"status": telemetry.StatusStopped, "stop_asked": true, "ended_at": stamp(now),
	})
	if err == nil && stopped == nil { // it may have begun meanwhile, so this comes second
		stopped, err = s.change(ctx, filters("id", "eq."+id, "status", "eq."+telemetry.StatusRunning), map[string]any{"stop_asked": true})
	}
	if isBadUUID(err) || err == nil && stopped == nil {
		_, err = s.Request(ctx, id)
	}
	return err
}
