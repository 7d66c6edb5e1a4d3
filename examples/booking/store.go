package booking

import (
	"context"
	"errors"
	"time"
)

// Store keeps the marketplace's data in transactions.
//
// A function given to View or Update must not keep its Tx, start another
// transaction, sleep or wait on a channel: the in-memory store runs it under
// a mutex.
type Store interface {
	// View runs read over one consistent state.
	View(ctx context.Context, read func(Tx) error) error

	// Update runs write alone. If write returns an error, nothing of what it
	// wrote remains and Update returns that error.
	Update(ctx context.Context, write func(Tx) error) error

	// RefreshListings brings what Listings answers up to date with the vendors
	// and their ratings.
	RefreshListings(ctx context.Context) error

	// GuardPolicies restores row-level policies that are not what they must be,
	// writes an audit row for each and returns how many there were.
	GuardPolicies(ctx context.Context) (restored int, err error)
}

// Identity is for whom a transaction runs. Row-level policies decide what it
// sees of bookings, messages and ledger entries: a customer those of its own, a
// vendor those at its place. The zero Identity is the service itself, which
// sees everything.
type Identity struct {
	Role   string // RoleCustomer or RoleVendor
	User   string // account id
	Vendor string // handle, of a vendor that has joined
}

type identityKey struct{}

// WithIdentity makes the transactions under ctx run for somebody.
func WithIdentity(ctx context.Context, who Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, who)
}

// IdentityOf is for whom transactions under ctx run.
func IdentityOf(ctx context.Context) Identity {
	who, _ := ctx.Value(identityKey{}).(Identity)
	return who
}

var (
	// ErrNotFound is returned by a Tx for something that does not exist.
	ErrNotFound = errors.New("booking: not found")

	// ErrReadOnly is returned by a Tx of View when it is asked to write.
	ErrReadOnly = errors.New("booking: transaction is read only")

	// ErrTaken is returned, by PutBooking or at the latest by Update, for a
	// booking that a store itself knows to have no place. The client is told
	// what it is told when the app finds the slot taken.
	ErrTaken error = errSlotTaken
)

// Tx is what the app may ask of its data, in the words of the domain. Lists
// come in a stated order and belong to the caller. Booking times are UTC.
//
// A party is a customer's user id or a vendor's handle; the two never look
// alike, because ids have an underscore and handles cannot.
type Tx interface {
	VendorTx
	BookingTx
	ChatTx
	LedgerTx
	PromoTx
	IdempotencyTx
	UpkeepTx

	// NextID draws the next id of a sequence, such as "bk_17".
	NextID(Sequence) (string, error)
}

// Sequence is a counter from which ids are drawn; its value is the prefix.
type Sequence string

// The sequences.
const (
	SequenceVendor  Sequence = "v-"
	SequenceService Sequence = "svc_"
	SequenceBooking Sequence = "bk_"
	SequenceCharge  Sequence = "ch_"
	SequenceRefund  Sequence = "rf_"
	SequenceMessage Sequence = "msg_"
)

// VendorTx is the part of a Tx about vendors.
type VendorTx interface {
	Vendor(handle string) (Vendor, error)
	VendorOf(owner string) (Vendor, error)
	// Vendors lists those of a city by handle; an empty city means all.
	Vendors(city string) ([]Vendor, error)
	// Listings lists the vendors of a city by handle as of the last
	// RefreshListings, rated by then; an empty city means all.
	Listings(city string) ([]Vendor, error)
	// ListingsAt is when RefreshListings ran last, the zero time for never.
	ListingsAt() (time.Time, error)
	PutVendor(Vendor) error
}

// BookingTx is the part of a Tx about bookings.
type BookingTx interface {
	Booking(id string) (Booking, error)
	// PutBooking inserts, or replaces the one with the same id, whose
	// customer and vendor never change.
	PutBooking(Booking) error
	// Calendar lists a vendor's bookings in a live state that overlap
	// [from, to), by start. Lapsed holds are still among them.
	Calendar(vendor string, from, to time.Time) ([]Booking, error)
	// CountLive counts a customer's bookings that are live now.
	CountLive(customer string, now time.Time) (int, error)
	// BookingsOf lists a party's latest bookings, newest first.
	BookingsOf(party string, limit int) ([]Booking, error)
	// VisibleBookings lists the latest bookings that the policies show the
	// transaction's identity, newest first.
	VisibleBookings(limit int) ([]Booking, error)
	// Inbox lists a vendor's requested bookings, oldest request first.
	Inbox(vendor string, limit int) ([]Booking, error)
	// LapsedHolds lists holds that expired by now, earliest first.
	LapsedHolds(now time.Time, limit int) ([]Booking, error)
	// Begun lists live bookings, holds apart, that start at or before now,
	// by vendor and start. They are few: settling takes them out.
	Begun(now time.Time) ([]Booking, error)
	// AllBookings lists everything that is kept, oldest first.
	AllBookings() ([]Booking, error)
}

// ChatTx is the part of a Tx about the messages of a booking.
type ChatTx interface {
	AppendMessage(Message) error
	Messages(booking string) ([]Message, error)
}

// LedgerTx is the part of a Tx about money.
type LedgerTx interface {
	AppendEntry(Entry) error
	// Entries lists a party's latest entries, newest booking first.
	Entries(party string, limit int) ([]Entry, error)
	// Totals sums all of a party's entries ever; an empty party means
	// everybody.
	Totals(party string) (Totals, error)
	// Balance sums the entries of one booking.
	Balance(booking string) (Totals, error)
}

// PromoTx is the part of a Tx about promo codes.
type PromoTx interface {
	PromoUses(code string) (int, error)
	PromoUsedBy(code, customer string) (bool, error)
	UsePromo(code, customer string) error
}

// IdempotencyTx is the part of a Tx about requests that may be repeated.
type IdempotencyTx interface {
	// Answered returns the answer that was stored under the key.
	Answered(IdempotencyKey) (Answer, error)
	StoreAnswer(IdempotencyKey, Answer) error
}

// UpkeepTx is the part of a Tx that keeps the data small.
type UpkeepTx interface {
	// Compact drops bookings that were finished before, with their chat and
	// entries but not their totals.
	Compact(before time.Time) (bookings int, err error)
	// ForgetAnswers drops stored answers from before.
	ForgetAnswers(before time.Time) (answers int, err error)
	// Purge drops everything and tells what there was.
	Purge() (Holdings, error)
	Holdings() (Holdings, error)
	// Audit lists the latest audit rows, newest first.
	Audit(limit int) ([]AuditRow, error)
}

// AuditRow says what GuardPolicies restored.
type AuditRow struct {
	At     time.Time `json:"at"`
	Table  string    `json:"table"`
	Detail string    `json:"detail"`
}

// Holdings counts what a store keeps.
type Holdings struct {
	Vendors  int
	Bookings int
	Live     int // bookings in a live state
	Messages int
	Entries  int
	Answers  int
	Bytes    int64 // estimated memory of this process; 0 for a store elsewhere
}

// Message is one line of the chat about a booking.
type Message struct {
	ID      string    `json:"id"`
	Booking string    `json:"booking"`
	From    string    `json:"from"` // user id
	At      time.Time `json:"at"`
	Text    string    `json:"text"`
}

// IdempotencyKey identifies a request that may be sent again.
type IdempotencyKey struct {
	User, Path, Key string
}

// Answer is a response that is given again when its request is repeated.
type Answer struct {
	At          time.Time
	Fingerprint [32]byte // of the request's body
	Status      int
	Body        []byte
}
