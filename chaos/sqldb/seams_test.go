package sqldb_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos/sqldb"
	"github.com/bookiji/simcity/simcity"
)

// inRun lets do act as the only citizen of a run, from minute 10 on, and returns
// how often it passed each seam.
func inRun(t *testing.T, do func(ctx context.Context), faults ...simcity.Fault) map[string]int64 {
	t.Helper()
	s := simcity.New(simcity.Scenario{
		Name: "database", Duration: time.Hour,
		Populations: []simcity.Population{{
			Name: "clerk",
			Agent: simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
				if err := c.Sleep(ctx, 10*time.Minute); err != nil {
					return err
				}
				return c.Do(ctx, "work", nil, func(ctx context.Context, op *simcity.Operation) error {
					op.Output = "done"
					do(ctx)
					return nil
				})
			}),
			Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error { g.Spawn(); return nil }),
		}},
	}).Target(simcity.Handler(http.NotFoundHandler())).Check(simcity.Invariant{Name: "any", Begin: func(*simcity.World) simcity.Check {
		return simcity.Check{Operation: func(*simcity.Operation) *simcity.Breach { return nil }}
	}})
	for _, fault := range faults {
		s.Inject(fault, 5*time.Minute, 10*time.Minute)
	}
	res := s.Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	seams := map[string]int64{}
	for _, seam := range res.Seams {
		if name, ok := strings.CutPrefix(seam.Name, "sql "); ok {
			seams[name] = seam.Passed
		}
	}
	return seams
}

// on runs do with a database of the kind, and returns the driver's calls.
func on(t *testing.T, seams sqldb.Seams, kind func(*fakeConn) driver.Conn, do func(ctx context.Context, db *sql.DB)) (calls []string, passed map[string]int64) {
	t.Helper()
	f := &fakeConnector{fake: &fake{kind: kind, valid: true}}
	passed = inRun(t, func(ctx context.Context) {
		db := sql.OpenDB(seams.Connector(f))
		do(ctx, db)
		require.NoError(t, db.Close())
	})
	require.True(t, f.closed, "the connector's Close")
	return f.calls, passed
}

// trade is a bit of what a host does.
func trade(t *testing.T) func(context.Context, *sql.DB) {
	return func(ctx context.Context, db *sql.DB) {
		_, err := db.ExecContext(ctx, "insert", 1)
		require.NoError(t, err)
		var n int
		require.ErrorIs(t, db.QueryRowContext(ctx, "select").Scan(&n), sql.ErrNoRows)
		prepared, err := db.PrepareContext(ctx, "update")
		require.NoError(t, err)
		for range 2 {
			_, err = prepared.ExecContext(ctx, 2)
			require.NoError(t, err)
		}
		require.NoError(t, prepared.Close())
		tx, err := db.BeginTx(ctx, nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(ctx, "delete")
		require.NoError(t, err)
		require.NoError(t, tx.Commit())
		require.NoError(t, db.PingContext(ctx))
	}
}

func TestDriversOfAllKinds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		kind  func(*fakeConn) driver.Conn
		calls string
	}{
		"plain": {plainKind, "open connector; prepare insert; exec insert; prepare select; query select; " +
			"prepare update; exec update; exec update; begin; prepare delete; exec delete; commit; close"},
		"able": {ableKind, "open connector; exec ctx insert; reset; query ctx select; reset; " +
			"prepare ctx update; reset; exec update; reset; exec update; reset; begin tx; exec ctx delete; commit; reset; ping; close"},
		"skipping": {skippingKind, "open connector; prepare ctx insert; exec insert; reset; query ctx select; reset; " +
			"prepare ctx update; reset; exec update; reset; exec update; reset; begin tx; exec ctx delete; commit; reset; ping; close"},
		"old": {oldKind, "open connector; old exec insert; old query select; " +
			"prepare update; exec update; exec update; begin; old exec delete; commit; close"},
		"converting": {convertingKind, "open connector; convert; exec insert; convert; query select; convert; close"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			do := trade(t)
			if name == "converting" {
				do = func(ctx context.Context, db *sql.DB) { converted(t, ctx, db) }
			}
			calls, passed := on(t, sqldb.Seams{}, test.kind, do)
			want := map[string]int64{"connect": 1, "insert": 1, "select": 1, "update": 2, "begin": 1}
			if name == "converting" {
				want = map[string]int64{"connect": 1, "insert": 1, "select": 1}
			}
			require.Equal(t, want, passed)
			require.Equal(t, test.calls, strings.Join(calls, "; "))

			bare := &fakeConnector{fake: &fake{kind: test.kind, valid: true}}
			db := sql.OpenDB(bare)
			do(t.Context(), db)
			require.NoError(t, db.Close())
			require.Equal(t, calls, bare.calls, "as without seams")

			_, passed = on(t, sqldb.Seams{InTransactions: true}, test.kind, do)
			if name != "converting" {
				want["delete"], want["commit"] = 1, 1
			}
			require.Equal(t, want, passed)
		})
	}
}

// converted is trade for a driver each of whose statements takes one argument.
func converted(t *testing.T, ctx context.Context, db *sql.DB) {
	_, err := db.ExecContext(ctx, "insert", struct{ strange int }{1})
	require.NoError(t, err)
	var n int
	require.ErrorIs(t, db.QueryRowContext(ctx, "select", 1).Scan(&n), sql.ErrNoRows)
	_, err = db.ExecContext(ctx, "update", errors.New("x"))
	require.ErrorContains(t, err, "no errors, please")
}

func TestOptionsOfATransaction(t *testing.T) {
	t.Parallel()
	calls, _ := on(t, sqldb.Seams{}, ableKind, func(ctx context.Context, db *sql.DB) {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		require.NoError(t, err)
		require.NoError(t, tx.Rollback())
	})
	require.Equal(t, []string{"open connector", "begin read-only", "rollback", "close"}, calls)
	on(t, sqldb.Seams{}, plainKind, func(ctx context.Context, db *sql.DB) {
		_, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		require.ErrorContains(t, err, "does not support read-only")
		_, err = db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
		require.ErrorContains(t, err, "does not support non-default isolation")
		_, err = db.ExecContext(ctx, "insert", sql.Named("slot", 1))
		require.ErrorContains(t, err, "does not support named parameters")
	})
}

func TestConnectionThatIsNoLongerValidIsNotUsed(t *testing.T) {
	t.Parallel()
	f := &fake{kind: ableKind}
	db := sql.OpenDB(sqldb.Seams{}.Connector(&fakeConnector{fake: f}))
	for range 2 {
		_, err := db.ExecContext(t.Context(), "insert")
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())
	require.Equal(t, []string{"open connector", "exec ctx insert", "close", "open connector", "exec ctx insert", "close"}, f.calls)
}

func TestStrangeArgumentsReachADriverThatTakesThem(t *testing.T) {
	t.Parallel()
	strange := struct{ x chan int }{}
	on(t, sqldb.Seams{}, ableKind, func(ctx context.Context, db *sql.DB) {
		_, err := db.ExecContext(ctx, "insert", strange)
		require.NoError(t, err)
		prepared, err := db.PrepareContext(ctx, "insert")
		require.NoError(t, err)
		_, err = prepared.ExecContext(ctx, strange)
		require.NoError(t, err)
	})
	on(t, sqldb.Seams{}, plainKind, func(ctx context.Context, db *sql.DB) {
		_, err := db.ExecContext(ctx, "insert", strange)
		require.ErrorContains(t, err, "unsupported type")
	})
}

func TestTransactionsThatTheHostWritesItselfAreSeen(t *testing.T) {
	t.Parallel()
	_, passed := on(t, sqldb.Seams{}, ableKind, func(ctx context.Context, db *sql.DB) {
		conn, err := db.Conn(ctx)
		require.NoError(t, err)
		for _, statement := range []string{
			"BEGIN IMMEDIATE", "insert", "SAVEPOINT one", "ROLLBACK TRANSACTION TO one", "update", "COMMIT", "delete",
			"start transaction", "update", "rollback", "select",
		} {
			_, err := conn.ExecContext(ctx, statement)
			require.NoError(t, err)
		}
		require.NoError(t, conn.Close())
	})
	require.Equal(t, map[string]int64{"connect": 1, "begin": 1, "delete": 1, "start": 1, "select": 1}, passed)
}

func TestConnectionThatDiesInATransactionSetsTheOthersFree(t *testing.T) {
	t.Parallel()
	_, passed := on(t, sqldb.Seams{}, ableKind, func(ctx context.Context, db *sql.DB) {
		conn, err := db.Conn(ctx)
		require.NoError(t, err)
		_, err = conn.ExecContext(ctx, "begin")
		require.NoError(t, err)
		require.ErrorIs(t, conn.Raw(func(any) error { return driver.ErrBadConn }), driver.ErrBadConn)
		_, err = db.ExecContext(ctx, "insert")
		require.NoError(t, err)
	})
	require.Equal(t, map[string]int64{"connect": 2, "begin": 1, "insert": 1}, passed)
}

func TestDriversConnectionCanBeReached(t *testing.T) {
	t.Parallel()
	db := sql.OpenDB(sqldb.Seams{}.Connector(&fakeConnector{fake: &fake{kind: ableKind, valid: true}}))
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	require.NoError(t, conn.Raw(func(driverConn any) error {
		require.IsType(t, &ableConn{}, driverConn.(interface{ Unwrap() driver.Conn }).Unwrap())
		return nil
	}))
	require.NoError(t, conn.Close())
	require.NoError(t, db.Close())
}

func TestRegisteredDriver(t *testing.T) {
	t.Parallel()
	f := &fake{kind: plainKind}
	name := fmt.Sprintf("fake-%p", f) // names stay taken when a test runs twice
	sql.Register(name, sqldb.Seams{}.Driver(f))
	db, err := sql.Open(name, "host=here")
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "insert")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	require.Equal(t, []string{"open host=here", "prepare insert", "exec insert", "close"}, f.calls)
}

// failing fails every seam of that name.
func failing(seam string, err error) simcity.Fault {
	return simcity.Fault{Kind: "FAIL_SEAM", Inject: func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		off := w.OnSeam(func(_ context.Context, name string) (time.Duration, error) {
			if name != "sql "+seam {
				return 0, nil
			}
			touched.Add(1)
			return 0, err
		})
		return func(context.Context) error { off(); return nil }, nil
	}}
}

func TestFailedSeamFailsTheStatement(t *testing.T) {
	t.Parallel()
	injected := errors.New("the database is away")
	for _, seam := range []string{"connect", "insert", "select", "update", "begin", "delete", "commit"} {
		t.Run(seam, func(t *testing.T) {
			t.Parallel()
			f := &fake{kind: skippingKind, valid: true}
			inRun(t, func(ctx context.Context) {
				db := sql.OpenDB(sqldb.Seams{InTransactions: true}.Connector(&fakeConnector{fake: f}))
				require.ErrorIs(t, use(ctx, db, seam), injected)
				require.NoError(t, simcity.Sleep(ctx, 10*time.Minute))
				require.NoError(t, use(ctx, db, seam), "the pool recovers")
				require.NoError(t, db.Close())
			}, failing(seam, injected))
		})
	}
}

// use does one thing that passes the seam.
func use(ctx context.Context, db *sql.DB, seam string) error {
	switch seam {
	case "select":
		rows, err := db.QueryContext(ctx, seam)
		if err == nil {
			err = errors.Join(rows.Err(), rows.Close())
		}
		return err
	case "update":
		prepared, err := db.PrepareContext(ctx, seam)
		if err != nil {
			return err
		}
		_, err = prepared.ExecContext(ctx)
		return errors.Join(err, prepared.Close())
	case "begin", "delete", "commit":
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "delete"); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		return tx.Commit()
	}
	_, err := db.ExecContext(ctx, "insert", 1)
	return err
}
