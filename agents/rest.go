package agents

import (
	"cmp"
	"context"
	"net/http"

	"github.com/bookiji/simcity/simcity"
)

// REST is [Marketplace] over JSON and HTTP with the routes of the reference
// app. Its zero value works; the fields change what is different elsewhere,
// and an app whose bodies differ embeds REST and replaces single methods,
// which [REST.Call] makes short.
//
// Answers are read up to 4 MiB. A body that is not JSON, lacks an id or makes
// no sense is a *[BadAnswer] that names the route.
type REST struct {
	// Paths are the routes. Empty ones mean the defaults.
	Paths Paths
	// Headers go with every request.
	Headers http.Header
	// Decorate changes a request before it is sent, for example to add a token
	// minted in process. It is called on the citizen's goroutine.
	Decorate func(*http.Request, *simcity.Citizen)
}

// Validate reports a path that is no route.
func (r REST) Validate() error { return r.Paths.Validate() }

var _ Marketplace = REST{}

// send expands the route of a verb and calls it.
func (r REST) send(ctx context.Context, u *User, path, standard string, at place, key string, in, out any) error {
	path = cmp.Or(path, standard)
	if path == NoRoute {
		return ErrUnsupported
	}
	return r.call(ctx, u, expand(path, at), key, in, out)
}

// bad is an answer that is JSON of the right shape and yet wrong.
func bad(path, standard, reason string) error {
	return &BadAnswer{Route: routeOf(cmp.Or(path, standard)), Reason: "answered " + reason}
}

const pathSignIn = "POST /api/test/login"

// SignIn sends {email, role, timezone} and takes {token, userId}. Without the
// route (Paths.SignIn "-") it does nothing.
func (r REST) SignIn(ctx context.Context, u *User) error {
	if r.Paths.SignIn == NoRoute {
		return nil
	}
	in := struct {
		Email    string `json:"email"`
		Role     Role   `json:"role"`
		Timezone string `json:"timezone"`
	}{u.Email(), u.Role, "UTC"}
	var out struct{ Token, UserID string }
	if err := r.send(ctx, u, r.Paths.SignIn, pathSignIn, place{}, "", in, &out); err != nil {
		return err
	}
	if out.Token == "" {
		return bad(r.Paths.SignIn, pathSignIn, "without a token")
	}
	u.Token, u.Account = out.Token, out.UserID
	return nil
}

const pathSearch = "GET /api/search?city={city}&q={text}"

// Search takes {results: [...]}.
func (r REST) Search(ctx context.Context, u *User, q Query) ([]Listing, error) {
	var out struct{ Results []Listing }
	err := r.send(ctx, u, r.Paths.Search, pathSearch, place{city: q.City, text: q.Text}, "", nil, &out)
	if err != nil {
		return nil, err
	}
	for _, l := range out.Results {
		if l.Vendor == "" {
			return nil, bad(r.Paths.Search, pathSearch, "with a result that has no vendor")
		}
	}
	return out.Results, nil
}

const pathSlots = "GET /api/vendors/{vendor}/slots?service={service}&from={from}&to={to}"

// Slots takes {slots: [...]}.
func (r REST) Slots(ctx context.Context, u *User, w Window) ([]Slot, error) {
	var out struct{ Slots []Slot }
	at := place{vendor: w.Vendor, service: w.Service, from: w.From, to: w.To}
	if err := r.send(ctx, u, r.Paths.Slots, pathSlots, at, "", nil, &out); err != nil {
		return nil, err
	}
	for i := range out.Slots {
		s := &out.Slots[i]
		s.Vendor, s.Service = cmp.Or(s.Vendor, w.Vendor), cmp.Or(s.Service, w.Service)
		if err := s.check(); err != nil {
			return nil, bad(r.Paths.Slots, pathSlots, err.Error())
		}
	}
	return out.Slots, nil
}

// bookingAnswer is a booking, bare or as {booking: ..., charge, refund}.
type bookingAnswer struct {
	Booking
	Wrapped *Booking `json:"booking"`
	Charge  *Receipt `json:"charge"`
	Refund  *Receipt `json:"refund"`
}

// change posts to a route that answers a booking.
func (r REST) change(ctx context.Context, u *User, path, standard, id, key string, in any) (*bookingAnswer, error) {
	var out bookingAnswer
	if err := r.send(ctx, u, path, standard, place{id: id}, key, in, &out); err != nil {
		return &out, err
	}
	if out.Wrapped != nil {
		out.Booking = *out.Wrapped
	}
	switch {
	case out.ID == "":
		return &out, bad(path, standard, "a booking without an id")
	case id != "" && out.ID != id:
		return &out, bad(path, standard, "booking "+out.ID+" although it was asked for "+id)
	}
	return &out, nil
}

func receiptOf(r *Receipt) Receipt {
	if r == nil {
		return Receipt{}
	}
	return *r
}

// empty is the body of verbs that say it all in their path.
type empty struct{}

const pathBook = "POST /api/bookings"

// Book sends {vendor, service, start, promo} with the Idempotency-Key.
func (r REST) Book(ctx context.Context, u *User, o Order) (Booking, error) {
	in := struct {
		Vendor  string `json:"vendor"`
		Service string `json:"service"`
		Start   string `json:"start"`
		Promo   string `json:"promo,omitempty"`
	}{o.Vendor, o.Slot.Service, o.Start, o.Promo}
	out, err := r.change(ctx, u, r.Paths.Book, pathBook, "", o.Key, in)
	return out.Booking, err
}

// Confirm sends {paymentToken} with the Idempotency-Key and takes
// {booking, charge: {id, cents}}.
func (r REST) Confirm(ctx context.Context, u *User, p Payment) (Booking, Receipt, error) {
	in := struct {
		PaymentToken string `json:"paymentToken"`
	}{p.Token}
	out, err := r.change(ctx, u, r.Paths.Confirm, "POST /api/bookings/{id}/confirm", p.ID, p.Key, in)
	return out.Booking, receiptOf(out.Charge), err
}

// See takes a booking.
func (r REST) See(ctx context.Context, u *User, id string) (Booking, error) {
	out, err := r.change(ctx, u, r.Paths.See, "GET /api/bookings/{id}", id, "", nil)
	return out.Booking, err
}

const pathMine = "GET /api/bookings"

// Mine takes {bookings: [...]}.
func (r REST) Mine(ctx context.Context, u *User) ([]Booking, error) {
	var out struct{ Bookings []Booking }
	if err := r.send(ctx, u, r.Paths.Mine, pathMine, place{}, "", nil, &out); err != nil {
		return nil, err
	}
	return out.Bookings, checkIDs(out.Bookings, r.Paths.Mine, pathMine)
}

func checkIDs(list []Booking, path, standard string) error {
	for i := range list {
		if list[i].ID == "" {
			return bad(path, standard, "with a booking that has no id")
		}
	}
	return nil
}

// start is the body of a move or a proposal.
type start struct {
	Start string `json:"start"`
}

// Reschedule sends {start}.
func (r REST) Reschedule(ctx context.Context, u *User, m Move) (Booking, error) {
	out, err := r.change(ctx, u, r.Paths.Reschedule, "POST /api/bookings/{id}/reschedule", m.ID, "", start{m.Sent})
	return out.Booking, err
}

// Cancel takes {booking, refund: {id, cents} or null}.
func (r REST) Cancel(ctx context.Context, u *User, id string) (Booking, Receipt, error) {
	out, err := r.change(ctx, u, r.Paths.Cancel, "POST /api/bookings/{id}/cancel", id, "", empty{})
	return out.Booking, receiptOf(out.Refund), err
}

// CheckIn takes the booking.
func (r REST) CheckIn(ctx context.Context, u *User, id string) (Booking, error) {
	out, err := r.change(ctx, u, r.Paths.CheckIn, "POST /api/bookings/{id}/checkin", id, "", empty{})
	return out.Booking, err
}

// Say sends {text}.
func (r REST) Say(ctx context.Context, u *User, id, text string) error {
	in := struct {
		Text string `json:"text"`
	}{text}
	return r.send(ctx, u, r.Paths.Say, "POST /api/bookings/{id}/messages", place{id: id}, "", in, nil)
}
