package locks

import (
	"runtime"
	"slices"
	"sync"
	"unsafe"
)

// The kinds of locks, as the patch numbers them.
const (
	kindMutex = iota
	kindWrite
	kindRead
)

// Config says what a table does.
type Config struct {
	// Packages are the host's.
	Packages Patterns
	// Seed is what select, map order and math/rand follow in the run's goroutines.
	Seed uint64
	// Steps counts how often somebody was given leave to go on. Waiting for a lock
	// of no host's is a park only if that happened meanwhile: otherwise whoever
	// held it ran all the time, and meeting them was chance.
	Steps func() uint64
	// Deadlocked is called when goroutines wait for one another in a circle, by
	// the one that closed it. See [Table.Standing].
	Deadlocked func()
}

// A Table knows which goroutine of a run holds which lock, and who waits.
type Table struct {
	config Config
	sites  sites

	mu      sync.Mutex
	locks   map[unsafe.Pointer]*entry
	waiting map[uint64]*waiter // by goroutine
	ours    map[uint64]int     // how many locks of simcity's own a goroutine holds
	circles []*circle
	spare   []*entry
}

// An entry is a lock that is held or waited for.
type entry struct {
	owners  []owner
	waiters []*waiter
	writers []uint64 // goroutines that want to write and have not got it yet
}

// An owner is a goroutine that holds a lock.
type owner struct {
	goroutine uint64
	who       string
	site      *site
	kind      int
}

// A waiter is a goroutine that waits for a lock.
type waiter struct {
	goroutine uint64
	who       string
	site      *site
	entry     *entry
	kind      int
	wake      chan struct{}
	stack     []uintptr
}

// Open makes the table of a run, which must be closed. It is nil in a binary
// without the overlay, and everything that is called on nil does nothing.
func Open(config Config) *Table {
	if patched == nil {
		return nil
	}
	patched.opened()
	return &Table{
		config:  config,
		sites:   sites{packages: config.Packages},
		locks:   make(map[unsafe.Pointer]*entry),
		waiting: make(map[uint64]*waiter),
		ours:    make(map[uint64]int),
	}
}

// Close ends the table. Goroutines that wait, wait on.
func (t *Table) Close() {
	if t != nil {
		patched.closed()
	}
}

// acquire takes a lock for the calling goroutine. It is false for a lock that is held by somebody
// outside of the run, who is none of its business.
func (t *Table) acquire(m *Mark, goroutine uint64, lock unsafe.Pointer, kind int, pc uintptr) (taken bool) {
	s := t.sites.of(pc)
	if s.class == classBare {
		return false
	}
	if s.class == classHost {
		t.seam(m, goroutine, s.seam)
	}
	for first := true; ; first = false {
		steps := t.config.Steps()
		w, taken := t.takeOrWait(m, goroutine, lock, kind, s, first)
		if w == nil {
			return taken
		}
		<-w.wake
		if s.class == classHost || s.class == classOther && t.config.Steps() != steps {
			t.seam(m, goroutine, s.seam)
		}
	}
}

// seam parks the calling goroutine, unless it holds a lock of simcity's own.
func (t *Table) seam(m *Mark, goroutine uint64, place string) {
	if m.park == nil {
		return
	}
	t.mu.Lock()
	busy := t.ours[goroutine] > 0
	t.mu.Unlock()
	if !busy {
		m.park(place)
	}
}

// takeOrWait takes the lock or queues for it. Neither: it is an outsider's.
func (t *Table) takeOrWait(m *Mark, goroutine uint64, lock unsafe.Pointer, kind int, s *site, first bool) (w *waiter, taken bool) {
	t.mu.Lock()
	e := t.locks[lock]
	if e == nil || kind != kindRead || !e.writerWaits() {
		if patched.try(lock, kind) {
			t.own(e, m, goroutine, lock, kind, s)
			t.mu.Unlock()
			return nil, true
		}
	}
	if e == nil || len(e.owners) == 0 && !e.writerWaits() {
		t.leave(e, goroutine, lock)
		t.mu.Unlock()
		return nil, false
	}
	w = &waiter{goroutine: goroutine, who: m.who, site: s, entry: e, kind: kind, wake: make(chan struct{})}
	w.stack = make([]uintptr, 32)
	w.stack = w.stack[:runtime.Callers(6, w.stack)]
	if first && kind == kindWrite {
		e.writers = append(e.writers, goroutine)
	}
	e.waiters = append(e.waiters, w)
	t.waiting[goroutine] = w
	closed := t.closesCircle(w)
	t.mu.Unlock()
	if closed && t.config.Deadlocked != nil {
		t.config.Deadlocked()
	}
	return w, false
}

// writerWaits tells whether readers have to wait for a writer that waits.
func (e *entry) writerWaits() bool { return len(e.writers) > 0 }

// pends tells whether a goroutine is one of those writers.
func (e *entry) pends(goroutine uint64) bool { return slices.Contains(e.writers, goroutine) }

// own notes that a goroutine holds the lock. The caller holds mu.
func (t *Table) own(e *entry, m *Mark, goroutine uint64, lock unsafe.Pointer, kind int, s *site) {
	if e == nil {
		e = t.newEntry()
		t.locks[lock] = e
	}
	e.owners = append(e.owners, owner{goroutine: goroutine, who: m.who, site: s, kind: kind})
	if kind == kindWrite {
		e.writers = slices.DeleteFunc(e.writers, func(g uint64) bool { return g == goroutine })
	}
	if s.class == classOurs {
		t.ours[goroutine]++
	}
}

// leave gives up on a lock that an outsider holds. The caller holds mu.
func (t *Table) leave(e *entry, goroutine uint64, lock unsafe.Pointer) {
	if e == nil {
		return
	}
	e.writers = slices.DeleteFunc(e.writers, func(g uint64) bool { return g == goroutine })
	t.wakeAll(e) // readers that waited for this writer
	t.drop(e, lock)
}

// tried is TryLock: no seam, but a lock that is held afterwards is known.
func (t *Table) tried(m *Mark, goroutine uint64, lock unsafe.Pointer, kind int, pc uintptr) bool {
	s := t.sites.of(pc)
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.locks[lock]
	if e != nil && kind == kindRead && e.writerWaits() || !patched.try(lock, kind) {
		return false
	}
	t.own(e, m, goroutine, lock, kind, s)
	return true
}

// release gives a lock back and wakes those who wait for it. It is false for a
// lock that was not taken here.
func (t *Table) release(goroutine uint64, lock unsafe.Pointer, kind int, pc uintptr) bool {
	if t.sites.of(pc).class == classBare {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.locks[lock]
	if e == nil || len(e.owners) == 0 {
		return false
	}
	i := slices.IndexFunc(e.owners, func(o owner) bool { return o.goroutine == goroutine })
	if i < 0 {
		i = 0 // somebody gives it back for whoever took it
	}
	if o := e.owners[i]; o.site.class == classOurs {
		if t.ours[o.goroutine]--; t.ours[o.goroutine] == 0 {
			delete(t.ours, o.goroutine)
		}
	}
	e.owners = slices.Delete(e.owners, i, i+1)
	patched.unlock(lock, kind)
	t.wakeAll(e)
	t.drop(e, lock)
	return true
}

// wakeAll lets all who wait try again: who gets the lock is for the schedule to
// say. The caller holds mu.
func (t *Table) wakeAll(e *entry) {
	for _, w := range e.waiters {
		delete(t.waiting, w.goroutine)
		close(w.wake)
	}
	clear(e.waiters)
	e.waiters = e.waiters[:0]
}

func (t *Table) newEntry() *entry {
	last := len(t.spare) - 1
	if last < 0 {
		return &entry{}
	}
	e := t.spare[last]
	t.spare = t.spare[:last]
	return e
}

// drop forgets a lock that nobody holds or wants. The caller holds mu.
func (t *Table) drop(e *entry, lock unsafe.Pointer) {
	if len(e.owners) == 0 && len(e.waiters) == 0 && len(e.writers) == 0 {
		delete(t.locks, lock)
		t.spare = append(t.spare, e)
	}
}
