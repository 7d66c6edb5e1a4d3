package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bookiji/simcity/simcity"
)

// A Database is where faults strike. A host offers its own with [Offer]; a fault
// whose Database is set strikes that one instead.
type Database struct {
	// Pool is the host's own pool. [PoolExhaustion] needs it; the other faults
	// only take from it how to connect, and connect by themselves.
	Pool *pgxpool.Pool
	// Admin is the connection string of a role that may do the damage, straight to
	// the server, not through a pooler. Default: as Pool connects.
	Admin string
}

// databaseKey finds the host's database in its world.
type databaseKey struct{}

// Offer tells faults which database the host uses. Call it in the factory of
// [simcity.InProcess], where the pool is made.
func Offer(w *simcity.World, db Database) { w.SetValue(databaseKey{}, db) }

// in is the database of a fault in a world.
func (d Database) in(w *simcity.World) (Database, error) {
	if d != (Database{}) {
		return d, nil
	}
	if offered, ok := w.Value(databaseKey{}).(Database); ok && offered != (Database{}) {
		return offered, nil
	}
	return d, errors.New("the host offers no database: call postgres.Offer(w, postgres.Database{Pool: pool}) in its factory, or set the fault's Database")
}

// ready is the Ready of a fault that looks at its database first.
func (d Database) ready(look func(ctx context.Context, conn *pgx.Conn) error) func(*simcity.World) error {
	return func(w *simcity.World) error {
		db, err := d.in(w)
		if err != nil {
			return err
		}
		return db.visit(look)
	}
}

// applicationName is that of our own connections, so that they spare each other.
const applicationName = "simcity_chaos"

// connect opens a connection of our own. What it waits for ends on the server's
// clock, since the one here may be simulated and stand still meanwhile.
func (d Database) connect() (*pgx.Conn, error) {
	var config *pgx.ConnConfig
	switch {
	case d.Admin != "":
		var err error
		if config, err = pgx.ParseConfig(d.Admin); err != nil {
			return nil, fmt.Errorf("Database.Admin: %w", err) // pgx masks passwords
		}
	case d.Pool != nil:
		config = d.Pool.Config().ConnConfig
	default:
		return nil, errors.New("neither Database.Pool nor Database.Admin is set")
	}
	config.Tracer = nil
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.RuntimeParams["application_name"] = applicationName
	config.RuntimeParams["lock_timeout"] = "5s"
	config.RuntimeParams["statement_timeout"] = "60s"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	return pgx.ConnectConfig(context.Background(), config)
}

// visit runs do on a connection of our own and closes it. Its context carries
// neither an actor, since faults pass no seams, nor an end: a half-made fault
// could not be undone, and the server's time-outs bound what it does.
func (d Database) visit(do func(ctx context.Context, conn *pgx.Conn) error) error {
	conn, err := d.connect()
	if err != nil {
		return err
	}
	ctx := context.Background()
	err = do(ctx, conn)
	return errors.Join(err, conn.Close(ctx))
}

// change is a visit in one transaction. Faults change a database one after the
// other.
func (d Database) change(do func(ctx context.Context, tx pgx.Tx) error) error {
	return d.visit(func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('simcity_chaos'))`); err != nil {
				return err
			}
			return do(ctx, tx)
		})
	})
}

// undoing makes a revert that works once: again after an error, not again after
// it succeeded.
func undoing(undo func() error) func(context.Context) error {
	var mu sync.Mutex
	done := false
	return func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if done {
			return nil
		}
		err := undo()
		done = err == nil
		return err
	}
}
