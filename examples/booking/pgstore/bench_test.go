package pgstore_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/pgstore"
)

// tripCounter counts statements; each is a round trip.
type tripCounter struct{ trips atomic.Int64 }

func (c *tripCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.trips.Add(1)
	return ctx
}

func (*tripCounter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// counter is the app without a network, for one customer.
type counter struct {
	app     http.Handler
	token   string
	service string
}

func openCounter(tb testing.TB, store booking.Store) *counter {
	tb.Helper()
	app, err := booking.New(booking.Config{Store: store, RatePerMinute: -1})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, app.Close()) })
	c := &counter{app: app}
	login := func(role string) string {
		return field(c.send(tb, 200, "POST", "/api/test/login", `{"email":"synthetic+`+role+`@example.com","role":"`+role+`"}`), "token")
	}
	c.token = login(booking.RoleVendor)
	opened := c.send(tb, 201, "POST", "/api/vendors", `{"handle":"spa","name":"Spa","city":"Berlin","timezone":"UTC",
		"openTo":24,"services":[{"name":"Massage","durationMinutes":60,"priceCents":5000}]}`)
	c.service = field(opened[strings.Index(opened, `"services"`):], "id")
	c.token = ""
	c.token = login(booking.RoleCustomer)
	return c
}

func (c *counter) send(tb testing.TB, want int, method, path, body string) string {
	r := httptest.NewRequestWithContext(tb.Context(), method, path, strings.NewReader(body))
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	w := httptest.NewRecorder()
	c.app.ServeHTTP(w, r)
	if w.Code != want {
		tb.Fatalf("%s %s answered %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	return w.Body.String()
}

// field reads the first text field of that name.
func field(answer, name string) string {
	_, rest, _ := strings.Cut(answer, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// requests of a round, in order.
var requests = []string{"slots", "book", "confirm", "show", "cancel"}

// round is a customer who looks, books, pays, looks again and cancels; each is
// told when a request is over.
func (c *counter) round(tb testing.TB, each func(request int)) {
	order := fmt.Sprintf(`{"vendor":"spa","service":%q,"start":%q}`, c.service, noon().Format(time.RFC3339))
	c.send(tb, 200, "GET", "/api/vendors/spa/slots", "")
	each(0)
	path := "/api/bookings/" + field(c.send(tb, 201, "POST", "/api/bookings", order), "id")
	each(1)
	c.send(tb, 200, "POST", path+"/confirm", `{"paymentToken":"tok_visa"}`)
	each(2)
	c.send(tb, 200, "GET", path, "")
	each(3)
	c.send(tb, 200, "POST", path+"/cancel", "")
	each(4)
}

// BenchmarkBookRound compares a round of five requests on this store with one on
// the store in memory, and tells how many round trips to the database each
// request takes.
func BenchmarkBookRound(b *testing.B) {
	var trips tripCounter
	store := open(b, schema.Database(b), pgstore.Config{}, func(c *pgxpool.Config) { c.ConnConfig.Tracer = &trips })
	real, memory := openCounter(b, store), openCounter(b, booking.NewMemoryStore())
	nothing := func(int) {}
	real.round(b, nothing)

	counts := make([]int64, len(requests))
	before := trips.trips.Load()
	real.round(b, func(i int) {
		now := trips.trips.Load()
		counts[i], before = now-before, now
	})
	var inMemory time.Duration
	for b.Loop() {
		b.StopTimer()
		began := time.Now()
		memory.round(b, nothing)
		inMemory += time.Since(began)
		b.StartTimer()
		real.round(b, nothing)
	}
	for i, name := range requests {
		b.ReportMetric(float64(counts[i]), name+"-trips")
	}
	b.ReportMetric(float64(b.Elapsed())/float64(inMemory), "x-memory")
}
