package supabase_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgrest answers as PostgREST does, over a real Postgres: roles, policies,
// constraints and SQLSTATEs are real, and only the way between HTTP and SQL is
// ours. It knows what the store asks for, and refuses all else.
//
// https://docs.postgrest.org/en/stable/references/api/tables_views.html
type postgrest struct {
	pool *pgxpool.Pool     // as authenticator
	keys map[string]string // keys and their roles
	// bearer are the keys that are JWTs, which must come in both headers.
	bearer map[string]bool
}

// refused is an answer that is an error.
type refused struct {
	status                       int
	Code, Details, Hint, Message string
}

func (r *refused) Error() string { return r.Message }

func (p *postgrest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := p.answer(r)
	if err != nil {
		told := mapped(err)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(told.status)
		_ = json.NewEncoder(w).Encode(map[string]any{"code": told.Code, "details": told.Details, "hint": told.Hint, "message": told.Message})
		return
	}
	w.Header().Set("Content-Range", answer.bounds)
	w.WriteHeader(answer.status)
	_, _ = io.WriteString(w, answer.rows)
}

// statuses are those of SQLSTATEs and their classes, the longest first.
// https://docs.postgrest.org/en/stable/references/errors.html#postgresql-errors
var statuses = []struct {
	state  string
	status int
}{
	{"42501", 403}, {"42883", 404}, {"42P01", 404}, {"42P17", 500}, {"23503", 409}, {"23505", 409}, {"25006", 405}, {"21000", 500}, {"P0001", 400},
	{"08", 503}, {"53", 503}, {"40", 500}, {"57", 500}, {"58", 500}, {"54", 500}, {"55", 500}, {"25", 500}, {"28", 403}, {"XX", 500},
}

// mapped is the answer to an error.
func mapped(err error) *refused {
	var told *refused
	var broken *pgconn.PgError
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &broken):
		status := 400
		for _, s := range statuses {
			if strings.HasPrefix(broken.Code, s.state) {
				status = s.status
				break
			}
		}
		return &refused{status, broken.Code, broken.Detail, broken.Hint, broken.Message}
	}
	// https://docs.postgrest.org/en/stable/references/errors.html#group-0-connection
	return &refused{503, "PGRST000", "", "", "Could not connect with the database due to an incorrect db-uri or due to the PostgreSQL service not running."}
}

// role is whom a request's key stands for. A gateway before PostgREST takes secret
// keys, which are no JWTs: https://supabase.com/docs/guides/api/api-keys
func (p *postgrest) role(r *http.Request) (string, error) {
	key := r.Header.Get("apikey")
	role, ok := p.keys[key]
	switch authorization := r.Header.Get("Authorization"); {
	case key == "":
		return "", &refused{status: 401, Message: "No API key found in request"}
	case !ok:
		return "", &refused{status: 401, Message: "Invalid API key", Hint: "Double check your Supabase `anon` or `service_role` API key."}
	case p.bearer[key] && authorization != "Bearer "+key:
		return "anon", nil
	case !p.bearer[key] && authorization != "":
		return "", &refused{status: 401, Code: "PGRST301", Message: "Expected 3 parts in JWT; got 1"}
	}
	return role, nil
}

type answer struct {
	status int
	rows   string
	bounds string
}

func (p *postgrest) answer(r *http.Request) (*answer, error) {
	role, err := p.role(r)
	if err != nil {
		return nil, err
	}
	q, err := parseQuery(r)
	if err != nil {
		return nil, err
	}
	var a *answer
	err = pgx.BeginFunc(r.Context(), p.pool, func(tx pgx.Tx) error {
		claims := fmt.Sprintf(`{"role":%q}`, role)
		if _, err := tx.Exec(r.Context(), "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", role, claims); err != nil {
			return err
		}
		var there bool
		if err := tx.QueryRow(r.Context(), "select to_regclass($1) is not null", q.table).Scan(&there); err != nil {
			return err
		}
		if !there { // https://docs.postgrest.org/en/stable/references/errors.html#group-2-schema-cache
			return &refused{404, "PGRST205", "", "", "Could not find the table 'public." + q.table + "' in the schema cache"}
		}
		a, err = q.run(r.Context(), tx)
		return err
	})
	return a, err
}

// run says the query's statement.
func (q *query) run(ctx context.Context, tx pgx.Tx) (*answer, error) {
	switch q.method {
	case http.MethodGet, http.MethodHead:
		return q.read(ctx, tx)
	case http.MethodPost:
		return q.insert(ctx, tx)
	case http.MethodPatch:
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(q.body, &fields); err != nil {
			return nil, &refused{400, "PGRST102", "", "", "Empty or invalid json"}
		}
		var set []string
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			set = append(set, ident(name)+" = body."+ident(name))
		}
		return q.change(ctx, tx, fmt.Sprintf("update %[1]s as t set %[2]s from json_populate_record(null::%[1]s, $1::json) as body where %[3]s", ident(q.table), strings.Join(set, ", "), q.where), string(q.body))
	case http.MethodDelete:
		return q.change(ctx, tx, fmt.Sprintf("delete from %s as t where %s", ident(q.table), q.where))
	}
	return nil, &refused{status: 405, Code: "PGRST117", Message: "Unsupported HTTP method: " + q.method}
}

// rowsMax is how many rows a project's API returns at most unless set otherwise.
const rowsMax = 1000

func (q *query) read(ctx context.Context, tx pgx.Tx) (*answer, error) {
	limit := rowsMax
	if q.limit >= 0 {
		limit = min(limit, q.limit)
	}
	var text string
	var n, all int
	statement := fmt.Sprintf("select coalesce(json_agg(row_to_json(page)), '[]')::text, count(*) from (select %s from %s as t where %s %s limit %d) as page",
		q.columns, ident(q.table), q.where, q.order, limit)
	if err := tx.QueryRow(ctx, statement).Scan(&text, &n); err != nil {
		return nil, err
	}
	total := "*"
	if q.prefers("count=exact") {
		if err := tx.QueryRow(ctx, fmt.Sprintf("select count(*) from %s as t where %s", ident(q.table), q.where)).Scan(&all); err != nil {
			return nil, err
		}
		total = strconv.Itoa(all)
	}
	status := 200
	if total != "*" && n < all { // https://docs.postgrest.org/en/stable/references/api/pagination_count.html
		status = 206
	}
	return &answer{status: status, rows: text, bounds: bounds(n) + "/" + total}, nil
}

func bounds(n int) string {
	if n == 0 {
		return "*"
	}
	return fmt.Sprint("0-", n-1)
}

func (q *query) insert(ctx context.Context, tx pgx.Tx) (*answer, error) {
	var rows []map[string]json.RawMessage
	if err := json.Unmarshal(q.body, &rows); err != nil || len(rows) == 0 {
		return nil, &refused{400, "PGRST102", "", "", "Empty or invalid json"}
	}
	names := slices.Sorted(maps.Keys(rows[0]))
	for _, row := range rows {
		if !slices.Equal(names, slices.Sorted(maps.Keys(row))) {
			return nil, &refused{400, "PGRST102", "", "", "All object keys must match"}
		}
	}
	for i, name := range names {
		names[i] = ident(name)
	}
	conflict := ""
	if q.prefers("resolution=ignore-duplicates") {
		var keys []string
		for _, key := range strings.Split(q.conflict, ",") {
			keys = append(keys, ident(key))
		}
		conflict = "on conflict (" + strings.Join(keys, ", ") + ") do nothing"
	}
	_, err := tx.Exec(ctx, fmt.Sprintf("insert into %[1]s (%[2]s) select %[2]s from json_populate_recordset(null::%[1]s, $1::json) %[3]s",
		ident(q.table), strings.Join(names, ", "), conflict), string(q.body))
	return &answer{status: 201, bounds: "*/*"}, err
}

// change says a statement that changes rows: 204 for any number of them, 200 where
// they are wanted back.
func (q *query) change(ctx context.Context, tx pgx.Tx, statement string, args ...any) (*answer, error) {
	if !q.prefers("return=representation") {
		done, err := tx.Exec(ctx, statement, args...)
		n := int(done.RowsAffected())
		total := "*"
		if q.prefers("count=exact") {
			total = strconv.Itoa(n)
		}
		return &answer{status: 204, bounds: bounds(n) + "/" + total}, err
	}
	var text string
	err := tx.QueryRow(ctx, "with changed as ("+statement+" returning t.*) select coalesce(json_agg(row_to_json(changed)), '[]')::text from changed", args...).Scan(&text)
	return &answer{status: 200, rows: text, bounds: "*/*"}, err
}
