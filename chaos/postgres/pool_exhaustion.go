package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// PoolExhaustion takes connections out of the host's pool and keeps them, so
// that the host waits for those that are left, or for its own deadline. It takes
// at once what nobody uses, and queues for the rest like everybody else. It
// touches the connections that it holds.
type PoolExhaustion struct {
	// Connections it takes. Default: as many as the pool may have.
	Connections int `json:"connections" range:"1..10000" doc:"how many it takes; none: as many as the pool may have"`
	// Database holds the pool. Default: the one that the host offers.
	Database Database `json:"-"`
}

// Fault is the fault POOL_EXHAUSTION.
func (p PoolExhaustion) Fault() simcity.Fault {
	fault := chaos.Declare("POOL_EXHAUSTION", &p)
	fault.Ready = func(w *simcity.World) error {
		_, err := p.pool(w)
		return err
	}
	fault.Inject = p.inject
	return fault
}

func (p PoolExhaustion) pool(w *simcity.World) (*pgxpool.Pool, error) {
	db, err := p.Database.in(w)
	if err != nil {
		return nil, err
	}
	if db.Pool == nil {
		return nil, errors.New("it exhausts a pool, and the host offers none: set Database.Pool")
	}
	if most := int(db.Pool.Config().MaxConns); p.Connections > most {
		return nil, fmt.Errorf("the pool has %d connections at most, not %d", most, p.Connections)
	}
	return db.Pool, nil
}

func (p PoolExhaustion) inject(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
	pool, err := p.pool(w)
	if err != nil {
		return nil, err
	}
	h := &hoard{touched: touched}
	ctx, h.cancel = context.WithCancel(ctx)
	wanted := p.Connections
	if wanted == 0 {
		wanted = int(pool.Config().MaxConns)
	}
	for wanted > 0 && free(pool.Stat()) {
		if err := h.take(ctx, pool); err != nil {
			h.release()
			return nil, err
		}
		wanted--
	}
	for i := range wanted {
		w.Go(ctx, fmt.Sprintf("connection/%d", i+1), func(ctx context.Context) {
			_ = h.take(ctx, pool) // it ends when the fault does
		})
	}
	return func(context.Context) error { h.release(); return nil }, nil
}

// free reports whether a connection can be had without waiting for somebody.
func free(stat *pgxpool.Stat) bool {
	return stat.AcquiredConns()+stat.ConstructingConns() < stat.MaxConns()
}

// hoard is what the fault holds.
type hoard struct {
	touched *simcity.Touched
	cancel  context.CancelFunc

	mu   sync.Mutex
	held []*pgxpool.Conn
	over bool
}

func (h *hoard) take(ctx context.Context, pool *pgxpool.Pool) error {
	conn, err := pool.Acquire(withoutActor{ctx})
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		conn.Release()
		return nil
	}
	h.held = append(h.held, conn)
	h.touched.Add(1)
	return nil
}

func (h *hoard) release() {
	h.cancel()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	for _, conn := range h.held {
		conn.Release()
	}
	h.held = nil
}

// withoutActor is a context for which the pool's seams let through: a fault
// passes none.
type withoutActor struct{ context.Context }

func (withoutActor) Value(any) any { return nil }
