package agents_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/simcity"
)

type use = func(ctx context.Context, u *agents.User) error

func signIn(ctx context.Context, u *agents.User) error { return agents.REST{}.SignIn(ctx, u) }

func search(ctx context.Context, u *agents.User) error {
	_, err := agents.REST{}.Search(ctx, u, agents.Query{City: "São Paulo & more"})
	return err
}

func list(ctx context.Context, u *agents.User) error {
	_, err := agents.REST{}.Slots(ctx, u, agents.Window{Vendor: "a/b", Service: "s"})
	return err
}

func book(ctx context.Context, u *agents.User) error {
	_, err := agents.REST{}.Book(ctx, u, agents.Order{Vendor: "v", Start: "2026-01-05T09:00:00Z", Key: "k"})
	return err
}

func see(ctx context.Context, u *agents.User) error {
	_, err := agents.REST{}.See(ctx, u, "bk_1")
	return err
}

func ledger(ctx context.Context, u *agents.User) error {
	_, err := agents.REST{}.Ledger(ctx, u)
	return err
}

// An answer that makes no sense fails the operation, and the error says which
// route it was and what was wrong.
func TestNonsenseFailsTheOperation(t *testing.T) {
	for _, test := range []struct {
		name   string
		use    use
		status int
		body   string
		says   []string
	}{
		{"html", search, 200, "<html>Welcome</html>", []string{"GET /api/search answered 200", "<html>Welcome", "not the JSON"}},
		{"nothing", book, 201, "", []string{"POST /api/bookings answered 201", "an empty body"}},
		{"cut off", book, 201, `{"id":"bk`, []string{"POST /api/bookings", "unexpected end"}},
		{"wrong type", search, 200, `{"results":7}`, []string{"GET /api/search", "cannot unmarshal number"}},
		{"no token", signIn, 200, `{"userId":"u"}`, []string{"POST /api/test/login answered without a token"}},
		{"no vendor", search, 200, `{"results":[{"name":"x"}]}`, []string{"GET /api/search", "no vendor"}},
		{"no id", book, 201, `{"status":"held"}`, []string{"POST /api/bookings", "without an id"}},
		{"another id", see, 200, `{"id":"bk_2"}`, []string{"bk_2 although it was asked for bk_1"}},
		{"no start", list, 200, `{"slots":[{"left":1}]}`, []string{"GET /api/vendors/{vendor}/slots", "no start"}},
		{"backwards", list, 200, `{"slots":[{"start":"2026-01-05T09:00:00Z","end":"2026-01-05T08:00:00Z"}]}`, []string{"ends at"}},
		{"no totals", ledger, 200, `{"entries":[]}`, []string{"GET /api/ledger", "chargedCents"}},
		{"500", book, 500, "oops", []string{"POST /api/bookings answered 500", "oops"}},
		{"too long", search, 200, `{"results":[` + strings.Repeat(" ", 5<<20), []string{"GET /api/search", "more than 4194304 bytes"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			op, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}, test.use)
			var broken *agents.BadAnswer
			require.ErrorAs(t, err, &broken)
			for _, text := range test.says {
				require.ErrorContains(t, err, text)
			}
			require.Equal(t, simcity.Failed, op.Outcome)
			require.Equal(t, err.Error(), op.Err)
			require.Less(t, len(op.Err), 600)
		})
	}
}

func TestRefusalsHaveAMeaning(t *testing.T) {
	for _, test := range []struct {
		status  int
		body    string
		is      []error
		not     []error
		outcome simcity.Outcome
	}{
		{409, `{"error":{"code":"slot_taken","message":"sorry"}}`, []error{agents.ErrTaken, agents.ErrRefused}, []error{agents.ErrQuota}, simcity.Conflict},
		{409, `already booked`, []error{agents.ErrTaken}, []error{agents.ErrGone}, simcity.Conflict},
		{409, `{"code":"quota_exceeded"}`, []error{agents.ErrQuota, agents.ErrRefused}, []error{agents.ErrTaken}, simcity.Conflict},
		{409, `{"error":{"code":"wrong_state"}}`, []error{agents.ErrRefused}, []error{agents.ErrTaken}, simcity.Conflict},
		{402, `{"error":"no funds"}`, []error{agents.ErrPayment}, []error{agents.ErrTaken}, simcity.Rejected},
		{404, ``, []error{agents.ErrGone}, []error{agents.ErrTryLater}, simcity.Rejected},
		{422, `{"error":{"code":"promo_invalid"}}`, []error{agents.ErrPromo}, []error{agents.ErrTaken}, simcity.Rejected},
		{429, ``, []error{agents.ErrTryLater}, []error{agents.ErrRefused}, simcity.Rejected},
		{503, ``, []error{agents.ErrTryLater}, []error{agents.ErrRefused}, simcity.Failed},
	} {
		t.Run(fmt.Sprint(test.status, test.body), func(t *testing.T) {
			op, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "2")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}, book)
			for _, target := range test.is {
				require.ErrorIs(t, err, target)
			}
			for _, target := range test.not {
				require.NotErrorIs(t, err, target)
			}
			require.Equal(t, test.outcome, op.Outcome)
			var refused *agents.Refusal
			if test.status < 500 {
				require.ErrorAs(t, err, &refused)
				require.Equal(t, 2*time.Second, refused.RetryAfter)
			}
		})
	}
}

func TestRedirectsStayAtHome(t *testing.T) {
	op, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://elsewhere.example/api", http.StatusFound)
	}, search)
	require.ErrorContains(t, err, "another host")
	require.Equal(t, simcity.Failed, op.Outcome)

	op, err = ask(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/search" {
			http.Redirect(w, r, "/api/v2/search", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, `{"results":[]}`)
	}, search)
	require.NoError(t, err)
	require.Equal(t, simcity.OK, op.Outcome)

	var bodies []string
	op, err = ask(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, r.Method+" "+r.URL.Path+" "+r.Header.Get("Idempotency-Key")+" "+string(body))
		if r.URL.Path == "/api/bookings" {
			http.Redirect(w, r, "/api/v2/bookings", http.StatusTemporaryRedirect)
			return
		}
		_, _ = io.WriteString(w, `{"id":"bk_1"}`)
	}, book)
	require.NoError(t, err)
	require.Equal(t, simcity.OK, op.Outcome)
	require.Equal(t, []string{
		`POST /api/bookings k {"vendor":"v","service":"","start":"2026-01-05T09:00:00Z"}`,
		`POST /api/v2/bookings k {"vendor":"v","service":"","start":"2026-01-05T09:00:00Z"}`,
	}, bodies)
}

// What is sent: paths with their placeholders escaped, headers, and bodies.
func TestRESTSendsWhatIsSetUp(t *testing.T) {
	market := agents.REST{
		Paths: agents.Paths{
			Slots: "GET /shops/{vendor}/free?what={service}&on={date}&from={from}",
			Book:  "PUT /orders",
			Mine:  agents.NoRoute,
		},
		Headers:  http.Header{"X-Api-Version": {"3"}},
		Decorate: func(r *http.Request, c *simcity.Citizen) { r.Header.Set("X-Who", c.ID()) },
	}
	var requests []string
	var bodies []string
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		query, _ := url.QueryUnescape(r.URL.RawQuery)
		requests = append(requests, r.Method+" "+r.URL.EscapedPath()+" "+query+" "+r.Header.Get("X-Api-Version")+r.Header.Get("X-Who")+r.Header.Get("Authorization"))
		bodies = append(bodies, string(body)+r.Header.Get("Idempotency-Key"))
		_, _ = io.WriteString(w, `{"token":"t","id":"b","slots":[{"start":"2026-01-05T09:00:00Z","end":"2026-01-05T10:00:00Z","capacity":2,"left":1}]}`)
	}
	_, err := ask(t, handler, func(ctx context.Context, u *agents.User) error {
		if err := market.SignIn(ctx, u); err != nil {
			return err
		}
		slots, err := market.Slots(ctx, u, agents.Window{Vendor: "a/b", Service: "c&d", From: u.Now()})
		if err != nil {
			return err
		}
		require.Equal(t, "a/b/c&d", slots[0].Resource())
		_, err = market.Book(ctx, u, agents.Order{Vendor: "A", Slot: slots[0], Start: "soon", Key: "key"})
		if err != nil {
			return err
		}
		_, err = market.Mine(ctx, u)
		return err
	})
	require.ErrorIs(t, err, agents.ErrUnsupported)
	require.Equal(t, []string{
		"POST /api/test/login  3one/1",
		"GET /shops/a%2Fb/free what=c&d&on=2026-01-05&from=2026-01-05T00:00:00Z 3one/1Bearer t",
		"PUT /orders  3one/1Bearer t",
	}, requests)
	require.Equal(t, []string{
		`{"email":"synthetic+one-1@example.com","role":"customer","timezone":"UTC"}`,
		"",
		`{"vendor":"A","service":"c\u0026d","start":"soon"}key`,
	}, bodies)
}
