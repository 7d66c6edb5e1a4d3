package sqldb_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos/sqldb"
	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// shopOn is a host over a real database that looks for a booking, and then
// inserts one.
func shopOn(dsn string, seams bool) simcity.Target {
	return simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		config, err := pgx.ParseConfig(dsn)
		if err != nil {
			return nil, err
		}
		connector := stdlib.GetConnector(*config)
		if seams {
			connector = sqldb.Seams{}.Connector(connector)
		}
		db := sql.OpenDB(connector)
		w.OnClose(func(context.Context) error { return db.Close() })
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			taken := 0
			err := db.QueryRowContext(r.Context(), `select count(*) from bookings where slot = $1`, 1).Scan(&taken)
			if err == nil && taken > 0 {
				http.Error(rw, "taken", http.StatusConflict)
				return
			}
			if err == nil {
				_, err = db.ExecContext(r.Context(), `insert into bookings (slot) values ($1)`, 1)
			}
			if err != nil {
				http.Error(rw, err.Error(), http.StatusInternalServerError)
			}
		}), nil
	})
}

// rush is five customers who want one slot at the same time.
func rush(t *testing.T, dsn string, seed uint64, seams bool) *simcity.Result {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `drop table if exists bookings; create table bookings (slot int)`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	customer := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		if err := c.Sleep(ctx, 10*time.Minute); err != nil {
			return err
		}
		return c.Do(ctx, "book", nil, func(ctx context.Context, _ *simcity.Operation) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL()+"/book", nil)
			if err != nil {
				return err
			}
			response, err := c.Client().Do(request)
			if err != nil {
				return err
			}
			return response.Body.Close()
		})
	})
	return simcity.New(simcity.Scenario{
		Name: "rush", Duration: time.Hour,
		Populations: []simcity.Population{{Name: "customer", Agent: customer, Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
			for range 5 {
				g.Spawn()
			}
			return nil
		})}},
	}).Target(shopOn(dsn, seams)).Seed(seed).Check(simcity.Invariant{Name: "booked_once", Begin: func(*simcity.World) simcity.Check {
		booked := 0
		return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
			if op.Outcome == simcity.OK {
				booked++
			}
			if booked > 1 {
				return &simcity.Breach{Got: fmt.Sprint(booked, " bookings"), Want: "1"}
			}
			return nil
		}}
	}}).Simulate(t)
}

func TestSeamsFindACheckThenInsertRace(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	found, without := 0, 0
	for seed := uint64(1); seed <= 20; seed++ {
		res := rush(t, dsn, seed, true)
		if len(res.Violations) > 0 {
			found++
		} else {
			require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
		}
		if seed <= 3 {
			require.Equal(t, res.Digest, rush(t, dsn, seed, true).Digest, "seed %d", seed)
		}
		if len(rush(t, dsn, seed, false).Violations) > 0 {
			without++
		}
	}
	require.Positive(t, found, "of 20 seeds")
	require.Zero(t, without, "of 20 seeds without seams")
	t.Logf("found by %d of 20 seeds", found)
}
