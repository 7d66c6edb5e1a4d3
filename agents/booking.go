package agents

import "time"

// Status is where a booking stands.
type Status string

// The states that agents tell apart. The empty status counts as confirmed, so
// that apps without states can be driven; unknown ones count as live.
const (
	StatusHeld      Status = "held"      // occupies its slot until ExpiresAt
	StatusRequested Status = "requested" // awaits the vendor
	StatusProposed  Status = "proposed"  // the vendor proposed another start
	StatusConfirmed Status = "confirmed"
	StatusDeclined  Status = "declined"
	StatusCancelled Status = "cancelled"
	StatusExpired   Status = "expired"
	StatusCompleted Status = "completed"
	StatusNoShow    Status = "no_show"
)

// Final tells whether nothing can happen to such a booking any more.
func (s Status) Final() bool {
	switch s {
	case StatusDeclined, StatusCancelled, StatusExpired, StatusCompleted, StatusNoShow:
		return true
	}
	return false
}

// Booking is one customer's claim on a slot, as the app tells it. What the
// app leaves out stays zero, except for the ID.
type Booking struct {
	ID            string    `json:"id"`
	Vendor        string    `json:"vendor"`
	Service       string    `json:"service"`
	Customer      string    `json:"customer"` // the customer's Account
	Start         time.Time `json:"start"`
	End           time.Time `json:"end"`
	Status        Status    `json:"status"`
	ExpiresAt     time.Time `json:"expiresAt"`
	RequestedAt   time.Time `json:"requestedAt"`
	ProposedStart time.Time `json:"proposedStart"`
	FeeCents      int64     `json:"feeCents"`
	ChargedCents  int64     `json:"chargedCents"`
	RefundedCents int64     `json:"refundedCents"`
	Promo         string    `json:"promo"`
}

// Order asks for a slot.
type Order struct {
	// Slot is what the customer wants, in canonical spelling and UTC.
	Slot Slot
	// Vendor and Start are the same as this customer writes them: some write
	// the handle in capitals, or the start with another UTC offset. Send these.
	Vendor string
	Start  string
	// Promo is a promotion code, or "".
	Promo string
	// Key is the idempotency key. A repeated order carries the same one.
	Key string
}

// spelling is how resource and time were written, for [simcity.Fact].
func (o Order) spelling() string {
	if o.Slot.Exclusive() {
		return o.Vendor + " " + o.Start
	}
	return o.Vendor + "/" + o.Slot.Service + " " + o.Start
}

// Payment confirms a held booking.
type Payment struct {
	ID    string // of the booking
	Token string // of the payment
	Key   string // idempotency key
}

// Move is another start for a booking: a change, or a vendor's proposal.
type Move struct {
	ID    string
	Start time.Time // UTC
	// Sent is the start as this user writes it.
	Sent string
}

// Receipt is a payment or a refund. Zero means that there was none.
type Receipt struct {
	ID    string `json:"id"`
	Cents int64  `json:"cents"`
}

// Statement is a user's ledger: totals of all time and the latest entries.
type Statement struct {
	ChargedCents  int64
	RefundedCents int64
	Entries       []Entry
}

// Entry is one movement of money.
type Entry struct {
	ID      string `json:"id"`
	Booking string `json:"booking"`
	Kind    string `json:"kind"` // "charge" or "refund"
	Cents   int64  `json:"cents"`
}
