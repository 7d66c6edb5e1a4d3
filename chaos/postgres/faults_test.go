package postgres_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/simcity"
)

// struck runs a fault from minute 10 to minute 20 against visitors who send the
// steps, and returns what they were answered.
func struck(t *testing.T, dsn string, fault simcity.Fault, steps ...step) (answers []string, window simcity.FaultWindow) {
	t.Helper()
	before := snapshot(t, dsn)
	res := city(hostOn(dsn, nil), 1, visitor(&answers, steps...)).Inject(fault, 10*time.Minute, 10*time.Minute).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Len(t, res.Faults, 1)
	require.False(t, res.Faults[0].Active)
	requireNothingLeft(t, dsn, before)
	return answers, res.Faults[0]
}

// twice makes a fault whose revert is called again after it succeeded.
func twice(fault simcity.Fault) simcity.Fault {
	inject := fault.Inject
	fault.Inject = func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		revert, err := inject(ctx, w, touched)
		if revert == nil {
			return nil, err
		}
		return func(ctx context.Context) error { return errors.Join(revert(ctx), revert(ctx)) }, err
	}
	return fault
}

const insert = `insert into bookings (slot, customer) values (2, 'a') returning slot`

func TestFailStatements(t *testing.T) {
	t.Parallel()
	fault := postgres.FailStatements{Table: "bookings", Share: 0.5, SQLState: "53300", Operations: []string{"insert"}}.Fault()
	answers, window := struck(t, openShop(t), twice(fault),
		step{5 * time.Minute, insert},
		step{11 * time.Minute, insert}, step{12 * time.Minute, insert}, step{13 * time.Minute, insert}, step{14 * time.Minute, insert},
		step{15 * time.Minute, `update bookings set customer = 'b' returning 7`},
		step{25 * time.Minute, insert}, step{26 * time.Minute, insert},
		step{27 * time.Minute, `select count(*) from bookings`})
	failed := "53300: simcity: FAIL_STATEMENTS fails this insert of public.bookings"
	require.Equal(t, []string{"2", "2", failed, "2", failed, "7", "2", "2", "5"}, answers)
	require.Equal(t, int64(2), window.Touched)
	require.Equal(t, map[string]any{"table": "bookings", "share": 0.5, "sqlState": "53300", "operations": []string{"insert"}}, window.Parameters)
}

func TestShareOfFailuresIsExact(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]int64{0: 30, 1: 30, 0.1: 3, 1.0 / 3: 10, 0.9: 27} {
		dsn := openShop(t)
		steps := []step{{5 * time.Minute, insert}}
		for n := range 30 {
			steps = append(steps, step{10*time.Minute + time.Duration(n+1)*time.Second, insert})
		}
		_, window := struck(t, dsn, postgres.FailStatements{Table: "bookings", Share: share}.Fault(), steps...)
		require.Equal(t, want, window.Touched, "share %v", share)
		require.Equal(t, 31-want, value[int64](t, dsn, `select count(*) from bookings`), "share %v", share)
	}
}

func TestHostsRolesNeedNoRightsInOurSchema(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	answers, window := struck(t, dsn, postgres.FailStatements{Table: "public.messages"}.Fault(),
		step{11 * time.Minute, `with me as (select set_config('role', 'authenticated', false)) select 1 from me`},
		step{12 * time.Minute, `update messages set body = 'x'`})
	require.Equal(t, []string{"1", "40001: simcity: FAIL_STATEMENTS fails this update of public.messages"}, answers)
	require.Equal(t, int64(1), window.Touched)
}

func TestPauseViewRefresh(t *testing.T) {
	t.Parallel()
	for name, view := range map[string]string{"one": "busy", "all": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := openShop(t)
			_, err := connect(t, dsn).Exec(t.Context(), `create materialized view quiet as select 1 as one; create unique index on busy (slot)`)
			require.NoError(t, err)
			const refresh, read = `refresh materialized view busy`, `select coalesce(sum(n), 0)::int from busy`
			answers, window := struck(t, dsn, twice(postgres.PauseViewRefresh{View: view}.Fault()),
				step{5 * time.Minute, insert}, step{6 * time.Minute, refresh}, step{7 * time.Minute, read},
				step{11 * time.Minute, insert}, step{12 * time.Minute, refresh}, step{13 * time.Minute, read},
				step{14 * time.Minute, `refresh materialized view concurrently busy`},
				step{15 * time.Minute, `refresh materialized view quiet`},
				step{25 * time.Minute, refresh}, step{26 * time.Minute, read})
			paused := "55P03: simcity: PAUSE_MV_REFRESH refuses to refresh public."
			quiet, suppressed := "done", int64(2)
			if view == "" {
				quiet, suppressed = paused+"quiet", 3
			}
			require.Equal(t, []string{"2", "done", "1", "2", paused + "busy", "1", paused + "busy", quiet, "done", "2"}, answers)
			require.Equal(t, suppressed, window.Touched)
		})
	}
}

func TestDropConnections(t *testing.T) {
	t.Parallel()
	const pid = `select pg_backend_pid()`
	answers, window := struck(t, openShop(t), postgres.DropConnections{ApplicationName: "shop"}.Fault(),
		step{5 * time.Minute, pid}, step{6 * time.Minute, pid}, step{11 * time.Minute, pid}, step{12 * time.Minute, pid})
	require.Equal(t, answers[0], answers[1])
	require.Equal(t, answers[2], answers[3])
	require.NotEqual(t, answers[1], answers[2], "a new connection")
	require.Equal(t, int64(1), window.Touched)
}

func TestConnectionsAreDroppedAgainAndAgain(t *testing.T) {
	t.Parallel()
	const pid = `select pg_backend_pid()`
	answers, window := struck(t, openShop(t), twice(postgres.DropConnections{Every: 4 * time.Minute, ApplicationName: "shop"}.Fault()),
		step{5 * time.Minute, pid}, step{13 * time.Minute, pid}, step{17 * time.Minute, pid}, step{19 * time.Minute, pid},
		step{25 * time.Minute, pid}, step{35 * time.Minute, pid})
	require.Len(t, answers, 6)
	require.NotEqual(t, answers[1], answers[2])
	require.Equal(t, answers[4], answers[5], "after its end none is dropped")
	require.Equal(t, int64(3), window.Touched)
}

func TestConnectionInUseFailsOnce(t *testing.T) {
	t.Parallel()
	answers, _ := struck(t, openShop(t), postgres.DropConnections{}.Fault(),
		step{10*time.Minute - 100*time.Millisecond, insert}, step{10*time.Minute + 100*time.Millisecond, insert}, step{11 * time.Minute, insert})
	require.Equal(t, "2", answers[0])
	require.NotEqual(t, "2", answers[1], "idle for less than a second, so pgx did not look first")
	require.Equal(t, "2", answers[2])
}

func TestShareAndNameOfDroppedConnections(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	for range 4 {
		connect(t, with(dsn, "application_name", "reports"))
	}
	connect(t, with(dsn, "application_name", "nightly"))
	_, window := struck(t, dsn, postgres.DropConnections{Share: 0.5, ApplicationName: "reports"}.Fault(), step{5 * time.Minute, insert})
	require.Equal(t, int64(2), window.Touched)
}

func TestPoolExhaustion(t *testing.T) {
	t.Parallel()
	answers, window := struck(t, openShop(t), twice(postgres.PoolExhaustion{}.Fault()),
		step{5 * time.Minute, insert}, step{11 * time.Minute, insert}, step{25 * time.Minute, insert})
	require.Equal(t, "2", answers[0])
	require.Empty(t, answers[1], "no answer before the request's deadline")
	require.Equal(t, "2", answers[2])
	require.Equal(t, int64(4), window.Touched)
}

func TestPoolIsExhaustedInPart(t *testing.T) {
	t.Parallel()
	answers, window := struck(t, openShop(t), postgres.PoolExhaustion{Connections: 3}.Fault(), step{11 * time.Minute, insert})
	require.Equal(t, []string{"2"}, answers)
	require.Equal(t, int64(3), window.Touched)
}

func TestPoolExhaustionQueuesForWhatIsInUse(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	slow := simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		h, pool, err := newHost(w, dsn, nil)
		mux := http.NewServeMux()
		mux.Handle("/", h)
		mux.HandleFunc("POST /slow", func(rw http.ResponseWriter, r *http.Request) {
			conn, err := pool.Acquire(r.Context())
			if err == nil {
				err = simcity.Sleep(r.Context(), 10*time.Second)
				conn.Release()
			}
			answer(rw, "slept", err)
		})
		return mux, err
	})
	var answers []string
	agent := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		if err := c.Sleep(ctx, 10*time.Minute-5*time.Second); err != nil {
			return err
		}
		for _, path := range []string{"/slow", "/sql"} {
			said, _ := send(ctx, c, path, insert)
			answers = append(answers, said)
		}
		return nil
	})
	res := city(slow, 1, agent).Inject(postgres.PoolExhaustion{}.Fault(), 10*time.Minute, time.Minute).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, []string{"slept", ""}, answers)
	require.Equal(t, int64(4), res.Faults[0].Touched)
}

func TestLockTable(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	before := snapshot(t, dsn)
	var answers []string
	waits := visitor(&answers, step{time.Minute, insert}, step{3 * time.Minute, insert}, step{5 * time.Minute, insert})
	var steps []step // of another, whose statements give Postgres time to answer the one that waited
	for at := 4*time.Minute + time.Second; at < 10*time.Minute; at += 20 * time.Second {
		steps = append(steps, step{at, insert})
	}
	s := city(hostOn(dsn, nil), 2, simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		if c.Number() == 1 {
			return waits.Live(ctx, c)
		}
		return visitor(new([]string), steps...).Live(ctx, c)
	})).
		Clock(simcity.Stepped()).Until(10*time.Minute).
		Inject(twice(postgres.LockTable{Table: "bookings"}.Fault()), 2*time.Minute, 2*time.Minute)
	res := s.Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, []string{"2", "2", "2"}, answers, "it waited, and then went on")
	require.Equal(t, int64(1), res.Faults[0].Touched)
	requireNothingLeft(t, dsn, before)
}

func TestBadParametersAreRefused(t *testing.T) {
	t.Parallel()
	for want, fault := range map[string]simcity.Fault{
		"FAIL_STATEMENTS.table":             postgres.FailStatements{}.Fault(),
		"FAIL_STATEMENTS.share":             postgres.FailStatements{Table: "a", Share: math.NaN()}.Fault(),
		"FAIL_STATEMENTS.sqlState":          postgres.FailStatements{Table: "a", SQLState: "00000"}.Fault(),
		"FAIL_STATEMENTS.operations":        postgres.FailStatements{Table: "a", Operations: []string{"select"}}.Fault(),
		"DROP_POSTGRES_CONNECTIONS.share":   postgres.DropConnections{Share: 1.1}.Fault(),
		"DROP_POSTGRES_CONNECTIONS.everyMs": postgres.DropConnections{Every: time.Microsecond}.Fault(),
		"POOL_EXHAUSTION.connections":       postgres.PoolExhaustion{Connections: -1}.Fault(),
		"LOCK_TABLE.table":                  postgres.LockTable{}.Fault(),
		"RLS_MISCONFIG.tables":              postgres.RLSMisconfig{}.Fault(),
		"RLS_MISCONFIG.misconfigType":       postgres.RLSMisconfig{Tables: []string{"a"}, Type: "chaos"}.Fault(),
	} {
		var field *simcity.FieldError
		require.ErrorAs(t, fault.Err, &field, want)
		require.Equal(t, want, field.Field)
	}
}

// weakRole may log in and nothing else. It is the test's own, since roles belong
// to the whole server.
func weakRole(t *testing.T, dsn string) (name string) {
	t.Helper()
	name = "weak_" + value[string](t, dsn, `select current_database()`)
	_, err := connect(t, dsn).Exec(t.Context(), `create role `+name+` login`)
	require.NoError(t, err)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), dsn)
		require.NoError(t, err)
		_, err = conn.Exec(context.Background(), `drop role `+name)
		require.NoError(t, errors.Join(err, conn.Close(context.Background())))
	})
	return name
}

func TestFaultsThatCannotStrikeAreRefused(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	weak := postgres.Database{Admin: with(dsn, "user", weakRole(t, dsn))}
	for want, fault := range map[string]simcity.Fault{
		`table "nowhere" is unknown: the database has public.bookings, public.messages`: postgres.FailStatements{Table: "nowhere"}.Fault(),
		`materialized view "bookings" is unknown: the database has public.busy`:         postgres.PauseViewRefresh{View: "bookings"}.Fault(),
		`may not create a schema in this database: set Database.Admin`:                  postgres.FailStatements{Table: "bookings", Database: weak}.Fault(),
		`is no superuser, and only one may create event triggers`:                       postgres.PauseViewRefresh{Database: weak}.Fault(),
		`no member of pg_signal_backend`:                                                postgres.DropConnections{Database: weak}.Fault(),
		`may not become authenticated`:                                                  postgres.RLSMisconfig{Tables: []string{"messages"}, Database: weak}.Fault(),
		`role "customers" is unknown`:                                                   postgres.RLSMisconfig{Tables: []string{"messages"}, Role: "customers"}.Fault(),
		`public.bookings has no row-level security: nothing is left to break`:           postgres.RLSMisconfig{Tables: []string{"bookings"}}.Fault(),
		`add .Clock(simcity.Stepped())`:                                                 postgres.LockTable{Table: "bookings"}.Fault(),
		`the pool has 4 connections at most, not 5`:                                     postgres.PoolExhaustion{Connections: 5}.Fault(),
		`the host offers none: set Database.Pool`:                                       postgres.PoolExhaustion{Database: weak}.Fault(),
	} {
		var answers []string
		res := city(hostOn(dsn, nil), 1, visitor(&answers, step{time.Minute, insert})).Inject(fault, 10*time.Minute, time.Minute).Simulate(t)
		require.NotEqual(t, simcity.Pass, res.Verdict, want)
		require.Contains(t, res.Reasons[0], want)
	}
}

func TestHostThatOffersNoDatabase(t *testing.T) {
	t.Parallel()
	res := city(simcity.Handler(http.NotFoundHandler()), 1, visitor(new([]string))).
		Inject(postgres.DropConnections{}.Fault(), time.Minute, time.Minute).Simulate(t)
	require.Contains(t, res.Reasons[0], "call postgres.Offer(w, postgres.Database{Pool: pool}) in its factory")
}
