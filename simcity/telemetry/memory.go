package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"
)

// Memory is a store whose rows end with the process: Mission Control's default,
// and the measure of what the others do. Create one with [NewMemory].
type Memory struct {
	mu       sync.RWMutex
	runs     map[string]*history
	requests map[string]*RunRequest
}

// history is all of one run.
type history struct {
	run       Run
	live      Live
	events    []Event // by index
	snapshots []Snapshot
}

var (
	_ Store    = (*Memory)(nil)
	_ Volatile = (*Memory)(nil)
)

// NewMemory returns an empty store. Nothing bounds it but [Memory.Purge].
func NewMemory() *Memory {
	return &Memory{runs: make(map[string]*history), requests: make(map[string]*RunRequest)}
}

// Volatile marks the store as one whose rows end with the process.
func (m *Memory) Volatile() {}

// BeginRun adds a run.
func (m *Memory) BeginRun(ctx context.Context, run Run) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.runs[run.ID] == nil {
		run.StartedAt, run.EndedAt = Micro(run.StartedAt), Micro(run.EndedAt)
		m.runs[run.ID] = &history{run: run, live: Live{RunID: run.ID, LastEventIndex: -1}}
	}
	return nil
}

// find returns a run's history; the caller holds mu.
func (m *Memory) find(ctx context.Context, id string) (*history, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h := m.runs[id]
	if h == nil {
		return nil, NoRun(id)
	}
	return h, nil
}

// Append adds rows.
func (m *Memory) Append(ctx context.Context, batch Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	h, err := m.find(ctx, batch.RunID)
	if err != nil {
		return err
	}
	for _, e := range batch.Events {
		e.ObservedAt = Micro(e.ObservedAt)
		h.events = insert(h.events, e, func(e *Event) int64 { return e.Index })
	}
	for _, s := range batch.Snapshots {
		s.CreatedAt = Micro(s.CreatedAt)
		h.snapshots = insert(h.snapshots, s, func(s *Snapshot) int64 { return s.Index })
	}
	if live := batch.Live; live != nil && !live.HeartbeatAt.Before(h.live.HeartbeatAt) {
		h.live = *live
		h.live.RunID, h.live.HeartbeatAt = batch.RunID, Micro(live.HeartbeatAt)
	}
	return nil
}

// insert puts a row in its place, nearly always the last, unless its index is
// there.
func insert[T any](rows []T, row T, index func(*T) int64) []T {
	i := place(rows, index(&row), index)
	if i < len(rows) && index(&rows[i]) == index(&row) {
		return rows
	}
	return slices.Insert(rows, i, row)
}

// place is where the first row is whose index is that or above.
func place[T any](rows []T, from int64, index func(*T) int64) int {
	if n := len(rows); n == 0 || index(&rows[n-1]) < from {
		return n
	}
	return sort.Search(len(rows), func(i int) bool { return index(&rows[i]) >= from })
}

// EndRun ends a run.
func (m *Memory) EndRun(ctx context.Context, run Run) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	h, err := m.find(ctx, run.ID)
	if err != nil {
		return err
	}
	if !h.run.Ended() {
		run.StartedAt, run.EndedAt = h.run.StartedAt, Micro(run.EndedAt)
		h.run = run
	}
	return nil
}

// Runs lists runs.
func (m *Memory) Runs(ctx context.Context, filter RunFilter) ([]Run, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	var runs []Run
	for _, h := range m.runs {
		if filter.Matches(&h.run) {
			runs = append(runs, h.run)
		}
	}
	slices.SortFunc(runs, func(a, b Run) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(b.ID, a.ID))
	})
	return runs[:min(len(runs), Limit(filter.Limit))], nil
}

// Run returns a run.
func (m *Memory) Run(ctx context.Context, id string) (Run, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	h, err := m.find(ctx, id)
	if err != nil {
		return Run{}, err
	}
	return h.run, nil
}

// Live returns a run's live row.
func (m *Memory) Live(ctx context.Context, id string) (Live, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	h, err := m.find(ctx, id)
	if err != nil {
		return Live{}, err
	}
	return h.live, nil
}

// Events lists events.
func (m *Memory) Events(ctx context.Context, id string, from int64, limit int) ([]Event, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	h, err := m.find(ctx, id)
	if err != nil {
		return nil, err
	}
	return page(h.events, from, limit, func(e *Event) int64 { return e.Index }), nil
}

// Snapshots lists snapshots.
func (m *Memory) Snapshots(ctx context.Context, id string, from int64, limit int) ([]Snapshot, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	h, err := m.find(ctx, id)
	if err != nil {
		return nil, err
	}
	return page(h.snapshots, from, limit, func(s *Snapshot) int64 { return s.Index }), nil
}

func page[T any](rows []T, from int64, limit int, index func(*T) int64) []T {
	rows = rows[place(rows, from, index):]
	return slices.Clone(rows[:min(len(rows), Limit(limit))])
}

// Purge deletes runs.
func (m *Memory) Purge(ctx context.Context, policy PurgePolicy) (Purged, error) {
	if err := cmp.Or(policy.Validate(), ctx.Err()); err != nil {
		return Purged{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var purged Purged
	for id, h := range m.runs {
		if !policy.Takes(h.lastHeardOf()) {
			continue
		}
		purged.Runs = append(purged.Runs, id)
		purged.Events += int64(len(h.events))
		purged.Snapshots += int64(len(h.snapshots))
		if !policy.DryRun {
			delete(m.runs, id)
		}
	}
	slices.Sort(purged.Runs)
	return purged, nil
}

// lastHeardOf is when a run ended, or gave its last sign of life.
func (h *history) lastHeardOf() time.Time {
	switch {
	case !h.run.EndedAt.IsZero():
		return h.run.EndedAt
	case h.live.HeartbeatAt.After(h.run.StartedAt):
		return h.live.HeartbeatAt
	}
	return h.run.StartedAt
}

func (m *Memory) String() string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return fmt.Sprintf("memory store of %d runs", len(m.runs))
}
