package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// LockTable locks a table against everybody, reads included, as a migration does
// that forgot its lock_timeout. Whoever wants the table waits in a socket read,
// so it needs a Stepped or Paced clock. It touches the statements that waited,
// looked for at every second of simulated time and at its end.
type LockTable struct {
	// Table is locked, with or without its schema. Required.
	Table string `json:"table" required:"true" doc:"the table to lock"`
	// Database is where. Default: the one that the host offers.
	Database Database `json:"-"`
}

// Fault is the fault LOCK_TABLE.
func (l LockTable) Fault() simcity.Fault {
	fault := chaos.Declare("LOCK_TABLE", &l)
	fault.Ready, fault.Inject = l.ready, l.inject
	return fault
}

func (l LockTable) ready(w *simcity.World) error {
	if !w.HostTimeIsReal() {
		return errors.New("under a Virtual clock simulated time stands still while somebody waits for the lock in a socket read, and so for ever: add .Clock(simcity.Stepped())")
	}
	db, err := l.Database.in(w)
	if err != nil {
		return err
	}
	return db.visit(func(ctx context.Context, conn *pgx.Conn) error {
		table, err := find(ctx, conn, tables, l.Table)
		if err != nil {
			return err
		}
		return allowed(ctx, conn, `has_table_privilege($1::oid, 'update') or has_table_privilege($1::oid, 'delete') or has_table_privilege($1::oid, 'truncate')`,
			"may not lock "+table.name, table.oid)
	})
}

func (l LockTable) inject(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
	db, err := l.Database.in(w)
	if err != nil {
		return nil, err
	}
	held, err := l.lock(db)
	if err != nil {
		return nil, err
	}
	held.touched = touched
	ctx, cancel := context.WithCancel(ctx)
	w.Go(ctx, "waiting", func(ctx context.Context) {
		for simcity.Sleep(ctx, time.Second) == nil {
			if err := held.count(); err != nil {
				w.Note("LOCK_TABLE could not see who waits: %v", err)
				return
			}
		}
	})
	return func(context.Context) error {
		cancel()
		held.unlock()
		return nil
	}, nil
}

// lock begins the transaction that holds the lock.
func (l LockTable) lock(db Database) (*tableLock, error) {
	conn, err := db.connect()
	if err != nil {
		return nil, err
	}
	held := &tableLock{conn: conn, waited: map[waiter]bool{}}
	if held.table, err = find(context.Background(), conn, tables, l.Table); err == nil {
		_, err = conn.Exec(context.Background(), fmt.Sprintf(`begin; lock table %s in access exclusive mode`, held.table.name))
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(context.Background()))
	}
	return held, nil
}

// tableLock is a transaction that holds a table.
type tableLock struct {
	table   relation
	touched *simcity.Touched

	mu     sync.Mutex
	conn   *pgx.Conn
	waited map[waiter]bool
}

// waiter is one statement that waits.
type waiter struct {
	pid   int32
	since time.Time
}

// count looks who waits now.
func (t *tableLock) count() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn == nil {
		return nil
	}
	rows, err := t.conn.Query(context.Background(),
		`select pid, waitstart from pg_locks where relation = $1 and not granted and waitstart is not null`, t.table.oid)
	if err != nil {
		return err
	}
	var one waiter
	_, err = pgx.ForEachRow(rows, []any{&one.pid, &one.since}, func() error {
		if !t.waited[one] {
			t.waited[one] = true
			t.touched.Add(1)
		}
		return nil
	})
	return err
}

// unlock ends the transaction with its connection: whichever comes through.
func (t *tableLock) unlock() {
	_ = t.count() // the lock matters more
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn == nil {
		return
	}
	_, _ = t.conn.Exec(context.Background(), `rollback`)
	_ = t.conn.Close(context.Background())
	t.conn = nil
}
