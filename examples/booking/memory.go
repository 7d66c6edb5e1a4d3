package booking

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// MemoryStore is a [Store] in this process's memory. One mutex makes every
// transaction atomic and isolated; an undo log takes back what a failed
// Update wrote.
//
// It keeps row-level policies of its own, which [MemoryStore.Misconfigure]
// breaks and GuardPolicies restores.
type MemoryStore struct {
	mu       sync.Mutex
	tables   *tables
	policies policies
}

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore {
	return &MemoryStore{tables: newTables()}
}

// View implements [Store].
func (s *MemoryStore) View(ctx context.Context, read func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return read(s.begin(ctx))
}

// Update implements [Store].
func (s *MemoryStore) Update(ctx context.Context, write func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := s.begin(ctx)
	tx.writable, tx.failed = true, true
	// Deferred, so that a write that panics is taken back as well.
	defer tx.end()
	err := write(tx)
	tx.failed = err != nil
	return err
}

// begin starts a transaction for whom the context says; the caller has the
// lock.
func (s *MemoryStore) begin(ctx context.Context) *memoryTx {
	who := IdentityOf(ctx)
	return &memoryTx{tables: s.tables, policies: &s.policies, who: who, service: who == (Identity{})}
}

// memoryTx is one transaction over the tables.
type memoryTx struct {
	*tables
	policies *policies
	who      Identity
	service  bool // who is the service itself, for whom there are no policies
	writable bool
	failed   bool
	undo     []func()
}

func (tx *memoryTx) end() {
	if !tx.failed {
		return
	}
	for i := len(tx.undo) - 1; i >= 0; i-- {
		tx.undo[i]()
	}
}

// write must come first in everything that changes the tables. The undo of a
// change is noted before the change is made.
func (tx *memoryTx) write(undo func()) error {
	if !tx.writable {
		return ErrReadOnly
	}
	tx.undo = append(tx.undo, undo)
	return nil
}

// NextID implements [Tx]. Ids that a failed Update drew are drawn again.
func (tx *memoryTx) NextID(of Sequence) (string, error) {
	last := tx.sequences[of]
	if err := tx.write(func() { tx.sequences[of] = last }); err != nil {
		return "", err
	}
	tx.sequences[of] = last + 1
	return string(of) + strconv.Itoa(last+1), nil
}

// tables is everything that is stored, with its indexes. Rows stay at their
// address, so that an index holds the row and not a copy.
type tables struct {
	sequences map[Sequence]int

	vendors  map[string]*Vendor   // by handle
	owned    map[string]string    // handle by owner
	handles  map[string][]string  // sorted handles by canonical city; "" has all
	bookings map[string]*row      // by id
	all      shelf                // by seq
	parties  map[string]*party    // by customer id or vendor handle
	holds    shelf                // held, by expiry
	finished shelf                // in a final state, by when they got there
	totals   Totals               // of everybody
	promos   map[string]promoUses // by code

	listings   map[string][]Vendor // as of listingsAt, like handles
	listingsAt time.Time
	audit      []AuditRow // oldest first, at most auditMax

	answers     map[IdempotencyKey]Answer
	answerQueue []IdempotencyKey // by age, oldest first

	seq         int64 // of the latest row
	live        int   // rows in a live state
	messages    int
	entries     int
	textBytes   int64 // of all messages
	answerBytes int64
}

// promoUses is the set of customers who used a code.
type promoUses map[string]bool

func newTables() *tables {
	return &tables{
		sequences: map[Sequence]int{},
		vendors:   map[string]*Vendor{},
		owned:     map[string]string{},
		handles:   map[string][]string{},
		bookings:  map[string]*row{},
		all:       shelf{by: bySeq},
		parties:   map[string]*party{},
		holds:     shelf{by: byExpiry},
		finished:  shelf{by: byFinish},
		promos:    map[string]promoUses{},
		answers:   map[IdempotencyKey]Answer{},
	}
}
