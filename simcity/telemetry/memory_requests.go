package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

var _ Requests = (*Memory)(nil)

// NoRequest is ErrNoRequest with the request's ID.
func NoRequest(id string) error { return fmt.Errorf("%w: %.64q", ErrNoRequest, id) }

// AddRequest adds a request.
func (m *Memory) AddRequest(ctx context.Context, request RunRequest) error {
	if err := cmp.Or(request.Validate(), ctx.Err()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.requests[request.ID] == nil {
		request.Status, request.CreatedAt = StatusPending, Micro(request.CreatedAt)
		m.requests[request.ID] = &request
	}
	return nil
}

// Request returns a request.
func (m *Memory) Request(ctx context.Context, id string) (RunRequest, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if r := m.requests[id]; r != nil {
		return *r, ctx.Err()
	}
	return RunRequest{}, NoRequest(id)
}

// RequestList lists requests.
func (m *Memory) RequestList(ctx context.Context, status string, limit int) ([]RunRequest, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	var all []RunRequest
	for _, r := range m.requests {
		if status == "" || r.Status == status {
			all = append(all, *r)
		}
	}
	slices.SortFunc(all, func(a, b RunRequest) int { return -byAge(a, b) })
	return all[:min(len(all), Limit(limit))], nil
}

func byAge(a, b RunRequest) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
}

// Claim gives a request to a runner.
func (m *Memory) Claim(ctx context.Context, runner string, now time.Time, lease time.Duration) (*RunRequest, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now = Micro(now)
	var oldest *RunRequest
	for _, r := range m.requests {
		free := r.Status == StatusPending || r.Status == StatusRunning && r.LeaseUntil.Before(now)
		if free && (oldest == nil || byAge(*r, *oldest) < 0) {
			oldest = r
		}
	}
	if oldest == nil {
		return nil, nil
	}
	oldest.Status, oldest.Runner, oldest.LeaseUntil = StatusRunning, runner, Micro(now.Add(lease))
	if oldest.StartedAt.IsZero() {
		oldest.StartedAt = now
	}
	claimed := *oldest
	return &claimed, nil
}

// held returns the request if the runner holds it; the caller holds mu.
func (m *Memory) held(ctx context.Context, id, runner string) (*RunRequest, error) {
	r := m.requests[id]
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case r == nil:
		return nil, NoRequest(id)
	case r.Status != StatusRunning || r.Runner != runner:
		return nil, ErrLeaseLost
	}
	return r, nil
}

// Renew lengthens a lease.
func (m *Memory) Renew(ctx context.Context, id, runner, runID string, now time.Time, lease time.Duration) (RunRequest, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.held(ctx, id, runner)
	if err != nil {
		return RunRequest{}, err
	}
	r.LeaseUntil, r.RunID = Micro(now.Add(lease)), runID
	return *r, nil
}

// Finish ends a request.
func (m *Memory) Finish(ctx context.Context, id, runner, status, message string, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.held(ctx, id, runner)
	if err != nil {
		return err
	}
	r.Status, r.Message, r.EndedAt, r.LeaseUntil = status, message, Micro(now), time.Time{}
	return nil
}

// AskStop asks for the end of a request.
func (m *Memory) AskStop(ctx context.Context, id string, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.requests[id]
	if r == nil {
		return NoRequest(id)
	}
	switch r.Status {
	case StatusPending:
		r.Status, r.StopAsked, r.EndedAt = StatusStopped, true, Micro(now)
	case StatusRunning:
		r.StopAsked = true
	}
	return nil
}
