package agents

import "context"

const pathOpen = "POST /api/vendors"

// Open sends {handle, name, city, timezone, openFrom, openTo, services} and
// takes the listing with the services' ids.
func (r REST) Open(ctx context.Context, u *User, l Listing) (Listing, error) {
	in := struct {
		Handle   string    `json:"handle,omitempty"`
		Name     string    `json:"name"`
		City     string    `json:"city"`
		Timezone string    `json:"timezone"`
		OpenFrom int       `json:"openFrom"`
		OpenTo   int       `json:"openTo"`
		Services []Service `json:"services"`
	}{l.Vendor, l.Name, l.City, l.Timezone, l.OpenFrom, l.OpenTo, l.Services}
	var out Listing
	if err := r.send(ctx, u, r.Paths.Open, pathOpen, place{}, "", in, &out); err != nil {
		return out, err
	}
	if out.Vendor == "" {
		return out, bad(r.Paths.Open, pathOpen, "a listing without a vendor")
	}
	return out, nil
}

const pathInbox = "GET /api/vendor/inbox"

// Inbox takes {requests: [...]}.
func (r REST) Inbox(ctx context.Context, u *User) ([]Booking, error) {
	var out struct{ Requests []Booking }
	if err := r.send(ctx, u, r.Paths.Inbox, pathInbox, place{}, "", nil, &out); err != nil {
		return nil, err
	}
	return out.Requests, checkIDs(out.Requests, r.Paths.Inbox, pathInbox)
}

// Accept takes the booking.
func (r REST) Accept(ctx context.Context, u *User, id string) (Booking, error) {
	out, err := r.change(ctx, u, r.Paths.Accept, "POST /api/bookings/{id}/accept", id, "", empty{})
	return out.Booking, err
}

// Decline takes {booking, refund: {id, cents} or null}.
func (r REST) Decline(ctx context.Context, u *User, id string) (Booking, Receipt, error) {
	out, err := r.change(ctx, u, r.Paths.Decline, "POST /api/bookings/{id}/decline", id, "", empty{})
	return out.Booking, receiptOf(out.Refund), err
}

// Propose sends {start}.
func (r REST) Propose(ctx context.Context, u *User, m Move) (Booking, error) {
	out, err := r.change(ctx, u, r.Paths.Propose, "POST /api/bookings/{id}/propose", m.ID, "", start{m.Sent})
	return out.Booking, err
}

const pathLedger = "GET /api/ledger"

// Ledger takes {chargedCents, refundedCents, entries: [...]}.
func (r REST) Ledger(ctx context.Context, u *User) (Statement, error) {
	var out struct {
		ChargedCents  *int64
		RefundedCents *int64
		Entries       []Entry
	}
	if err := r.send(ctx, u, r.Paths.Ledger, pathLedger, place{}, "", nil, &out); err != nil {
		return Statement{}, err
	}
	if out.ChargedCents == nil || out.RefundedCents == nil {
		return Statement{}, bad(r.Paths.Ledger, pathLedger, "without chargedCents and refundedCents")
	}
	return Statement{*out.ChargedCents, *out.RefundedCents, out.Entries}, nil
}
