package pgstore_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/pgstore"
)

// How long it takes to meet the check-then-insert race on real Postgres: with
// seams, in a city of ordinary customers who know nothing of it; and in bursts of
// two requests aimed at one slot each, which is all that they do, without seams.
// Printed: the seed and the milliseconds of the city, the bursts and milliseconds
// of the other, bursts of 0 meaning that 300 did not meet it.
func BenchmarkFirstDetection(b *testing.B) {
	b.Setenv("SIMCITY_SEED", "")
	for b.Loop() {
		seed, took := firstDetection(b, 20)
		b.ReportMetric(float64(seed), "city-seed")
		b.ReportMetric(float64(took.Milliseconds()), "city-ms")
		bursts, took := burstsUntilDetection(b, 300)
		b.ReportMetric(float64(bursts), "bursts")
		b.ReportMetric(float64(took.Milliseconds()), "bursts-ms")
		b.ReportMetric(0, "ns/op")
	}
}

// burstsUntilDetection sends two orders for one slot at a time, slot after slot,
// until both are accepted.
func burstsUntilDetection(b *testing.B, most int) (bursts int, took time.Duration) {
	pool, err := pgxpool.New(b.Context(), marketplace.Database(b))
	require.NoError(b, err)
	defer pool.Close()
	store, err := pgstore.Open(b.Context(), pgstore.Config{Pool: pool, Bugs: []pgstore.Bug{pgstore.BugNoExclusion}})
	require.NoError(b, err)
	app, err := booking.New(booking.Config{Store: store, RatePerMinute: -1, MaxActiveBookings: 1000, Bugs: []booking.Bug{booking.BugCheckThenInsert}})
	require.NoError(b, err)
	defer func() { _ = app.Close() }() // its integrity check finds the double booking
	c := &counter{app: app}
	vendor := field(c.send(b, 200, "POST", "/api/test/login", `{"email":"synthetic+vera@example.com","role":"vendor"}`), "token")
	customer := field(c.send(b, 200, "POST", "/api/test/login", `{"email":"synthetic+carl@example.com","role":"customer"}`), "token")
	c.token = vendor
	opened := c.send(b, 201, "POST", "/api/vendors", `{"handle":"spa","name":"Spa","city":"Berlin","timezone":"UTC",
		"openTo":24,"services":[{"name":"Massage","durationMinutes":60,"priceCents":5000}]}`)
	service := field(opened[strings.Index(opened, `"services"`):], "id")
	first := time.Now().UTC().Truncate(time.Hour).Add(2 * time.Hour)
	began := time.Now()
	for n := range most {
		order := fmt.Sprintf(`{"vendor":"spa","service":%q,"start":%q}`, service, first.Add(time.Duration(n)*time.Hour).Format(time.RFC3339))
		if orderTwice(b.Context(), app, customer, order) == 2 {
			return n + 1, time.Since(began)
		}
	}
	return 0, time.Since(began)
}

// orderTwice sends an order from two goroutines and counts how many were accepted.
func orderTwice(ctx context.Context, app http.Handler, token, order string) (accepted int) {
	var both sync.WaitGroup
	answers := [2]*httptest.ResponseRecorder{}
	for i := range answers {
		answers[i] = httptest.NewRecorder()
		both.Go(func() {
			r := httptest.NewRequestWithContext(ctx, "POST", "/api/bookings", strings.NewReader(order))
			r.Header.Set("Authorization", "Bearer "+token)
			app.ServeHTTP(answers[i], r)
		})
	}
	both.Wait()
	for _, w := range answers {
		if w.Code == http.StatusCreated {
			accepted++
		}
	}
	return accepted
}
