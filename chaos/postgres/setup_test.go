package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/simcity"
)

// shop is the schema of the host: bookings, messages that only their owners may
// read, and a view that is refreshed now and then.
const shop = `
	create table bookings (id bigint generated always as identity, slot int not null, customer text not null);
	create materialized view busy as select slot, count(*) as n from bookings group by slot;
	create table messages (id int primary key, owner uuid not null, body text not null);
	insert into messages select n, '11111111-1111-1111-1111-111111111111', 'secret ' || n from generate_series(1, 7) n;
	alter table messages enable row level security;
	grant usage on schema public to authenticated;
	grant select, insert, update, delete on messages to authenticated;
	create policy owners_read on messages for select to authenticated
		using (owner = (current_setting('request.jwt.claims', true)::jsonb ->> 'sub')::uuid);
	create policy "no Deletes" on messages as restrictive for delete to authenticated, service_role using (false);
	create policy owners_write on messages for update using (owner is not null) with check (body <> '');
`

// host is a tiny app over a pool. It runs any statement that it is sent, and
// books a slot as careless apps do: it looks, then it inserts.
type host struct {
	pool *pgxpool.Pool
}

// hostOn is the target over a database; configure may change the pool.
func hostOn(dsn string, configure func(*pgxpool.Config)) simcity.Target {
	return simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		handler, _, err := newHost(w, dsn, configure)
		return handler, err
	})
}

func newHost(w *simcity.World, dsn string, configure func(*pgxpool.Config)) (http.Handler, *pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, nil, err
	}
	config.MaxConns = 4
	config.ConnConfig.RuntimeParams["application_name"] = "shop"
	postgres.Seams{}.Attach(config)
	if configure != nil {
		configure(config)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, nil, err
	}
	w.OnClose(func(context.Context) error { pool.Close(); return nil })
	postgres.Offer(w, postgres.Database{Pool: pool})
	h := host{pool}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sql", h.sql)
	mux.HandleFunc("POST /book", h.book)
	return mux, pool, nil
}

// sql answers with the first value of a statement, or with its error.
func (h host) sql(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	rows, err := h.pool.Query(r.Context(), string(text))
	value := "done"
	if err == nil {
		for rows.Next() {
			values, _ := rows.Values()
			value = fmt.Sprint(values...)
		}
		rows.Close()
		err = rows.Err()
	}
	answer(w, value, err)
}

func (h host) book(w http.ResponseWriter, r *http.Request) {
	taken := 0
	if err := h.pool.QueryRow(r.Context(), `select count(*) from bookings where slot = 1`).Scan(&taken); err != nil {
		answer(w, "", err)
		return
	}
	if taken > 0 {
		http.Error(w, "taken", http.StatusConflict)
		return
	}
	customer, _ := simcity.CitizenOf(r.Context())
	_, err := h.pool.Exec(r.Context(), `insert into bookings (slot, customer) values (1, $1)`, customer)
	answer(w, "booked", err)
}

func answer(w http.ResponseWriter, value string, err error) {
	var raised *pgconn.PgError
	switch {
	case errors.As(err, &raised):
		http.Error(w, raised.Code+": "+raised.Message, http.StatusInternalServerError)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		fmt.Fprint(w, value)
	}
}

// step is something that a visitor sends at a time.
type step struct {
	at  time.Duration
	sql string
}

// visitor is a life that sends each step and notes the answers.
func visitor(answers *[]string, steps ...step) simcity.Agent {
	return simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		for _, s := range steps {
			if err := c.Sleep(ctx, s.at-c.Elapsed()); err != nil {
				return err
			}
			said, err := send(ctx, c, "/sql", s.sql)
			if errors.Is(err, simcity.ErrOver) {
				return err
			}
			*answers = append(*answers, said)
		}
		return nil
	})
}

// send posts a text as one operation and returns the answer's text.
func send(ctx context.Context, c *simcity.Citizen, path, text string) (said string, err error) {
	err = c.Do(ctx, strings.TrimPrefix(path, "/"), text, func(ctx context.Context, _ *simcity.Operation) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL()+path, strings.NewReader(text))
		if err != nil {
			return err
		}
		response, err := c.Client().Do(request)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		said = strings.TrimSpace(string(body))
		return errors.Join(err, response.Body.Close())
	})
	return said, err
}

// city is an hour with one kind of citizens, of which n arrive when it begins,
// and whose commands know the faults.
func city(target simcity.Target, n int, agent simcity.Agent, faults ...simcity.FaultKind) *simcity.Simulation {
	return simcity.New(simcity.Scenario{
		Name: "shop", Duration: time.Hour, Faults: faults,
		Populations: []simcity.Population{{
			Name: "visitor", Agent: agent,
			Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
				for range n {
					g.Spawn()
				}
				return nil
			}),
		}},
	}).Target(target).Check(rule("any", func(*simcity.Operation) *simcity.Breach { return nil }))
}

// rule is an invariant that looks at operations.
func rule(name string, look func(*simcity.Operation) *simcity.Breach) simcity.Invariant {
	return simcity.Invariant{Name: name, Begin: func(*simcity.World) simcity.Check {
		return simcity.Check{Operation: look}
	}}
}

// snapshot is the state of a database before the faults.
func snapshot(t testing.TB, dsn string) *postgres.State {
	t.Helper()
	state, err := postgres.Snapshot(t.Context(), connect(t, dsn))
	require.NoError(t, err)
	return state
}

// requireNothingLeft checks that no fault left a trace.
func requireNothingLeft(t testing.TB, dsn string, before *postgres.State) {
	t.Helper()
	require.NoError(t, postgres.LeftBehind(t.Context(), connect(t, dsn), before))
}

// value reads one value straight from the database.
func value[T any](t testing.TB, dsn, sql string) (v T) {
	t.Helper()
	require.NoError(t, connect(t, dsn).QueryRow(t.Context(), sql).Scan(&v))
	return v
}
