package postgres

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// FailStatements makes a share of the writes to a table fail, with a real error
// of the server: a trigger raises it before the statement does anything. Which
// ones fail depends on their order alone: with a share of 0.25 every fourth. It
// touches the statements that failed, counted when it ends.
type FailStatements struct {
	// Table is written to, with or without its schema. Required.
	Table string `json:"table" required:"true" doc:"the table whose writes fail"`
	// Share of the statements that fail, above 0 to 1. Default 1.
	Share float64 `json:"share" default:"1" range:">0..1" doc:"share of the statements that fail"`
	// SQLState is the error's code. Default 40001, a serialization failure, after
	// which a host should try again.
	SQLState string `json:"sqlState" default:"40001" doc:"code of the error, such as 40P01 (deadlock) or 53300 (too many connections)"`
	// Operations are those that fail: insert, update, delete, truncate. Default
	// the first three. An insert with "on conflict do update" counts as both. A
	// select has no triggers: fail it at its seam.
	Operations []string `json:"operations" default:"insert update delete" oneof:"insert update delete truncate" doc:"the statements that fail"`
	// Database is where. Default: the one that the host offers.
	Database Database `json:"-"`
}

// Fault is the fault FAIL_STATEMENTS.
func (f FailStatements) Fault() simcity.Fault {
	fault := chaos.Declare("FAIL_STATEMENTS", &f)
	fault.Err = cmp.Or(fault.Err, f.wrongState(fault.Kind))
	fault.Ready = f.Database.ready(f.ready)
	fault.Inject = func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		db, err := f.Database.in(w)
		if err != nil {
			return nil, err
		}
		return f.inject(db, touched)
	}
	return fault
}

// sqlState is a code that an error can have: five digits or capitals, of no
// class that stands for success or a warning.
var sqlState = regexp.MustCompile(`^[0-9A-Z]{5}$`)

func (f FailStatements) wrongState(kind string) error {
	if sqlState.MatchString(f.SQLState) && !slices.Contains([]string{"00", "01", "02"}, f.SQLState[:2]) {
		return nil
	}
	return &simcity.FieldError{Field: kind + ".sqlState", Value: strconv.Quote(f.SQLState), Allowed: "five digits or capitals, of an error's class", Fix: "give 40001 (serialization failure), 40P01 (deadlock), 53300 (too many connections) or another code of Postgres"}
}

func (f FailStatements) ready(ctx context.Context, conn *pgx.Conn) error {
	table, err := find(ctx, conn, tables, f.Table)
	if err != nil {
		return err
	}
	if err := allowed(ctx, conn, mayCreate, mayCreateWhy); err != nil {
		return err
	}
	return allowed(ctx, conn, ownsTable, "does not own "+table.name+", and only an owner may drop a trigger", table.oid)
}

func (f FailStatements) inject(db Database, touched *simcity.Touched) (func(context.Context) error, error) {
	var name string
	err := db.change(func(ctx context.Context, tx pgx.Tx) error {
		table, err := find(ctx, tx, tables, f.Table)
		if err != nil {
			return err
		}
		if name, err = create(ctx, tx, "fail_statements"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, f.function(name, table)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, fmt.Sprintf(`create trigger %s%s before %s on %s for each statement execute function %s.%s()`,
			prefix, name, strings.Join(f.Operations, " or "), table.name, schema, name))
		return err
	})
	if err != nil {
		return nil, err
	}
	return undoing(func() error {
		var seen int64
		err := db.change(func(ctx context.Context, tx pgx.Tx) (err error) {
			if seen, err = passed(ctx, tx, name); err != nil {
				return err
			}
			return remove(ctx, tx, name)
		})
		if err == nil {
			touched.Add(int64(math.Floor(float64(seen)*f.Share + rounding)))
		}
		return err
	}), nil
}

// rounding makes up for shares such as a third that have no exact number.
const rounding = 1e-9

// function raises the error for each statement with which the share of those
// seen so far reaches the next whole number. It runs as its owner, so that the
// host's roles need no rights in our schema.
func (f FailStatements) function(name string, table relation) string {
	share := decimal(f.Share)
	return fmt.Sprintf(`
		create function %[1]s.%[2]s() returns trigger language plpgsql security definer set search_path = '' as $simcity$
		declare
			seen numeric := pg_catalog.nextval('%[1]s.%[2]s');
		begin
			if floor(seen * %[3]s + %[4]s) > floor((seen - 1) * %[3]s + %[4]s) then
				raise exception using errcode = '%[5]s',
					message = pg_catalog.format('simcity: FAIL_STATEMENTS fails this %%s of %%s', pg_catalog.lower(tg_op), %[6]s);
			end if;
			return null;
		end
		$simcity$`, schema, name, share, decimal(rounding), f.SQLState, literal(table.name))
}

// literal quotes a text for SQL.
func literal(text string) string {
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
