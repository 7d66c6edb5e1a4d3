package simcity

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// actorKey finds the actor for whom code runs, in the context of requests and
// lives.
type actorKey struct{}

// hands ties an actor to its run.
type hands struct {
	run   *run
	actor actor
	host  context.Context      // what requests of this actor hand to the host
	guest bool                 // of host code that works for the actor, on another goroutine
	from  string               // its network address
	line  atomic.Pointer[line] // that its last request has left
}

func handsOf(ctx context.Context) *hands {
	h, _ := ctx.Value(actorKey{}).(*hands)
	return h
}

func (r *run) withActor(ctx context.Context, a actor) context.Context {
	h := &hands{run: r, actor: a, from: addressOf(a)}
	guest := &hands{run: r, actor: a, from: h.from, guest: true}
	guest.host = context.WithValue(context.Background(), actorKey{}, guest)
	h.host = guest.host
	return context.WithValue(ctx, actorKey{}, h)
}

// Yield is a seam in host or test code: a named place where the actor for whom
// it runs may be parked while others go first, or delayed or failed by a fault.
// Put it where the host would touch a database or another service. Without a
// running simulation in ctx it returns nil at once. Never call it with a lock
// held that other actors need. If a handler forks, give each branch a name of its
// own ("stock/1", "stock/2"): which of two goroutines of one actor goes first at
// seams of one name is not drawn. Compiled with the overlay of cmd/simcity it is,
// and locks may be held.
func Yield(ctx context.Context, name string) error {
	h := handsOf(ctx)
	if h == nil {
		return nil
	}
	var delay time.Duration
	for _, hook := range h.run.seams.hooksNow() {
		d, err := hook(ctx, name)
		if err != nil {
			return err
		}
		delay += max(d, 0)
	}
	contended, err := h.actor.Seam(name, delay)
	h.run.seams.passed(name, contended)
	h.run.tracing.pass(h.run.elapsed(), h.actor.ID, name)
	if err != nil {
		return err
	}
	return ctx.Err()
}

// Sleep parks the actor for whom ctx runs for d of simulated time, and returns
// early with ctx's error or [ErrOver]. It is how a fault waits in the middle of a
// request, or between the rounds of a storm. Without a running simulation in ctx
// it returns at once.
func Sleep(ctx context.Context, d time.Duration) error {
	h := handsOf(ctx)
	switch {
	case h == nil:
		return ctx.Err()
	case !h.guest:
		return h.actor.Sleep(ctx, d)
	}
	if _, err := h.actor.Seam("sleep", d); err != nil {
		return err
	}
	return ctx.Err()
}

// CitizenOf is the id of the citizen for whom ctx runs, in its life, in a
// transport around its requests, or in host code that answers them. It is false
// for collectors, probes and whatever else is no citizen.
func CitizenOf(ctx context.Context) (id string, ok bool) {
	h := handsOf(ctx)
	if h == nil {
		return "", false
	}
	kind, rest, isNumbered := strings.Cut(h.actor.ID, "/")
	if !isNumbered || slices.Contains(reservedNames, kind) {
		return "", false
	}
	number, _, _ := strings.Cut(rest, "/") // without a device
	return h.actor.ID[:len(kind)+1+len(number)], true
}

// FromHost tells whether ctx is that of a request of [World.HostClient].
func FromHost(ctx context.Context) bool {
	h := handsOf(ctx)
	return h != nil && strings.HasPrefix(h.actor.ID, "host/")
}

// A SeamResult tells how often host code passed a seam for an actor, and how
// often somebody else went first there. A seam that is never contended finds no
// race.
type SeamResult struct {
	Name      string `json:"name"`
	Passed    int64  `json:"passed"`
	Contended int64  `json:"contended"`
}

func (s *seams) passed(name string, contended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	result := s.results[name]
	if result == nil {
		if len(s.results) >= maxSeams {
			return
		}
		if s.results == nil {
			s.results = make(map[string]*SeamResult)
		}
		result = &SeamResult{Name: name}
		s.results[name] = result
	}
	result.Passed++
	if contended {
		result.Contended++
	}
}

// maxSeams is how many names of seams are counted.
const maxSeams = 1000

// summary is the results in the order of their names.
func (s *seams) summary() []SeamResult {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []SeamResult
	for _, name := range slices.Sorted(maps.Keys(s.results)) {
		all = append(all, *s.results[name])
	}
	return all
}

type seamHook = func(ctx context.Context, seam string) (time.Duration, error)

// seams holds what faults have put around requests and at seams.
type seams struct {
	mu    sync.Mutex
	next  int
	wraps []seamEntry[func(http.RoundTripper) http.RoundTripper]
	hooks []seamEntry[seamHook]

	results map[string]*SeamResult

	wrapped atomic.Pointer[http.RoundTripper] // base within all wraps
	called  atomic.Pointer[[]seamHook]
	base    http.RoundTripper
}

type seamEntry[T any] struct {
	id    int
	value T
}

// transport is the way to the target with all wraps around it.
// It is nil as long as there is no target.
func (s *seams) transport() http.RoundTripper {
	if wrapped := s.wrapped.Load(); wrapped != nil {
		return *wrapped
	}
	return nil
}

func (s *seams) hooksNow() []seamHook {
	if hooks := s.called.Load(); hooks != nil {
		return *hooks
	}
	return nil
}

func (s *seams) setBase(base http.RoundTripper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = base
	s.publish()
}

func (s *seams) wrap(wrap func(http.RoundTripper) http.RoundTripper) (off func()) {
	return addSeam(s, &s.wraps, wrap)
}

func (s *seams) hook(hook seamHook) (off func()) {
	return addSeam(s, &s.hooks, hook)
}

func addSeam[T any](s *seams, list *[]seamEntry[T], value T) (off func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	id := s.next
	*list = append(slices.Clone(*list), seamEntry[T]{id, value})
	s.publish()
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		*list = slices.DeleteFunc(slices.Clone(*list), func(e seamEntry[T]) bool { return e.id == id })
		s.publish()
	}
}

// publish makes the lists visible to requests. The caller holds mu.
func (s *seams) publish() {
	if s.base != nil { // there is a target
		transport := s.base
		for _, w := range s.wraps {
			transport = w.value(transport)
		}
		s.wrapped.Store(&transport)
	}
	hooks := make([]seamHook, len(s.hooks))
	for i, h := range s.hooks {
		hooks[i] = h.value
	}
	s.called.Store(&hooks)
}
