package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/simcity"
)

// customer is one of those who all want the one slot at ten past.
var customer = simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
	if err := c.Sleep(ctx, 10*time.Minute); err != nil {
		return err
	}
	_, err := send(ctx, c, "/book", "slot 1")
	return err
})

// bookedOnce is broken by a second customer who was told "booked".
func bookedOnce() simcity.Invariant {
	return simcity.Invariant{Name: "booked_once", Begin: func(*simcity.World) simcity.Check {
		booked := 0
		return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
			if op.Outcome == simcity.OK {
				booked++
			}
			if booked > 1 {
				return &simcity.Breach{Got: "two bookings", Want: "one"}
			}
			return nil
		}}
	}}
}

// rush is the run of five customers and one slot.
func rush(t *testing.T, dsn string, seed uint64, configure func(*pgxpool.Config)) *simcity.Result {
	t.Helper()
	_, err := connect(t, dsn).Exec(t.Context(), `truncate bookings restart identity`)
	require.NoError(t, err)
	return city(hostOn(dsn, configure), 5, customer).Check(bookedOnce()).Seed(seed).Simulate(t)
}

func withoutSeams(config *pgxpool.Config) { config.ConnConfig.Tracer = nil }

func TestSeamsFindACheckThenInsertRace(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	first, found, without := uint64(0), 0, 0
	for seed := uint64(1); seed <= 20; seed++ {
		res := rush(t, dsn, seed, nil)
		if len(res.Violations) > 0 {
			require.Equal(t, "booked_once", res.Violations[0].Invariant)
			if found++; first == 0 {
				first = seed
			}
		} else {
			require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
		}
		if res := rush(t, dsn, seed, withoutSeams); len(res.Violations) > 0 {
			without++
		}
	}
	require.Positive(t, found, "of 20 seeds")
	require.Zero(t, without, "of 20 seeds without seams")
	t.Logf("found by %d of 20 seeds, first by %d", found, first)
}

func TestOneSeedIsOneRun(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	for seed := uint64(1); seed <= 5; seed++ {
		one, two := rush(t, dsn, seed, nil), rush(t, dsn, seed, nil)
		require.Equal(t, one.Digest, two.Digest, "seed %d", seed)
		require.Equal(t, one.Seams, two.Seams)
	}
}

// tried is what a host function did with a pool inside of a run: the seams that
// it passed are in the result.
func tried(t *testing.T, dsn string, configure func(*pgxpool.Config), do func(ctx context.Context, pool *pgxpool.Pool)) *simcity.Result {
	t.Helper()
	agent := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		config, err := pgxpool.ParseConfig(dsn)
		if err != nil {
			return err
		}
		postgres.Seams{}.Attach(config)
		if configure != nil {
			configure(config)
		}
		pool, err := pgxpool.NewWithConfig(context.Background(), config)
		if err != nil {
			return err
		}
		defer pool.Close()
		return c.Do(ctx, "try", nil, func(ctx context.Context, op *simcity.Operation) error {
			op.Output = "done"
			do(ctx, pool)
			return nil
		})
	})
	res := city(hostOn(dsn, nil), 1, agent).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	return res
}

// passed are the seams of a result, with how often they were passed.
func passed(res *simcity.Result) map[string]int64 {
	seams := map[string]int64{}
	for _, s := range res.Seams {
		if name, ok := strings.CutPrefix(s.Name, "postgres "); ok {
			seams[name] = s.Passed
		}
	}
	return seams
}

// everything is a bit of each thing that a host does.
func everything(t *testing.T) func(context.Context, *pgxpool.Pool) {
	return func(ctx context.Context, pool *pgxpool.Pool) {
		_, err := pool.Exec(ctx, `/* why */ insert into bookings (slot, customer) values (2, 'a')`)
		require.NoError(t, err)
		_, err = pool.CopyFrom(ctx, pgx.Identifier{"bookings"}, []string{"slot", "customer"}, pgx.CopyFromRows([][]any{{3, "b"}}))
		require.NoError(t, err)
		batch := &pgx.Batch{}
		batch.Queue(`select 1`)
		batch.Queue(`select 2`)
		require.NoError(t, pool.SendBatch(ctx, batch).Close())
		require.NoError(t, pool.Ping(ctx))
		require.NoError(t, pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `update bookings set customer = 'c'`); err != nil {
				return err
			}
			_, err := pool.Exec(ctx, `select 'on another connection'`)
			return err
		}))
		_, err = pool.Exec(ctx, "-- last\nWITH one as (select 1) select * from one")
		require.NoError(t, err)
	}
}

func TestNobodyIsParkedWhileATransactionIsOpen(t *testing.T) {
	t.Parallel()
	res := tried(t, openShop(t), nil, everything(t))
	require.Equal(t, map[string]int64{"connect": 1, "insert": 1, "copy": 1, "batch": 1, "begin": 1, "with": 1}, passed(res))
}

func TestSeamsInsideOfTransactions(t *testing.T) {
	t.Parallel()
	res := tried(t, openShop(t), func(config *pgxpool.Config) {
		config.ConnConfig.Tracer = postgres.Seams{InTransactions: true}.Tracer(nil)
	}, everything(t))
	require.Equal(t, map[string]int64{
		"connect": 2, "insert": 1, "copy": 1, "batch": 1, "begin": 1, "update": 1, "select": 1, "commit": 1, "with": 1,
	}, passed(res))
}

// counter is a tracer that the host has of its own.
type counter struct{ started, ended, failed int }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.started++
	return ctx
}

func (c *counter) TraceQueryEnd(_ context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	c.ended++
	if data.Err != nil {
		c.failed++
	}
}

func TestTracerOfTheHostKeepsWorking(t *testing.T) {
	t.Parallel()
	c := &counter{}
	res := tried(t, openShop(t), func(config *pgxpool.Config) {
		config.ConnConfig.Tracer = c
		postgres.Seams{}.Attach(config)
	}, func(ctx context.Context, pool *pgxpool.Pool) {
		_, err := pool.Exec(ctx, `select 1`)
		require.NoError(t, err)
	})
	require.Equal(t, map[string]int64{"connect": 1, "select": 1}, passed(res))
	require.Equal(t, counter{started: 1, ended: 1}, *c)
}

func TestPoolIsNotRenewedByTime(t *testing.T) {
	t.Parallel()
	res := tried(t, openShop(t), nil, func(ctx context.Context, pool *pgxpool.Pool) {
		for range 3 {
			_, err := pool.Exec(ctx, `select 1`)
			require.NoError(t, err)
			require.NoError(t, simcity.Sleep(ctx, 15*time.Minute))
		}
	})
	require.Equal(t, map[string]int64{"connect": 1, "select": 3}, passed(res))
}

// errInjected is what the fault of these tests fails statements with.
var errInjected = errors.New("the database is away")

// failing fails the seam of that name.
func failing(seam string, err error) simcity.Fault {
	return simcity.Fault{Kind: "FAIL_SEAM", Inject: func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		off := w.OnSeam(func(_ context.Context, name string) (time.Duration, error) {
			if name != "postgres "+seam {
				return 0, nil
			}
			touched.Add(1)
			return 0, err
		})
		return func(context.Context) error { off(); return nil }, nil
	}}
}

// refusal is what the host sees of a failing seam.
func refusal(t *testing.T, seam string, injected error, do func(ctx context.Context, pool *pgxpool.Pool) error) (seen error, after error) {
	t.Helper()
	dsn := openShop(t)
	agent := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		config, err := pgxpool.ParseConfig(dsn)
		if err != nil {
			return err
		}
		postgres.Seams{InTransactions: true}.Attach(config)
		pool, err := pgxpool.NewWithConfig(context.Background(), config)
		if err != nil {
			return err
		}
		defer pool.Close()
		_ = c.Do(ctx, "try", nil, func(ctx context.Context, op *simcity.Operation) error {
			if err := simcity.Sleep(ctx, 10*time.Minute); err != nil {
				return err
			}
			seen = do(ctx, pool)
			op.Output = seen
			return nil
		})
		return c.Do(ctx, "try again", nil, func(ctx context.Context, _ *simcity.Operation) error {
			if err := simcity.Sleep(ctx, 20*time.Minute); err != nil {
				return err
			}
			after = do(ctx, pool)
			return nil
		})
	})
	res := city(hostOn(dsn, nil), 1, agent).Inject(failing(seam, injected), 5*time.Minute, 10*time.Minute).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, int64(1), res.Faults[0].Touched)
	return seen, after
}

func TestFailedSeamFailsTheStatement(t *testing.T) {
	t.Parallel()
	for seam, do := range map[string]func(ctx context.Context, pool *pgxpool.Pool) error{
		"insert": func(ctx context.Context, pool *pgxpool.Pool) error {
			_, err := pool.Exec(ctx, `insert into bookings (slot, customer) values ($1, 'a')`, 1)
			return err
		},
		"select": func(ctx context.Context, pool *pgxpool.Pool) error {
			var n int
			return pool.QueryRow(ctx, `select count(*) from bookings`).Scan(&n)
		},
		"begin": func(ctx context.Context, pool *pgxpool.Pool) error {
			return pgx.BeginFunc(ctx, pool, func(pgx.Tx) error { return nil })
		},
		"update": func(ctx context.Context, pool *pgxpool.Pool) error {
			return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, `update bookings set slot = 2`)
				return err
			})
		},
		"commit": func(ctx context.Context, pool *pgxpool.Pool) error {
			return pgx.BeginFunc(ctx, pool, func(pgx.Tx) error { return nil })
		},
		"batch": func(ctx context.Context, pool *pgxpool.Pool) error {
			batch := &pgx.Batch{}
			batch.Queue(`select 1`)
			return pool.SendBatch(ctx, batch).Close()
		},
		"copy": func(ctx context.Context, pool *pgxpool.Pool) error {
			_, err := pool.CopyFrom(ctx, pgx.Identifier{"bookings"}, []string{"slot", "customer"}, pgx.CopyFromRows([][]any{{3, "b"}}))
			return err
		},
		"connect": func(ctx context.Context, pool *pgxpool.Pool) error {
			_, err := pool.Exec(ctx, `select 1`)
			return err
		},
	} {
		t.Run(seam, func(t *testing.T) {
			t.Parallel()
			seen, after := refusal(t, seam, errInjected, do)
			t.Log(seen)
			require.ErrorIs(t, seen, errInjected)
			require.NoError(t, after, "the pool recovers")
		})
	}
}

func TestErrorOfTheServerCanBeInjected(t *testing.T) {
	t.Parallel()
	seen, _ := refusal(t, "select", &pgconn.PgError{Code: "57P03", Message: "the database system is starting up"},
		func(ctx context.Context, pool *pgxpool.Pool) error {
			_, err := pool.Exec(ctx, `select 1`)
			return err
		})
	var raised *pgconn.PgError
	require.ErrorAs(t, seen, &raised)
	require.Equal(t, "57P03", raised.Code)
}
