package agents_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bookiji/simcity/agents"
)

// shop is a correct marketplace in memory, reached without HTTP. One citizen
// acts at a time, so it needs no locks. Its switches make it misbehave.
type shop struct {
	agents.Unsupported
	listings []agents.Listing
	bookings []*agents.Booking
	capacity map[string]int
	owner    map[string]string // key to booking
	entries  map[string][]agents.Entry

	quota   int
	mute    int  // every so many orders and payments are done but not answered
	served  int  // counted for mute
	noPromo bool // refuses promotion codes
	accepts bool // whatever is ordered
	echoes  bool // the network delivers each cancelling and declining twice, and the second answer arrives
}

func newShop() *shop {
	return &shop{capacity: map[string]int{}, owner: map[string]string{}, entries: map[string][]agents.Entry{}, quota: 4}
}

const holdTime = 10 * time.Minute

func refuse(status int, code string) error {
	return &agents.Refusal{Route: "shop", Status: status, Code: code}
}

func (s *shop) muted() error {
	s.served++
	if s.mute > 0 && s.served%s.mute == 0 {
		return &agents.BadAnswer{Route: "shop", Reason: "was not answered"}
	}
	return nil
}

func (s *shop) SignIn(_ context.Context, u *agents.User) error {
	u.Account = "account of " + u.ID()
	return nil
}

func (s *shop) Open(_ context.Context, _ *agents.User, l agents.Listing) (agents.Listing, error) {
	l.Services = slices.Clone(l.Services)
	for i := range l.Services {
		l.Services[i].ID = fmt.Sprintf("%s.%d", l.Vendor, i)
		s.capacity[l.Services[i].ID] = l.Services[i].Capacity
	}
	s.listings = append(s.listings, l)
	return l, nil
}

func (s *shop) Search(_ context.Context, _ *agents.User, q agents.Query) (found []agents.Listing, _ error) {
	for _, l := range s.listings {
		if l.City == q.City {
			found = append(found, l)
		}
	}
	return found, nil
}

func (s *shop) live(b *agents.Booking, now time.Time) bool {
	return !b.Status.Final() && (b.Status != agents.StatusHeld || now.Before(b.ExpiresAt))
}

// left counts free places of a service from start to end.
func (s *shop) left(vendor, service string, start, end, now time.Time, except string) int {
	left := max(1, s.capacity[service])
	for _, b := range s.bookings {
		same := b.Service == service && b.Start.Equal(start)
		if left0 := s.capacity[service] <= 1 && s.capacity[b.Service] <= 1; left0 {
			same = b.Start.Before(end) && start.Before(b.End)
		}
		if b.ID != except && b.Vendor == vendor && same && s.live(b, now) {
			left--
		}
	}
	return left
}

func (s *shop) Slots(_ context.Context, u *agents.User, w agents.Window) (slots []agents.Slot, _ error) {
	for _, l := range s.listings {
		for _, service := range l.Services {
			if l.Vendor != w.Vendor || service.ID != w.Service {
				continue
			}
			for at := w.From.Truncate(30 * time.Minute); at.Before(w.To); at = at.Add(30 * time.Minute) {
				end := at.Add(time.Duration(service.DurationMinutes) * time.Minute)
				if at.Before(w.From) || at.Hour() < l.OpenFrom || at.Hour() >= l.OpenTo {
					continue
				}
				if left := s.left(l.Vendor, service.ID, at, end, u.Now(), ""); left > 0 {
					slots = append(slots, agents.Slot{Vendor: l.Vendor, Service: service.ID, Start: at, End: end, Capacity: service.Capacity, Left: left})
				}
			}
		}
	}
	return slots, nil
}

func (s *shop) Book(_ context.Context, u *agents.User, o agents.Order) (agents.Booking, error) {
	if id, again := s.owner[o.Key]; again {
		return *s.find(id), s.muted()
	}
	vendor := strings.ToLower(o.Vendor)
	start, err := time.Parse(time.RFC3339, o.Start)
	known := slices.ContainsFunc(s.listings, func(l agents.Listing) bool { return l.Vendor == vendor })
	_, sold := s.capacity[o.Slot.Service]
	mine := 0
	for _, b := range s.bookings {
		if b.Customer == u.Account && s.live(b, u.Now()) && u.Now().Before(b.End) {
			mine++
		}
	}
	end := start.Add(o.Slot.End.Sub(o.Slot.Start))
	switch {
	case err != nil:
		return agents.Booking{}, refuse(400, "bad_request")
	case (!known || !sold) && !s.accepts:
		return agents.Booking{}, refuse(404, "not_found")
	case mine >= s.quota:
		return agents.Booking{}, refuse(409, "quota_exceeded")
	case o.Promo != "" && s.noPromo:
		return agents.Booking{}, refuse(422, "promo_invalid")
	case s.left(vendor, o.Slot.Service, start, end, u.Now(), "") < 1:
		return agents.Booking{}, refuse(409, "slot_taken")
	}
	b := &agents.Booking{
		ID: fmt.Sprint("b", len(s.bookings)+1), Vendor: vendor, Service: o.Slot.Service, Customer: u.Account,
		Start: start.UTC(), End: end.UTC(), Status: agents.StatusHeld, ExpiresAt: u.Now().Add(holdTime), Promo: o.Promo,
	}
	s.bookings = append(s.bookings, b)
	s.owner[o.Key] = b.ID
	return *b, s.muted()
}

func (s *shop) find(id string) *agents.Booking {
	for _, b := range s.bookings {
		if b.ID == id {
			return b
		}
	}
	return &agents.Booking{}
}

func (s *shop) Confirm(_ context.Context, u *agents.User, p agents.Payment) (agents.Booking, agents.Receipt, error) {
	b := s.find(p.ID)
	receipt := agents.Receipt{ID: "pay " + b.ID, Cents: 100}
	if s.owner[p.Key] == b.ID {
		return *b, receipt, s.muted()
	}
	if b.Status != agents.StatusHeld || !s.live(b, u.Now()) {
		return *b, agents.Receipt{}, refuse(409, "wrong_state")
	}
	b.Status, b.RequestedAt, b.ChargedCents = agents.StatusRequested, u.Now(), 100
	s.owner[p.Key] = b.ID
	s.entries[u.Account] = append(s.entries[u.Account], agents.Entry{ID: receipt.ID, Booking: b.ID, Kind: "charge", Cents: 100})
	return *b, receipt, s.muted()
}

func (s *shop) refund(b *agents.Booking) agents.Receipt {
	if b.ChargedCents == b.RefundedCents {
		return agents.Receipt{}
	}
	b.RefundedCents = b.ChargedCents
	r := agents.Receipt{ID: "back " + b.ID, Cents: b.ChargedCents}
	s.entries[b.Customer] = append(s.entries[b.Customer], agents.Entry{ID: r.ID, Booking: b.ID, Kind: "refund", Cents: r.Cents})
	return r
}

func (s *shop) See(_ context.Context, _ *agents.User, id string) (agents.Booking, error) {
	return *s.find(id), nil
}

func (s *shop) Mine(_ context.Context, u *agents.User) (list []agents.Booking, _ error) {
	for _, b := range s.bookings {
		if b.Customer == u.Account {
			list = append(list, *b)
		}
	}
	return list, nil
}

func (s *shop) Reschedule(_ context.Context, u *agents.User, m agents.Move) (agents.Booking, error) {
	b := s.find(m.ID)
	if !s.live(b, u.Now()) || !u.Now().Before(b.Start) {
		return *b, refuse(409, "wrong_state")
	}
	end := m.Start.Add(b.End.Sub(b.Start))
	if s.left(b.Vendor, b.Service, m.Start, end, u.Now(), b.ID) < 1 {
		return *b, refuse(409, "slot_taken")
	}
	switch {
	case b.Status == agents.StatusProposed && m.Start.Equal(b.ProposedStart):
		b.Status = agents.StatusConfirmed
	case b.Status == agents.StatusConfirmed, b.Status == agents.StatusProposed:
		b.Status, b.RequestedAt = agents.StatusRequested, u.Now()
	}
	b.Start, b.End, b.ProposedStart = m.Start, end, time.Time{}
	return *b, nil
}

func (s *shop) Cancel(_ context.Context, u *agents.User, id string) (agents.Booking, agents.Receipt, error) {
	b := s.find(id)
	if !s.live(b, u.Now()) || !u.Now().Before(b.Start) {
		return *b, agents.Receipt{}, refuse(409, "wrong_state")
	}
	r := s.refund(b)
	b.Status = agents.StatusCancelled
	if s.echoes {
		return *b, agents.Receipt{}, refuse(409, "wrong_state")
	}
	return *b, r, nil
}

func (s *shop) CheckIn(_ context.Context, _ *agents.User, id string) (agents.Booking, error) {
	return *s.find(id), nil
}

func (s *shop) Ledger(_ context.Context, u *agents.User) (total agents.Statement, _ error) {
	total.Entries = s.entries[u.Account]
	for _, e := range total.Entries {
		if e.Kind == "charge" {
			total.ChargedCents += e.Cents
		} else {
			total.RefundedCents += e.Cents
		}
	}
	return total, nil
}

func (s *shop) Inbox(_ context.Context, u *agents.User) (list []agents.Booking, _ error) {
	for _, b := range s.bookings {
		if b.Vendor == strings.ReplaceAll(u.ID(), "/", "-") && b.Status == agents.StatusRequested {
			list = append(list, *b)
		}
	}
	slices.SortStableFunc(list, func(a, b agents.Booking) int { return cmp.Compare(a.RequestedAt.Unix(), b.RequestedAt.Unix()) })
	return list, nil
}

func (s *shop) decide(u *agents.User, id string) (*agents.Booking, error) {
	b := s.find(id)
	if b.Status != agents.StatusRequested || !u.Now().Before(b.Start) {
		return b, refuse(409, "wrong_state")
	}
	return b, nil
}

func (s *shop) Accept(_ context.Context, u *agents.User, id string) (agents.Booking, error) {
	b, err := s.decide(u, id)
	if err == nil {
		b.Status = agents.StatusConfirmed
	}
	return *b, err
}

func (s *shop) Decline(_ context.Context, u *agents.User, id string) (agents.Booking, agents.Receipt, error) {
	b, err := s.decide(u, id)
	if err != nil {
		return *b, agents.Receipt{}, err
	}
	b.Status = agents.StatusDeclined
	r := s.refund(b)
	if s.echoes {
		return *b, agents.Receipt{}, refuse(409, "wrong_state")
	}
	return *b, r, nil
}

func (s *shop) Propose(_ context.Context, u *agents.User, m agents.Move) (agents.Booking, error) {
	b, err := s.decide(u, m.ID)
	if err == nil {
		b.Status, b.ProposedStart = agents.StatusProposed, m.Start
	}
	return *b, err
}
