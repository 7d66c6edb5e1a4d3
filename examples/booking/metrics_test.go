package booking_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

func TestMetricsAreDescribedText(t *testing.T) {
	t.Parallel()
	city := setup(t, booking.Config{MemoryLimit: 1 << 30})
	city.customer("ann").get("/api/bookings/bk_1").refused(404, "not_found")
	got := city.send("", "GET", "/metrics", nil).is(200)
	require.Equal(t, "text/plain; version=0.0.4; charset=utf-8", got.header.Get("Content-Type"))
	require.Contains(t, got.body, "# HELP http_requests_total Requests by route and status.\n# TYPE http_requests_total counter\n")
	require.Contains(t, got.body, `http_requests_total{route="POST /api/test/login",code="200"} 1`+"\n")
	require.Contains(t, got.body, `http_requests_total{route="GET /api/bookings/{id}",code="404"} 1`+"\n")
	require.Equal(t, 1<<30, city.metric("process_memory_limit_bytes"))
	require.Positive(t, city.metric("process_resident_memory_bytes"))

	described := map[string]bool{}
	for line := range strings.Lines(got.body) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			described[strings.Fields(name)[0]] = true
		} else if !strings.HasPrefix(line, "#") {
			name, _, _ := strings.Cut(strings.Fields(line)[0], "{")
			require.True(t, described[name], line)
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	require.JSONEq(t, `{"status":"ok"}`, setup(t, booking.Config{}).send("", "GET", "/healthz", nil).is(200).body)
}

func TestProbesFindNothingInAHealthyApp(t *testing.T) {
	t.Parallel()
	got := setup(t, booking.Config{}).send("", "GET", "/api/test/probes", nil).is(200)
	require.JSONEq(t, `{"doubleBookings":0,"orphans":0,"oversold":0,"unbalanced":0}`, got.body)
}

func TestCloseTellsWhatIsBrokenAndAgain(t *testing.T) {
	t.Parallel()
	bubble(t, booking.Config{Bugs: []booking.Bug{booking.BugAcceptsUnknownVendor}}, func(t *testing.T, city *city) {
		city.broken = true
		city.customer("ann").held("v-9", "svc_9", monday(9, 0))
		got := city.send("", "GET", "/api/test/probes", nil).is(200)
		require.Equal(t, 1, as[booking.Probes](got).Orphans)
		err := city.app.Close()
		require.EqualError(t, err, "booking: integrity: 1 orphans (bookings of no vendor or service)")
		require.Equal(t, err, city.app.Close())
	})
}
