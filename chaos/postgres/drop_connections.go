package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// DropConnections ends connections to the database from the server's side, as a
// failover or an administrator does (SQLSTATE 57P01). Pools notice and connect
// anew: pgx at once where a connection was idle for more than a second, else by
// the failure of its next statement. It touches the connections that it ended.
type DropConnections struct {
	// Share of the connections, above 0 to 1, spread over them from the oldest to
	// the youngest. Default 1.
	Share float64 `json:"share" default:"1" range:">0..1" doc:"share of the connections"`
	// Every is the simulated time from one drop to the next while the fault lasts,
	// 100 ms or more. Default: it drops once.
	Every time.Duration `json:"everyMs" range:"100..86400000" unit:"ms" doc:"from one drop to the next; none: it drops once"`
	// ApplicationName of the connections. Default: whatever they are called, apart
	// from those of other faults.
	ApplicationName string `json:"applicationName" doc:"what the connections are called; empty: any"`
	// Database is where. Default: the one that the host offers.
	Database Database `json:"-"`
}

// Fault is the fault DROP_POSTGRES_CONNECTIONS.
func (d DropConnections) Fault() simcity.Fault {
	fault := chaos.Declare("DROP_POSTGRES_CONNECTIONS", &d)
	fault.Ready = func(w *simcity.World) error {
		db, err := d.Database.in(w)
		if err != nil {
			return err
		}
		return db.visit(func(ctx context.Context, conn *pgx.Conn) error { return d.ready(ctx, db, conn) })
	}
	fault.Inject = d.inject
	return fault
}

func (d DropConnections) ready(ctx context.Context, db Database, conn *pgx.Conn) error {
	if db.Admin == "" {
		return nil // it ends those of its own role
	}
	return allowed(ctx, conn, `(`+isSuperuser+`) or pg_has_role('pg_signal_backend', 'member')`+
		` or not exists (select from pg_stat_activity where datname = current_database() and usename <> current_user)`,
		"may not end the connections of other roles (it is no member of pg_signal_backend)")
}

func (d DropConnections) inject(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
	db, err := d.Database.in(w)
	if err != nil {
		return nil, err
	}
	dropped, err := d.drop(db)
	touched.Add(dropped)
	if err != nil || d.Every == 0 {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	w.Go(ctx, "drop", func(ctx context.Context) {
		for simcity.Sleep(ctx, d.Every) == nil {
			dropped, err := d.drop(db)
			touched.Add(dropped)
			if err != nil {
				w.Note("DROP_POSTGRES_CONNECTIONS could not strike again: %v", err)
				return
			}
		}
	})
	return func(context.Context) error { cancel(); return nil }, nil
}

// drop ends the share of the connections that there are now, and waits until the
// server is done with each, so that what the host meets next does not depend on
// real time.
func (d DropConnections) drop(db Database) (dropped int64, err error) {
	err = db.visit(func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, fmt.Sprintf(`
			select count(*) filter (where pg_terminate_backend(pid, %d))
			from (
				select pid, row_number() over (order by backend_start, pid) as n
				from pg_stat_activity
				where datname = current_database() and backend_type = 'client backend'
					and pid <> pg_backend_pid() and application_name <> $1 and $2 in ('', application_name)
			) others
			where floor(n * %[2]s + %[3]s) > floor((n - 1) * %[2]s + %[3]s)`,
			goneWithin.Milliseconds(), decimal(d.Share), decimal(rounding)), applicationName, d.ApplicationName).Scan(&dropped)
	})
	return dropped, err
}

// goneWithin is how long the server may take to end a connection, in real time.
const goneWithin = 5 * time.Second

// decimal writes a number as SQL's exact numeric.
func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
