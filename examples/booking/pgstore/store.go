package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bookiji/simcity/examples/booking"
)

// Config describes a Store.
type Config struct {
	// Pool gives the connections. Required. It stays the caller's.
	Pool *pgxpool.Pool

	// LockTimeout is how long a statement waits for a lock before its Update
	// is rolled back and tried again. Default 5 seconds; at least a millisecond.
	LockTimeout time.Duration

	// Bugs are the planted faults to switch on. Default none. Some change the
	// schema; Migrate takes that back.
	Bugs []Bug
}

// Store is a [booking.Store] on PostgreSQL. Open makes it. There is nothing to
// close but the pool.
type Store struct {
	pool *pgxpool.Pool
	bugs map[Bug]bool

	locks     string // the setting of lock_timeout
	pauses    atomic.Int64
	refreshes atomic.Int64 // BugRefreshDies
}

var _ booking.Store = (*Store)(nil)

// Open returns the store of a database that has been migrated.
func Open(ctx context.Context, config Config) (*Store, error) {
	switch {
	case config.Pool == nil:
		return nil, errors.New("pgstore: Config.Pool is missing")
	case config.LockTimeout == 0:
		config.LockTimeout = 5 * time.Second
	case config.LockTimeout < time.Millisecond:
		return nil, errors.New("pgstore: Config.LockTimeout is less than a millisecond")
	}
	s := &Store{
		pool:  config.Pool,
		bugs:  map[Bug]bool{},
		locks: fmt.Sprintf("; set local lock_timeout = %d", config.LockTimeout.Milliseconds()),
	}
	var migrated bool
	err := s.pool.QueryRow(ctx, `select to_regclass('public.policy_intent') is not null`).Scan(&migrated)
	if err != nil {
		return nil, fmt.Errorf("pgstore: open: %w", err)
	}
	if !migrated {
		return nil, errors.New("pgstore: open: the database has no schema; run Migrate first")
	}
	return s, s.plant(ctx, config.Bugs)
}

// View implements [booking.Store]. It reads one snapshot.
func (s *Store) View(ctx context.Context, read func(booking.Tx) error) error {
	begin := "begin isolation level repeatable read read only" + roleOf(booking.IdentityOf(ctx))
	return s.run(ctx, begin, false, read)
}

// Update implements [booking.Store]. It may run write several times, until it
// ran as if alone. A slot that the database knows to be taken is
// [booking.ErrTaken].
func (s *Store) Update(ctx context.Context, write func(booking.Tx) error) error {
	level := "serializable"
	if s.has(BugNoExclusion) {
		level = "read committed"
	}
	begin := "begin isolation level " + level + s.locks + noScans + roleOf(booking.IdentityOf(ctx))
	return s.again(ctx, func() error { return s.run(ctx, begin, true, write) })
}

// noScans keeps the planner from reading small tables whole. A transaction that
// read a table whole is in conflict with everybody who writes there.
const noScans = "; set local enable_seqscan = off"

// run is one transaction on one connection. Whatever happens in do, the
// connection goes back.
func (s *Store) run(ctx context.Context, begin string, writable bool, do func(booking.Tx) error) error {
	conn, err := s.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
	if err != nil {
		return fmt.Errorf("pgstore: begin: %w", err)
	}
	// Deferred, so that a write that panics is taken back as well. After a
	// commit it does nothing.
	defer rollback(ctx, conn)
	t := &tx{ctx: ctx, conn: conn, store: s, writable: writable, who: booking.IdentityOf(ctx)}
	if err := do(t); err != nil {
		return err
	}
	if t.failed != nil { // do has passed over an error of the database
		return t.failed
	}
	if err := conn.Commit(ctx); err != nil {
		return fmt.Errorf("pgstore: commit: %w", err)
	}
	return t.afterwards()
}

// rollback ends a transaction even if its client has left, as long as the
// database answers.
func rollback(ctx context.Context, conn pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_ = conn.Rollback(ctx) // a connection that cannot roll back is closed
}

// asOwner begins a transaction of the store's own housekeeping.
func (s *Store) asOwner() pgx.TxOptions {
	return pgx.TxOptions{BeginQuery: "begin" + s.locks + "; set local search_path = ''"}
}
