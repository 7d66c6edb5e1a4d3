package booking

import "time"

// present is the time now, to the microsecond: what a store answers must be what
// it was told, and databases keep no more.
func present() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Status is where a booking stands.
type Status string

// The states of a booking. Held, requested, proposed and confirmed are live:
// they occupy their slot. The others are final.
const (
	StatusHeld      Status = "held"      // occupies its slot until ExpiresAt
	StatusRequested Status = "requested" // paid for, awaits the vendor
	StatusProposed  Status = "proposed"  // the vendor proposed another start
	StatusConfirmed Status = "confirmed" // accepted by the vendor
	StatusDeclined  Status = "declined"  // refused by the vendor, or never answered
	StatusCancelled Status = "cancelled" // called off
	StatusExpired   Status = "expired"   // a hold that nobody confirmed in time
	StatusCompleted Status = "completed" // checked in, and the slot is over
	StatusNoShow    Status = "no_show"   // nobody checked in
)

// Live tells whether a booking in this state occupies its slot, apart from
// the expiry of holds.
func (s Status) Live() bool {
	switch s {
	case StatusHeld, StatusRequested, StatusProposed, StatusConfirmed:
		return true
	}
	return false
}

// Booking is one customer's claim on a vendor's slot. All times are UTC.
type Booking struct {
	ID            string    `json:"id"`
	Vendor        string    `json:"vendor"`
	Service       string    `json:"service"`
	Customer      string    `json:"customer"`
	Start         time.Time `json:"start"`
	End           time.Time `json:"end"`
	Status        Status    `json:"status"`
	CreatedAt     time.Time `json:"createdAt"`
	ExpiresAt     time.Time `json:"expiresAt,omitzero"`
	RequestedAt   time.Time `json:"requestedAt,omitzero"`
	ProposedStart time.Time `json:"proposedStart,omitzero"`
	CheckedInAt   time.Time `json:"checkedInAt,omitzero"`
	FeeCents      int       `json:"feeCents"`
	ChargedCents  int       `json:"chargedCents"`
	RefundedCents int       `json:"refundedCents"`
	Promo         string    `json:"promo,omitempty"`

	// FinishedAt is when the booking reached a final state; compaction
	// counts from here.
	FinishedAt time.Time `json:"-"`
	// Capacity is the service's when the booking was made, so that the
	// calendar can be checked without asking for the service again.
	Capacity int `json:"-"`
	// AsSent is how the client spelled vendor and start. Only
	// BugComparesText fills and reads it.
	AsSent string `json:"-"`
}

// LiveAt tells whether the booking occupies its slot. A hold ends at
// ExpiresAt, not when the sweeper comes by.
func (b Booking) LiveAt(now time.Time) bool {
	return b.Status.Live() && !b.lapsed(now)
}

// Exclusive tells whether the booking needs the vendor's undivided time.
func (b Booking) Exclusive() bool { return b.Capacity == 1 }

func (b Booking) lapsed(now time.Time) bool {
	return b.Status == StatusHeld && !now.Before(b.ExpiresAt)
}

// asOf is the booking as a reader must see it: a lapsed hold is expired even
// if the sweeper has not come by.
func (b Booking) asOf(now time.Time) Booking {
	if b.lapsed(now) {
		b.Status = StatusExpired
	}
	return b
}

// finish moves the booking to a final state.
func (b *Booking) finish(s Status, now time.Time) {
	b.Status = s
	b.FinishedAt = now
	b.ExpiresAt = time.Time{}
	b.ProposedStart = time.Time{}
}

// place identifies a slot as a key of maps.
type place struct {
	vendor, service string
	start           int64 // Unix seconds
}

func placeOf(b Booking) place { return place{b.Vendor, b.Service, b.Start.Unix()} }
