package pgclock_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/pgclock"
)

// holds is a host whose deadlines are SQL's alone: the table's default sets
// them, and a job that a ticker runs enforces them.
var holds = pgtest.Template{Setup: []pgtest.Setup{
	statement("create table holds(id int primary key, made timestamptz not null default current_timestamp, expires_at timestamptz not null default now() + interval '10 minutes')"),
	pgclock.Install,
}}

func newHolds(dsn string) func(*simcity.World) (http.Handler, error) {
	return func(w *simcity.World) (http.Handler, error) {
		ctx, stop := context.WithCancel(context.Background())
		pool, err := openPool(ctx, dsn)
		if err != nil {
			stop()
			return nil, err
		}
		expired := make(chan struct{})
		go func() {
			defer close(expired)
			expire(ctx, pool)
		}()
		w.OnClose(func(context.Context) error {
			stop()
			<-expired
			pool.Close()
			return nil
		})
		return routes(pool), nil
	}
}

func openPool(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	pgclock.Follow(config.ConnConfig, time.Now) // the bubble's
	return pgxpool.NewWithConfig(ctx, config)
}

// expire is the host's job: it knows no time but the database's.
func expire(ctx context.Context, pool *pgxpool.Pool) {
	ticker := time.NewTicker(30 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_, _ = pool.Exec(ctx, "delete from holds where expires_at <= now()") // tried again at the next tick
		}
	}
}

func routes(pool *pgxpool.Pool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /holds/{id}", func(w http.ResponseWriter, r *http.Request) {
		var made, expires time.Time
		err := pool.QueryRow(r.Context(), "insert into holds(id) values ($1) returning made, expires_at", r.PathValue("id")).Scan(&made, &expires)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "%s to %s", made.UTC().Format(time.DateTime), expires.UTC().Format(time.TimeOnly))
	})
	mux.HandleFunc("GET /holds/{id}", func(w http.ResponseWriter, r *http.Request) {
		var left string
		if err := pool.QueryRow(r.Context(), "select (expires_at - clock_timestamp())::text from holds where id = $1", r.PathValue("id")).Scan(&left); err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		fmt.Fprint(w, left)
	})
	return mux
}

// holder makes a hold, looks at it at minute 9 and at minute 11, and tells what
// it saw.
func holder(saw chan<- string) simcity.AgentFunc {
	return func(ctx context.Context, c *simcity.Citizen) error {
		for _, visit := range []struct {
			at     time.Duration
			method string
		}{{0, http.MethodPost}, {9 * time.Minute, http.MethodGet}, {11 * time.Minute, http.MethodGet}} {
			if err := c.Sleep(ctx, visit.at-c.Elapsed()); err != nil {
				return err
			}
			err := c.Do(ctx, visit.method, visit.at, func(ctx context.Context, op *simcity.Operation) error {
				request, err := http.NewRequestWithContext(ctx, visit.method, c.BaseURL()+"/holds/1", nil)
				if err != nil {
					return err
				}
				response, err := c.Client().Do(request)
				if err != nil {
					return err
				}
				saw <- fmt.Sprintf("minute %.0f: %s, %s", visit.at.Minutes(), response.Status, body(response))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func body(response *http.Response) string {
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}

// live runs the city over a database of its own.
func live(t *testing.T) ([]string, *simcity.Result) {
	t.Helper()
	saw := make(chan string, 3)
	result := simcity.New(simcity.Scenario{Name: "hold_expires", Duration: 2 * time.Hour}).
		Target(simcity.InProcess(newHolds(holds.Database(t)))).
		Populate(simcity.Population{
			Name: "holder", Agent: holder(saw),
			Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error { g.Spawn(); return nil }),
		}).
		Check(simcity.Invariant{
			Name: "never_broken",
			Begin: func(*simcity.World) simcity.Check {
				return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
					if op.Outcome == simcity.Failed {
						return &simcity.Breach{Got: op.Outcome.String(), Want: "an answer"}
					}
					return nil
				}}
			},
		}).
		Run(t)
	close(saw)
	var all []string
	for line := range saw {
		all = append(all, line)
	}
	return all, result
}

// The host asks SQL alone for the time, and its holds expire when they should:
// for two simulated hours, longer than a connection lives, twice with
// one digest.
func TestHoldsExpireInSimulatedTime(t *testing.T) {
	t.Parallel()
	saw, first := live(t)
	require.Equal(t, []string{
		"minute 0: 200 OK, 2026-01-05 00:00:00 to 00:10:00",
		"minute 9: 200 OK, 00:01:00",
		"minute 11: 404 Not Found, no rows in result set",
	}, saw)
	require.Equal(t, simcity.Pass, first.Verdict)
	require.Equal(t, 2*time.Hour, first.Simulated)
	for _, finding := range first.Findings {
		require.NotEqual(t, simcity.FindingLeak, finding.Kind, "nothing of the pool outlives the host's Close: %s", finding.Stack)
	}

	again, second := live(t)
	require.Equal(t, saw, again)
	require.Equal(t, first.Digest, second.Digest)
}
