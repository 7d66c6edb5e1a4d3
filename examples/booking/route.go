package booking

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// access says who may call a route.
type access int

const (
	anyone  access = iota // a session is used if there is one
	members               // any session
	customers
	vendors
	testers // anyone, but never in production
)

// statuses are those that the app answers with.
var statuses = [...]int{
	http.StatusOK, http.StatusCreated, http.StatusBadRequest, http.StatusUnauthorized, http.StatusPaymentRequired,
	http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge,
	http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
}

// route is one entry of the API.
type route struct {
	pattern string
	access  access
	answer  func(*call) (reply, error)
	served  [len(statuses)]atomic.Int64
}

// call is one request on its way through the app.
type call struct {
	*http.Request
	route   *route
	now     time.Time
	account *account // nil for a visitor
	body    []byte
}

// reply is what goes back.
type reply struct {
	status      int
	body        []byte
	contentType []string // default JSON
	replayed    bool
}

var (
	jsonType = []string{"application/json"}
	textType = []string{"text/plain; version=0.0.4; charset=utf-8"}
)

// mount lists the API.
func (a *App) mount() {
	a.handle("GET /healthz", anyone, a.health)
	a.handle("GET /metrics", anyone, a.metrics)

	a.handle("GET /api/test/login", testers, a.environment)
	a.handle("POST /api/test/login", testers, a.login)
	a.handle("GET /api/test/ledger", testers, a.platformLedger)
	a.handle("GET /api/test/probes", testers, a.probes)
	a.handle("POST /api/test/purge", testers, a.purge)

	a.handle("POST /api/vendors", vendors, a.join)
	a.handle("GET /api/search", anyone, a.search)
	a.handle("GET /api/vendors/{vendor}/slots", anyone, a.slots)

	a.handle(bookPattern, customers, a.book)
	a.handle("GET /api/bookings", members, a.listBookings)
	a.handle("GET /api/bookings/{id}", members, a.showBooking)
	a.handle(confirmPattern, customers, a.confirm)
	a.handle("POST /api/bookings/{id}/reschedule", customers, a.reschedule)
	a.handle("POST /api/bookings/{id}/cancel", members, a.cancel)
	a.handle("POST /api/bookings/{id}/checkin", members, a.checkIn)
	a.handle("GET /api/bookings/{id}/messages", members, a.listMessages)
	a.handle("POST /api/bookings/{id}/messages", members, a.sendMessage)

	a.handle("GET /api/vendor/inbox", vendors, a.inbox)
	a.handle("POST /api/bookings/{id}/accept", vendors, a.accept)
	a.handle("POST /api/bookings/{id}/decline", vendors, a.decline)
	a.handle("POST /api/bookings/{id}/propose", vendors, a.propose)

	a.handle("GET /api/ledger", members, a.ledger)
	a.handle("POST /api/payments/webhook", anyone, a.webhook)

	a.handle("/", anyone, func(*call) (reply, error) { return reply{}, notFound("this route") })
}

func (a *App) handle(pattern string, who access, answer func(*call) (reply, error)) {
	rt := &route{pattern: pattern, access: who, answer: answer}
	a.routes = append(a.routes, rt)
	a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		a.serve(rt, w, r)
	})
}

// count is how many answers had the status.
func (rt *route) count(status int) *atomic.Int64 {
	return &rt.served[slices.Index(statuses[:], status)]
}

func (a *App) serve(rt *route, w http.ResponseWriter, r *http.Request) {
	c := &call{Request: r, route: rt, now: present()}
	out, err := a.answer(c)
	if err != nil {
		out = a.explain(c, err)
	}
	rt.count(out.status).Add(1)
	out.write(w)
}

// answer admits the call, reads its body and has the route answer it.
func (a *App) answer(c *call) (reply, error) {
	if c.route.access == testers && a.config.Env == Production {
		return a.environment(c)
	}
	if err := a.admit(c); err != nil {
		return reply{}, err
	}
	if err := a.misbehave(c); err != nil {
		return reply{}, err
	}
	if c.Method == http.MethodPost {
		if err := c.read(); err != nil {
			return reply{}, err
		}
	}
	return c.route.answer(c)
}

// explain turns an error into a reply. What the client is not told is logged.
func (a *App) explain(c *call, err error) reply {
	var p *problem
	switch {
	case errors.As(err, &p):
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		p = errGone
	default:
		a.config.Logger.Error("request failed", "route", c.route.pattern, "error", err)
		p = errInternal
	}
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	body.Error.Code, body.Error.Message = p.code, p.message
	out, _ := answerJSON(p.status, body)
	return out
}

func (r reply) write(w http.ResponseWriter) {
	header := w.Header()
	if r.contentType == nil {
		r.contentType = jsonType
	}
	header["Content-Type"] = r.contentType
	if r.replayed {
		header.Set("Idempotency-Replayed", "true")
	}
	if r.status == http.StatusTooManyRequests {
		header.Set("Retry-After", "1")
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body)
}

// answerJSON makes a reply of a value.
func answerJSON(status int, v any) (reply, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return reply{}, err
	}
	return reply{status: status, body: append(body, '\n')}, nil
}

// bodyLimit is the most that a request may carry.
const bodyLimit = 64 << 10

func (c *call) read() error {
	if c.Body == nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(c.Body, bodyLimit+1))
	if err != nil {
		return badRequest("the body cannot be read: %v", err)
	}
	if len(body) > bodyLimit {
		return errTooLarge
	}
	c.body = body
	return nil
}

// decode reads the body into v, which must name every field that comes.
func (c *call) decode(v any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badRequest("the body is not what this route takes: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return badRequest("the body goes on after its end")
	}
	return nil
}

// empty accepts no body or an object without fields.
func (c *call) empty() error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	return c.decode(&struct{}{})
}
