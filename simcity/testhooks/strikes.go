package testhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// strikes are the faults of this process: those that last, and the latest that
// are over, so that whoever struck can read what they touched.
type strikes struct {
	kinds []simcity.FaultKind
	log   func(slog.Level, string, ...any)
	hide  func(string) string

	mu     sync.Mutex
	known  []*strike // in the order in which they were struck
	closed bool
}

// Limits of what is kept.
const (
	activeMax = 32
	endedMax  = 100
)

// find returns the kind of a name.
func (s *strikes) find(name string) (simcity.FaultKind, error) {
	var names []string
	for _, kind := range s.kinds {
		if kind.Kind == name {
			return kind, nil
		}
		names = append(names, kind.Kind)
	}
	known := "none: this host offers no faults"
	if len(names) > 0 {
		known = strings.Join(names, ", ")
	}
	return simcity.FaultKind{}, wrong("type", fmt.Sprintf("%q", name), known, "use one of the known types, or offer the hook in testhooks.Config.Hooks")
}

// begin takes a fault down and lets it happen.
func (s *strikes) begin(id string, fault simcity.Fault, run string, lease time.Duration) (*strike, error) {
	ctx, cancel := context.WithCancel(context.Background())
	struck := &strike{
		id: id, run: run, kind: fault.Kind, parameters: fault.Parameters,
		lease: lease, log: s.log, hide: s.hide, ctx: ctx, cancel: cancel, state: active, begun: now(),
	}
	if err := s.add(struck); err != nil {
		cancel()
		return nil, err
	}
	if err := struck.inject(fault); err != nil {
		return nil, failedHook(fault.Kind, err)
	}
	return struck, nil
}

// add keeps a strike, and begins its lease.
func (s *strikes) add(struck *strike) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &failure{status: http.StatusServiceUnavailable, Code: "closed", Message: "the test hooks are closed"}
	}
	over := 0
	for _, other := range s.known {
		if other.id == struck.id {
			return &failure{status: http.StatusConflict, Code: "known_fault", Message: "a fault with this id was struck before", Field: "id", Value: struck.id}
		}
		if other.isOver() {
			over++
		}
	}
	if lasting := len(s.known) - over; lasting >= activeMax {
		return &failure{
			status: http.StatusConflict, Code: "too_many_faults", Message: fmt.Sprintf("%d faults are active", lasting),
			Allowed: fmt.Sprintf("%d", activeMax), Fix: "revert some: DELETE faults/{id}",
		}
	}
	if over > endedMax {
		oldest := slices.IndexFunc(s.known, (*strike).isOver)
		s.known = slices.Delete(s.known, oldest, oldest+1)
	}
	s.known = append(s.known, struck)
	struck.mu.Lock()
	defer struck.mu.Unlock()
	struck.lend()
	return nil
}

// get returns the strike of an id.
func (s *strikes) get(id string) (*strike, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, struck := range s.known {
		if struck.id == id {
			return struck, nil
		}
	}
	return nil, &failure{status: http.StatusNotFound, Code: "unknown_fault", Message: "no fault has this id, or it was over long ago", Field: "id", Value: shortened(id)}
}

// lasting are those that are not over.
func (s *strikes) lasting() []*strike {
	s.mu.Lock()
	defer s.mu.Unlock()
	lasting := []*strike{}
	for _, struck := range s.known {
		if !struck.isOver() {
			lasting = append(lasting, struck)
		}
	}
	return lasting
}

// close reverts all of them, latest first.
func (s *strikes) close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	var left []error
	for _, struck := range slices.Backward(s.lasting()) {
		var err error
		for range 3 {
			if err = struck.end(byClose); err == nil || ctx.Err() != nil {
				break
			}
		}
		if err != nil {
			struck.giveUp()
			left = append(left, fmt.Errorf("testhooks: %s could not be reverted: %w", struck.kind, err))
		}
	}
	return errors.Join(left...)
}
