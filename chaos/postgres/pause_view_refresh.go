package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// PauseViewRefresh makes every REFRESH MATERIALIZED VIEW fail for real while
// reads of the view go on, so that what it shows grows old. Nothing waits, so it
// works under every clock: an event trigger raises an error (SQLSTATE 55P03, lock
// not available) at the end of the command, which rolls it back. It needs a
// superuser. It touches the refreshes that it suppressed, counted when it ends.
type PauseViewRefresh struct {
	// View is the materialized view, with or without its schema. Default: all.
	View string `json:"view" doc:"the materialized view; empty: all"`
	// Database is where. Default: the one that the host offers.
	Database Database `json:"-"`
}

// Fault is the fault PAUSE_MV_REFRESH.
func (p PauseViewRefresh) Fault() simcity.Fault {
	fault := chaos.Declare("PAUSE_MV_REFRESH", &p)
	fault.Ready = p.Database.ready(p.ready)
	fault.Inject = func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		db, err := p.Database.in(w)
		if err != nil {
			return nil, err
		}
		name, err := p.pause(db)
		if err != nil {
			return nil, err
		}
		return undoing(func() error {
			suppressed, err := resume(db, name)
			touched.Add(suppressed)
			return err
		}), nil
	}
	return fault
}

// RefreshHook is the same fault as a function, for hosts that are asked to pause
// their refreshes and to resume them. A second resume does nothing and tells the
// same number.
func RefreshHook(db Database, view string) func(context.Context) (resume func(context.Context) (suppressed int64, err error), err error) {
	return func(context.Context) (func(context.Context) (int64, error), error) {
		name, err := PauseViewRefresh{View: view}.pause(db)
		if err != nil {
			return nil, err
		}
		var suppressed int64
		undo := undoing(func() (err error) {
			suppressed, err = resume(db, name)
			return err
		})
		return func(ctx context.Context) (int64, error) {
			err := undo(ctx)
			return suppressed, err
		}, nil
	}
}

func (p PauseViewRefresh) ready(ctx context.Context, conn *pgx.Conn) error {
	if _, err := p.find(ctx, conn); err != nil {
		return err
	}
	return allowed(ctx, conn, isSuperuser, "is no superuser, and only one may create event triggers")
}

// find looks the view up; all of them together have no name.
func (p PauseViewRefresh) find(ctx context.Context, q querier) (relation, error) {
	if p.View != "" {
		return find(ctx, q, views, p.View)
	}
	known, err := list(ctx, q, views)
	if err == nil && len(known) == 0 {
		err = errors.New("the database has no materialized view whose refresh could be paused")
	}
	return relation{}, err
}

// pause creates the event trigger and returns the name of what it is made of.
func (p PauseViewRefresh) pause(db Database) (name string, err error) {
	err = db.change(func(ctx context.Context, tx pgx.Tx) error {
		view, err := p.find(ctx, tx)
		if err != nil {
			return err
		}
		if name, err = create(ctx, tx, "pause_view_refresh"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, fmt.Sprintf(`
			create function %[1]s.%[2]s() returns event_trigger language plpgsql security definer set search_path = '' as $simcity$
			declare
				refreshed text;
			begin
				select object_identity into refreshed from pg_catalog.pg_event_trigger_ddl_commands() where %[3]d in (0, objid);
				if found then
					perform pg_catalog.nextval('%[1]s.%[2]s');
					raise exception using errcode = '55P03',
						message = pg_catalog.format('simcity: PAUSE_MV_REFRESH refuses to refresh %%s', refreshed);
				end if;
			end
			$simcity$`, schema, name, view.oid)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, fmt.Sprintf(`create event trigger %s%s on ddl_command_end when tag in ('REFRESH MATERIALIZED VIEW') execute function %s.%s()`,
			prefix, name, schema, name))
		return err
	})
	return name, err
}

// resume drops the event trigger and tells how many refreshes it suppressed.
func resume(db Database, name string) (suppressed int64, err error) {
	err = db.change(func(ctx context.Context, tx pgx.Tx) error {
		if suppressed, err = passed(ctx, tx, name); err != nil {
			return err
		}
		return remove(ctx, tx, name)
	})
	if err != nil {
		suppressed = 0
	}
	return suppressed, err
}
