package postgres

import (
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Seams puts seams before the statements of a host that uses pgx. The zero value
// is right for a Virtual clock.
type Seams struct {
	// InTransactions puts seams before statements inside of transactions too, and
	// before commit and rollback. Use it with the Stepped clock alone: an actor
	// that is parked there keeps its row locks, and another one that waits for
	// them does so in a socket read, which stops simulated time for ever.
	//
	// Without it no seam is passed as long as any connection of the pool has a
	// transaction open, so nobody is ever parked who holds a lock in the database.
	InTransactions bool
}

// Attach puts the seams into the configuration of a pool, before the pool is
// made. A tracer that is there already keeps working.
//
// It also keeps the pool from renewing its connections by time: a simulated day
// passes in a blink, and a check that fires in the middle of somebody's turn, at
// a moment drawn from a random jitter, would let no run repeat. So
// MaxConnLifetime and MaxConnLifetimeJitter become 0 (no limit), and
// MaxConnIdleTime and HealthCheckPeriod longer than any run. Set them afterwards
// where they are what you test.
func (s Seams) Attach(config *pgxpool.Config) {
	config.ConnConfig.Tracer = s.Tracer(config.ConnConfig.Tracer)
	config.MaxConnLifetime = 0
	config.MaxConnLifetimeJitter = 0
	config.MaxConnIdleTime = longerThanAnyRun
	config.HealthCheckPeriod = longerThanAnyRun
}

// longerThanAnyRun is long, and still leaves room to be added to a date.
const longerThanAnyRun = time.Duration(math.MaxInt64 / 2)

// Tracer returns the seams as a tracer for connections that belong to no pool of
// pgx, such as those of its stdlib package, together with the one that is there
// already, which may be nil. All connections with one such tracer count as one
// pool: a transaction on one of them keeps the others from being parked.
func (s Seams) Tracer(existing pgx.QueryTracer) pgx.QueryTracer {
	ours := &tracer{inTransactions: s.InTransactions}
	if existing == nil {
		return ours
	}
	return multitracer.New(existing, ours)
}
