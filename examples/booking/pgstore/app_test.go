package pgstore_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

// shop is the app over HTTP with a vendor.
type shop struct {
	t       testing.TB
	url     string
	service string
	vera    string // the vendor's token
}

func openShop(t testing.TB, store booking.Store) shop {
	t.Helper()
	app, err := booking.New(booking.Config{Store: store, RatePerMinute: -1})
	require.NoError(t, err)
	server := httptest.NewServer(app)
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, app.Close())
	})
	s := shop{t: t, url: server.URL}
	s.vera = s.login("vera", booking.RoleVendor)
	opened := s.send(201, s.vera, "POST", "/api/vendors", `{"handle":"spa","name":"Spa","city":"Berlin","timezone":"UTC",
		"openTo":24,"services":[{"name":"Massage","durationMinutes":60,"priceCents":5000}]}`)
	s.service = opened["services"].([]any)[0].(map[string]any)["id"].(string)
	return s
}

func (s shop) login(name, role string) string {
	s.t.Helper()
	return s.send(200, "", "POST", "/api/test/login", fmt.Sprintf(`{"email":"synthetic+%s@example.com","role":%q}`, name, role))["token"].(string)
}

func (s shop) order(start time.Time) string {
	return fmt.Sprintf(`{"vendor":"spa","service":%q,"start":%q}`, s.service, start.Format(time.RFC3339))
}

// ask sends a request.
func (s shop) ask(token, method, path, body string) (status int, answer map[string]any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, json.Unmarshal(text, &answer), string(text))
	return response.StatusCode, answer
}

// send requires a status.
func (s shop) send(want int, token, method, path, body string) map[string]any {
	s.t.Helper()
	status, answer := s.ask(token, method, path, body)
	require.Equal(s.t, want, status, answer)
	return answer
}

func TestAppBooksConfirmsAndCancels(t *testing.T) {
	t.Parallel()
	s := openShop(t, setup(t))
	ann, bea := s.login("ann", booking.RoleCustomer), s.login("bea", booking.RoleCustomer)

	held := s.send(201, ann, "POST", "/api/bookings", s.order(noon()))
	path := "/api/bookings/" + held["id"].(string)
	refused := s.send(409, bea, "POST", "/api/bookings", s.order(noon()))
	require.Equal(t, "slot_taken", refused["error"].(map[string]any)["code"])
	s.send(404, bea, "GET", path, "")

	paid := s.send(200, ann, "POST", path+"/confirm", `{"paymentToken":"tok_visa"}`)
	require.Equal(t, "requested", paid["booking"].(map[string]any)["status"])
	s.send(201, ann, "POST", path+"/messages", `{"text":"hello"}`)
	require.Len(t, s.send(200, s.vera, "GET", path+"/messages", "")["messages"], 1)
	require.Len(t, s.send(200, s.vera, "GET", "/api/vendor/inbox", "")["requests"], 1)
	s.send(200, s.vera, "POST", path+"/accept", "")

	cancelled := s.send(200, ann, "POST", path+"/cancel", "")
	require.Equal(t, 100.0, cancelled["refund"].(map[string]any)["cents"])
	ledger := s.send(200, ann, "GET", "/api/ledger", "")
	require.Len(t, ledger["entries"], 2)
	require.Equal(t, []any{100.0, 100.0}, []any{ledger["chargedCents"], ledger["refundedCents"]})
	s.send(201, bea, "POST", "/api/bookings", s.order(noon()))
}

// What the app forgets to check, the database answers for it.
func TestAppToldByTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := openShop(t, b)
	ann, bea := s.login("ann", booking.RoleCustomer), s.login("bea", booking.RoleCustomer)
	s.send(201, ann, "POST", "/api/bookings", s.order(noon()))

	careless, err := booking.New(booking.Config{Store: b, Bugs: []booking.Bug{booking.BugRescheduleIgnores}})
	require.NoError(t, err)
	defer func() { require.NoError(t, careless.Close()) }()
	moved := s.send(201, bea, "POST", "/api/bookings", s.order(noon().Add(2*time.Hour)))
	server := httptest.NewServer(careless)
	defer server.Close()
	other := shop{t: t, url: server.URL}
	other.login("ann", booking.RoleCustomer) // accounts are the process's: cus_1, then cus_2
	bea = other.login("bea", booking.RoleCustomer)
	refused := other.send(409, bea, "POST", "/api/bookings/"+moved["id"].(string)+"/reschedule",
		fmt.Sprintf(`{"start":%q}`, noon().Format(time.RFC3339)))
	require.Equal(t, "slot_taken", refused["error"].(map[string]any)["code"])
}

// Twelve at once for one slot, over four connections.
func TestAppSellsASlotOnceUnderARush(t *testing.T) {
	t.Parallel()
	s := openShop(t, setup(t))
	var tokens []string
	for i := range 12 {
		tokens = append(tokens, s.login(fmt.Sprintf("c%d", i), booking.RoleCustomer))
	}
	statuses := make([]int, len(tokens))
	var all sync.WaitGroup
	for i, token := range tokens {
		all.Go(func() { statuses[i], _ = s.ask(token, "POST", "/api/bookings", s.order(noon())) })
	}
	all.Wait()
	counts := map[int]int{}
	for _, status := range statuses {
		counts[status]++
	}
	require.Equal(t, map[int]int{201: 1, 409: 11}, counts)
}
