package supabase_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// query is what a request asks of a table.
// https://docs.postgrest.org/en/stable/references/api/tables_views.html#horizontal-filtering
type query struct {
	method, table, columns, where, order, conflict string
	limit                                          int
	prefer                                         []string
	body                                           []byte
}

func (q *query) prefers(word string) bool { return slices.Contains(q.prefer, word) }

func ident(name string) string { return pgx.Identifier{name}.Sanitize() }

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func parseQuery(r *http.Request) (*query, error) {
	table, ok := strings.CutPrefix(r.URL.Path, "/rest/v1/")
	if !ok {
		return nil, &refused{status: 404, Message: "no Route matched with those values"}
	}
	q := &query{method: r.Method, table: table, columns: "*", limit: -1}
	for _, prefer := range r.Header.Values("Prefer") {
		q.prefer = append(q.prefer, strings.Split(prefer, ",")...)
	}
	where := []string{"true"}
	for name, values := range r.URL.Query() {
		for _, value := range values {
			condition, err := q.word(name, value)
			if err != nil {
				return nil, err
			}
			if condition != "" {
				where = append(where, condition)
			}
		}
	}
	q.where = strings.Join(where, " and ")
	var err error
	q.body, err = io.ReadAll(r.Body)
	return q, err
}

// word takes one pair of the query, and returns a condition if it is one.
func (q *query) word(name, value string) (condition string, err error) {
	switch name {
	case "select":
		var all []string
		for _, column := range strings.Split(value, ",") {
			all = append(all, "t."+ident(column))
		}
		q.columns = strings.Join(all, ", ")
	case "order":
		var all []string
		for _, term := range strings.Split(value, ",") {
			column, desc := strings.CutSuffix(term, ".desc")
			all = append(all, "t."+ident(column)+map[bool]string{true: " desc"}[desc])
		}
		q.order = "order by " + strings.Join(all, ", ")
	case "limit":
		q.limit, err = strconv.Atoi(value)
	case "on_conflict":
		q.conflict = value
	case "or":
		return logic("or", value)
	default:
		return filter(name + "." + value)
	}
	return "", err
}

// logic reads a tree: (a.eq.1,and(b.lt."x",or(...))).
func logic(operator, text string) (string, error) {
	text, ok := strings.CutPrefix(text, "(")
	text, closed := strings.CutSuffix(text, ")")
	if !ok || !closed {
		return "", parseError(text)
	}
	var terms []string
	for _, term := range split(text) {
		read := filter
		for _, nested := range []string{"and", "or"} {
			if strings.HasPrefix(term, nested+"(") {
				read = func(term string) (string, error) { return logic(nested, strings.TrimPrefix(term, nested)) }
			}
		}
		condition, err := read(term)
		if err != nil {
			return "", err
		}
		terms = append(terms, condition)
	}
	return "(" + strings.Join(terms, " "+operator+" ") + ")", nil
}

func parseError(text string) error {
	return &refused{status: 400, Code: "PGRST100", Message: "failed to parse " + strconv.Quote(text)}
}

// split splits at commas outside of brackets and quotes.
func split(text string) []string {
	var terms []string
	depth, quoted, from := 0, false, 0
	for i, c := range text {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			terms, from = append(terms, text[from:i]), i+1
		}
	}
	return append(terms, text[from:])
}

var operators = map[string]string{"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}

var filterForm = regexp.MustCompile(`(?s)^([a-z_]+)\.([a-z]+)\.(.*)$`)

// filter reads column.operator.value.
func filter(term string) (string, error) {
	parts := filterForm.FindStringSubmatch(term)
	switch {
	case parts == nil:
		return "", parseError(term)
	case parts[2] == "is" && parts[3] == "null":
		return "t." + ident(parts[1]) + " is null", nil
	case operators[parts[2]] == "":
		return "", parseError(term)
	}
	value := parts[3]
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	return fmt.Sprintf("t.%s %s %s", ident(parts[1]), operators[parts[2]], literal(value)), nil
}
