package testhooks

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// The states of a strike.
const (
	active    = "active"
	reverting = "reverting" // its end has come; the revert is under way or has failed so far
	reverted  = "reverted"
)

// Who ends a strike.
const (
	byRequest = "request"
	byLease   = "lease"
	byClose   = "close"
	bySelf    = "itself" // it was over at once
)

// A strike is a fault that was struck here, and its lease.
type strike struct {
	id         string
	run        string
	kind       string
	parameters map[string]any
	lease      time.Duration
	touched    simcity.Touched
	log        func(slog.Level, string, ...any)
	hide       func(string) string // the secret

	ctx    context.Context // the fault's, while it lasts
	cancel context.CancelFunc

	turn   sync.Mutex // held while the host's code injects or reverts
	revert func(context.Context) error

	mu       sync.Mutex
	state    string
	endedBy  string
	begun    time.Time
	expires  time.Time
	ended    time.Time
	failures int
	trouble  string // of the last revert that failed
	timer    *time.Timer
	given    bool // up: the host goes down
}

// inject lets the fault happen. The lease has begun already: one whose injection
// never comes back is reverted as soon as it does.
func (s *strike) inject(fault simcity.Fault) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	impatient := after(patience, s.cancel)
	defer impatient.Stop()
	err := safely(func() (err error) {
		s.revert, err = fault.Inject(s.ctx, nil, &s.touched)
		return err
	})
	if err != nil {
		s.over(bySelf)
		return err
	}
	s.log(slog.LevelWarn, "fault struck", "fault", s.kind, "id", s.id, "run", s.run, "lease", s.lease)
	if s.revert == nil {
		s.over(bySelf)
	}
	return nil
}

// renew begins the lease anew, unless the fault's end has come.
func (s *strike) renew() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != active {
		return false
	}
	s.lend()
	return true
}

// lend begins a lease. mu is held.
func (s *strike) lend() {
	s.expires = now().Add(s.lease)
	if s.timer == nil {
		s.timer = after(s.lease, s.expire)
		return
	}
	s.timer.Reset(s.lease)
}

// expire ends the fault if nobody has renewed its lease meanwhile.
func (s *strike) expire() {
	s.mu.Lock()
	late := s.state == active && !now().Before(s.expires)
	s.mu.Unlock()
	if late {
		_ = s.end(byLease) // it is tried again
	}
}

// Retries of a revert that failed: the first after a second, later ones ever
// more rarely.
const (
	retryFirst = time.Second
	retryMax   = 30 * time.Second
)

// end reverts the fault, once: who comes second waits for the first. If it fails
// it is tried again by itself until it succeeds.
func (s *strike) end(by string) error {
	s.mu.Lock()
	if s.state == active {
		s.state, s.endedBy = reverting, by
	}
	s.timer.Stop()
	s.mu.Unlock()
	s.cancel()
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.isOver() {
		return nil
	}
	err := called(context.Background(), s.revert)
	if err != nil {
		s.retry(err)
		return err
	}
	s.over(by)
	return nil
}

// retry plans the next attempt.
func (s *strike) retry(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = shortened(s.hide(err.Error()))
	wait := min(retryFirst<<min(s.failures, 5), retryMax)
	s.failures++
	s.log(slog.LevelError, "fault could not be reverted; it is tried again", "fault", s.kind, "id", s.id, "error", s.trouble, "failures", s.failures, "after", wait)
	s.timer.Stop()
	if s.given {
		return
	}
	s.timer = after(wait, func() { _ = s.end(byLease) })
}

// over writes down the end.
func (s *strike) over(by string) {
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer.Stop()
	if s.endedBy == "" {
		s.endedBy = by
	}
	s.state, s.ended = reverted, now()
	s.log(slog.LevelInfo, "fault is over", "fault", s.kind, "id", s.id, "by", s.endedBy, "touched", s.touched.Count())
}

// giveUp ends the retries: the host goes down.
func (s *strike) giveUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given = true
	s.timer.Stop()
}

func (s *strike) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == reverted
}

// A strikeView is a strike as it is answered.
type strikeView struct {
	ID           string         `json:"id"`
	Type         string         `json:"type"`
	Parameters   map[string]any `json:"parameters,omitempty"`
	Run          string         `json:"run,omitempty"`
	State        string         `json:"state"`
	Touched      int64          `json:"touched"`
	LeaseSeconds int            `json:"leaseSeconds"`
	BegunAt      time.Time      `json:"begunAt"`
	// ExpiresAt is when the lease ends, of an active one.
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	// EndedAt and EndedBy (request, lease, close, itself) are of one that was
	// reverted.
	EndedAt *time.Time `json:"endedAt,omitempty"`
	EndedBy string     `json:"endedBy,omitempty"`
	// RevertFailures counts reverts that failed, of which LastError is the last.
	RevertFailures int    `json:"revertFailures,omitempty"`
	LastError      string `json:"lastError,omitempty"`
}

func (s *strike) view() strikeView {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := strikeView{
		ID: s.id, Type: s.kind, Parameters: s.parameters, Run: s.run, State: s.state, Touched: s.touched.Count(),
		LeaseSeconds: int(s.lease / time.Second), BegunAt: s.begun.UTC(), EndedBy: s.endedBy,
		RevertFailures: s.failures, LastError: s.trouble,
	}
	switch s.state {
	case active:
		expires := s.expires.UTC()
		v.ExpiresAt = &expires
	case reverted:
		ended := s.ended.UTC()
		v.EndedAt = &ended
	}
	return v
}

// MarshalJSON is for lists of strikes.
func (s *strike) MarshalJSON() ([]byte, error) { return json.Marshal(s.view()) }
