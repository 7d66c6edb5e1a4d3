package supabase

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// A call is one request of a table. Pairs of query are a column and its filter, or
// one of PostgREST's own words.
type call struct {
	method string
	table  string
	query  url.Values
	prefer string
	body   any
	into   any // for the rows of the answer
}

// filters makes a query of pairs.
func filters(pairs ...string) url.Values {
	query := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		query.Add(pairs[i], pairs[i+1])
	}
	return query
}

// do calls, and returns how many rows there are in all if prefer asked for that.
func (s *Store) do(ctx context.Context, c call) (count int64, err error) {
	request := s.client.R().SetContext(ctx).SetQueryParamsFromValues(c.query)
	if c.prefer != "" {
		request.SetHeader("Prefer", c.prefer)
	}
	if c.body != nil {
		text, err := json.Marshal(c.body)
		if err != nil {
			return 0, err
		}
		request.SetBody(text)
	}
	response, err := request.Execute(c.method, "/"+c.table)
	if err != nil && response.StatusCode() == 0 {
		return 0, s.network(ctx, err)
	}
	if response.StatusCode() < http.StatusOK || response.StatusCode() >= http.StatusMultipleChoices {
		return 0, s.explain(c.table, refusal(response))
	}
	if c.into != nil {
		if err := json.Unmarshal(response.Body(), c.into); err != nil {
			return 0, s.network(ctx, err) // an answer that was cut off
		}
	}
	return total(response), nil
}

// total reads Content-Range, such as 0-0/1 or */0.
func total(response *resty.Response) int64 {
	_, text, _ := strings.Cut(response.Header().Get("Content-Range"), "/")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1 // * or nothing: not counted
	}
	return n
}

// get reads rows.
func get[T any](ctx context.Context, s *Store, table string, query url.Values) ([]T, error) {
	var rows []T
	_, err := s.do(ctx, call{method: http.MethodGet, table: table, query: query, into: &rows})
	return rows, err
}

// insert adds rows that are not there.
func (s *Store) insert(ctx context.Context, table, key string, rows any) error {
	_, err := s.do(ctx, call{
		method: http.MethodPost, table: table, query: filters("on_conflict", key), prefer: "resolution=ignore-duplicates,return=minimal", body: rows,
	})
	return err
}

// patch changes rows and returns how many.
func (s *Store) patch(ctx context.Context, table string, query url.Values, change any) (int64, error) {
	return s.do(ctx, call{method: http.MethodPatch, table: table, query: query, prefer: "return=minimal,count=exact", body: change})
}

const versionTable = "simcity_schema_version"

// fits returns an error unless the schema is the one that is needed.
func (s *Store) fits(ctx context.Context) error {
	found, err := get[struct{ Version int }](ctx, s, versionTable, filters("select", "version", "order", "version.desc", "limit", "1"))
	if err != nil {
		return err
	}
	have := 0
	if len(found) > 0 {
		have = found[0].Version
	}
	if have != schemaVersion {
		return s.mismatch(have, "")
	}
	if s.whole.Load() {
		return nil
	}
	for _, table := range []string{"simcity_runs", "simcity_run_events", "simcity_run_snapshots", "simcity_run_live", requestTable} {
		if _, err := get[struct{}](ctx, s, table, filters("limit", "0")); err != nil {
			return err
		}
	}
	s.whole.Store(true)
	return nil
}

// timeLayout is a time in a filter and in a row.
const timeLayout = "2006-01-02T15:04:05.000000Z"

func stamp(t time.Time) string { return telemetry.Micro(t).Format(timeLayout) }

// moment is a time in a row, null for none.
func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := stamp(t)
	return &text
}

// when is a time that was read.
func when(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return telemetry.Micro(*t)
}

// word is a text in a row, null for none.
func word(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// given is a text that was read, empty for null.
func given[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// document is JSON that was read, nothing for null.
func document(text json.RawMessage) json.RawMessage {
	if string(text) == "null" {
		return nil
	}
	return text
}
