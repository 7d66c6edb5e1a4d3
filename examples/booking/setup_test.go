package booking_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

// bubble runs a test in simulated time, which begins on Saturday 2000-01-01
// at 00:00 UTC. (A bubble is no place for t.Parallel or t.Run: call them
// outside.)
func bubble(t *testing.T, config booking.Config, test func(t *testing.T, city *city)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, setup(t, config)) })
}

// city is an app with the users of a test.
type city struct {
	t      testing.TB
	app    *booking.App
	memory *booking.MemoryStore // where a test needs it
	broken bool                 // Close must find the data broken
	spoilt bool                 // Close may find the data broken
}

// setup starts an app. When the test ends the app is closed, which checks the
// integrity of its data.
func setup(t testing.TB, config booking.Config) *city {
	t.Helper()
	app, err := booking.New(config)
	require.NoError(t, err)
	c := &city{t: t, app: app}
	t.Cleanup(func() {
		err := app.Close()
		if c.broken {
			require.ErrorContains(t, err, "integrity")
			return
		}
		if !c.spoilt {
			require.NoError(t, err)
		}
	})
	return c
}

// answer is a response of the app.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

// as decodes the body.
func as[T any](a answer) T {
	a.t.Helper()
	var v T
	require.NoError(a.t, json.Unmarshal([]byte(a.body), &v), a.body)
	return v
}

// is requires a status and returns the answer.
func (a answer) is(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.status, a.body)
	return a
}

// refused requires a status and an error code.
func (a answer) refused(status int, code string) {
	a.t.Helper()
	a.is(status)
	got := as[struct {
		Error struct{ Code, Message string }
	}](a)
	require.Equal(a.t, code, got.Error.Code, a.body)
	require.NotEmpty(a.t, got.Error.Message)
}

// send serves one request; body may be nil, text or a value to encode.
func (c *city) send(token, method, path string, body any, header ...string) answer {
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		text, err := json.Marshal(body)
		require.NoError(c.t, err)
		reader = strings.NewReader(string(text))
	}
	r := httptest.NewRequest(method, path, reader)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	c.app.ServeHTTP(w, r)
	return answer{c.t, w.Code, w.Header(), w.Body.String()}
}

// user is somebody with a session.
type user struct {
	*city
	Token  string
	UserID string
	Role   string
}

func (c *city) signIn(name, role string) *user {
	c.t.Helper()
	u := as[user](c.send("", "POST", "/api/test/login", body{
		"email": "synthetic+" + name + "@example.com", "role": role,
	}).is(200))
	u.city = c
	return &u
}

func (c *city) customer(name string) *user {
	c.t.Helper()
	return c.signIn(name, "customer")
}

type body map[string]any

func (u *user) get(path string) answer { return u.send(u.Token, "GET", path, nil) }
func (u *user) post(path string, b any, header ...string) answer {
	return u.send(u.Token, "POST", path, b, header...)
}

// shop is a vendor with an hour of exclusive massage and a class of yoga for
// two that takes 30 minutes.
type shop struct {
	*user
	handle        string
	massage, yoga string
}

func (c *city) shop(handle, timezone string) *shop {
	c.t.Helper()
	owner := c.signIn("owner-of-"+handle, "vendor")
	v := as[booking.Vendor](owner.post("/api/vendors", shopForm(handle, timezone)).is(201))
	return &shop{user: owner, handle: v.Handle, massage: v.Services[0].ID, yoga: v.Services[1].ID}
}

func shopForm(handle, timezone string) body {
	return body{
		"handle": handle, "name": "Spa " + handle, "city": "Berlin", "timezone": timezone,
		"services": []body{
			{"name": "Massage", "durationMinutes": 60, "priceCents": 5000},
			{"name": "Yoga", "durationMinutes": 30, "priceCents": 900, "capacity": 2},
		},
	}
}

// monday returns an hour of Monday 2000-01-03, UTC.
func monday(hour, minute int) time.Time {
	return time.Date(2000, 1, 3, hour, minute, 0, 0, time.UTC)
}

func (u *user) book(vendor, service string, start time.Time) answer {
	return u.post("/api/bookings", body{"vendor": vendor, "service": service, "start": start})
}

// held books and requires success.
func (u *user) held(vendor, service string, start time.Time) booking.Booking {
	u.t.Helper()
	return as[booking.Booking](u.book(vendor, service, start).is(201))
}

// requested books and confirms.
func (u *user) requested(vendor, service string, start time.Time) booking.Booking {
	u.t.Helper()
	b := u.held(vendor, service, start)
	return as[struct{ Booking booking.Booking }](u.confirm(b).is(200)).Booking
}

func (u *user) confirm(b booking.Booking) answer {
	return u.act(b, "confirm", body{"paymentToken": "tok_good"})
}

// act posts to a route of a booking.
func (u *user) act(b booking.Booking, what string, with any, header ...string) answer {
	return u.post("/api/bookings/"+b.ID+"/"+what, with, header...)
}

// see reads a booking.
func (u *user) see(b booking.Booking) booking.Booking {
	u.t.Helper()
	return as[booking.Booking](u.get("/api/bookings/" + b.ID).is(200))
}

// free lists the slots of a service on 2000-01-03.
func (c *city) free(vendor, service string) []booking.Slot {
	c.t.Helper()
	return c.freeBetween(vendor, service, "2000-01-03T00:00:00Z", "2000-01-04T00:00:00Z")
}

func (c *city) freeBetween(vendor, service, from, to string) []booking.Slot {
	c.t.Helper()
	a := c.send("", "GET", "/api/vendors/"+vendor+"/slots?service="+service+"&from="+from+"&to="+to, nil).is(200)
	return as[struct{ Slots []booking.Slot }](a).Slots
}

// starts are the start times of slots, as text.
func starts(slots []booking.Slot) []string {
	out := make([]string, len(slots))
	for i, s := range slots {
		out[i] = s.Start.Format("15:04")
	}
	return out
}

// metric reads one sample of /metrics.
func (c *city) metric(name string) int {
	c.t.Helper()
	for line := range strings.Lines(c.send("", "GET", "/metrics", nil).is(200).body) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			var n int
			require.NoError(c.t, json.Unmarshal([]byte(value), &n))
			return n
		}
	}
	require.FailNow(c.t, "no metric "+name)
	return 0
}
