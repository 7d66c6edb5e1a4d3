package booking_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

// caller sends requests with as little cost of its own as possible.
type caller struct {
	app    *booking.App
	header http.Header
	sink   sink
}

// sink is a ResponseWriter that keeps the latest answer.
type sink struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(b []byte) (int, error) { return s.body.Write(b) }

func newCaller(u *user) *caller {
	return &caller{
		app:    u.app,
		header: http.Header{"Authorization": {"Bearer " + u.Token}},
		sink:   sink{header: http.Header{}},
	}
}

func (c *caller) do(b *testing.B, method, path, query, body string, want int) {
	r := &http.Request{
		Method: method, URL: &url.URL{Path: path, RawQuery: query}, Header: c.header,
		Body: io.NopCloser(bytes.NewReader([]byte(body))),
	}
	clear(c.sink.header)
	c.sink.body.Reset()
	c.app.ServeHTTP(&c.sink, r)
	if c.sink.status != want {
		b.Fatalf("%s %s answered %d, want %d: %s", method, path, c.sink.status, want, c.sink.body.String())
	}
}

// id reads the first field of the answer, which begins with {"id":"bk_17".
func (c *caller) id() string {
	rest := c.sink.body.Bytes()[len(`{"id":"`):]
	return string(rest[:bytes.IndexByte(rest, '"')])
}

func benchCity(b *testing.B) (*caller, *shop) {
	b.Helper()
	city := setup(b, booking.Config{RatePerMinute: -1})
	shop := city.shop("v-1", "UTC")
	return newCaller(city.customer("ann")), shop
}

// tomorrow is the slot after next midnight at 10:00 UTC.
func tomorrow() time.Time {
	return time.Now().UTC().Truncate(24 * time.Hour).Add(34 * time.Hour)
}

// BenchmarkBooking is the booking path: book, confirm and cancel, three
// requests a turn.
func BenchmarkBooking(b *testing.B) {
	c, shop := benchCity(b)
	order := fmt.Sprintf(`{"vendor":"v-1","service":%q,"start":%q}`, shop.massage, tomorrow().Format(time.RFC3339))
	b.ReportAllocs()
	for b.Loop() {
		c.do(b, "POST", "/api/bookings", "", order, 201)
		path := "/api/bookings/" + c.id()
		c.do(b, "POST", path+"/confirm", "", `{"paymentToken":"tok_good"}`, 200)
		c.do(b, "POST", path+"/cancel", "", "", 200)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/3, "ns/request")
}

// BenchmarkSearch is a search that the cache answers.
func BenchmarkSearch(b *testing.B) {
	c, _ := benchCity(b)
	b.ReportAllocs()
	for b.Loop() {
		c.do(b, "GET", "/api/search", "city=Berlin", "", 200)
	}
}

// BenchmarkSlots lists a day of slots in a calendar with bookings.
func BenchmarkSlots(b *testing.B) {
	c, shop := benchCity(b)
	customer := shop.customer("bea")
	for i := range 3 {
		customer.held(shop.handle, shop.massage, tomorrow().Add(time.Duration(i)*2*time.Hour))
	}
	b.ReportAllocs()
	for b.Loop() {
		c.do(b, "GET", "/api/vendors/v-1/slots", "service="+shop.massage, "", 200)
	}
}

// BenchmarkRefusal is a booking of a slot that is taken.
func BenchmarkRefusal(b *testing.B) {
	c, shop := benchCity(b)
	start := tomorrow()
	shop.customer("bea").held(shop.handle, shop.massage, start)
	order := fmt.Sprintf(`{"vendor":"v-1","service":%q,"start":%q}`, shop.massage, start.Format(time.RFC3339))
	b.ReportAllocs()
	for b.Loop() {
		c.do(b, "POST", "/api/bookings", "", order, 409)
	}
	require.NotZero(b, b.N)
}
