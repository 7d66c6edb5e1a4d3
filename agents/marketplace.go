package agents

import (
	"context"
	"errors"
	"fmt"

	"github.com/bookiji/simcity/simcity"
)

// Marketplace is the port that [Customer] and [Vendor] live over: what a host
// app can be asked, one method each. [REST] is the ready binding. For an app
// that has only some of it, embed [Unsupported] and write the methods it has;
// for an app that differs from REST in a few routes, embed REST and write
// those.
//
// A method makes the requests of one operation and returns what the app
// answered. Refusals are *[Refusal], answers that make no sense *[BadAnswer];
// a method that the app lacks returns [ErrUnsupported] before any request,
// and agents then live without it. Methods are called on many goroutines.
type Marketplace interface {
	// SignIn opens the user's session and fills Account and Token.
	SignIn(ctx context.Context, u *User) error

	// Search lists vendors, in the order the app shows them.
	Search(ctx context.Context, u *User, q Query) ([]Listing, error)
	// Slots lists what is free, by start.
	Slots(ctx context.Context, u *User, w Window) ([]Slot, error)
	// Book returns a held booking, or a confirmed one in apps without holds.
	Book(ctx context.Context, u *User, o Order) (Booking, error)
	// Confirm pays for a held booking. The receipt is zero if nothing was charged.
	Confirm(ctx context.Context, u *User, p Payment) (Booking, Receipt, error)
	// See returns one of the user's bookings, Mine the latest of them.
	See(ctx context.Context, u *User, id string) (Booking, error)
	Mine(ctx context.Context, u *User) ([]Booking, error)
	// Reschedule moves a booking. Moving it to the start that the vendor
	// proposed accepts the proposal.
	Reschedule(ctx context.Context, u *User, m Move) (Booking, error)
	// Cancel gives a booking back. The receipt is zero if nothing was refunded.
	Cancel(ctx context.Context, u *User, id string) (Booking, Receipt, error)
	// CheckIn says that the customer has come.
	CheckIn(ctx context.Context, u *User, id string) (Booking, error)
	// Say adds a line to the chat of a booking.
	Say(ctx context.Context, u *User, id, text string) error
	// Ledger returns the user's own totals.
	Ledger(ctx context.Context, u *User) (Statement, error)

	// Open publishes the vendor's listing and returns it as the app has it.
	Open(ctx context.Context, u *User, l Listing) (Listing, error)
	// Inbox lists the bookings that await the vendor's answer.
	Inbox(ctx context.Context, u *User) ([]Booking, error)
	// Accept, Decline and Propose answer one.
	Accept(ctx context.Context, u *User, id string) (Booking, error)
	Decline(ctx context.Context, u *User, id string) (Booking, Receipt, error)
	Propose(ctx context.Context, u *User, m Move) (Booking, error)
}

// The names under which agents record their operations, for SLOs on a verb.
const (
	OpSignIn = "signin"
	OpSearch = "search"
	OpSlots  = "slots"
	OpBook   = "book"
	// OpBookUnknown is an order for something that does not exist.
	OpBookUnknown = "book_unknown"
	OpConfirm     = "confirm"
	OpSee         = "see"
	OpMine        = "mine"
	OpReschedule  = "reschedule"
	OpCancel      = "cancel"
	OpCheckIn     = "checkin"
	OpChat        = "chat"
	OpLedger      = "ledger"
	OpOpen        = "open"
	OpInbox       = "inbox"
	OpAccept      = "accept"
	OpDecline     = "decline"
	OpPropose     = "propose"
	// What an [Intruder] does: it lists bookings, asks for one that is not its
	// own, and reads the chat of one.
	OpMineForeign = "mine_foreign"
	OpSeeForeign  = "see_foreign"
	OpChatForeign = "chat_foreign"
)

// Role is on which side of the market a user stands.
type Role string

// The roles.
const (
	RoleCustomer Role = "customer"
	RoleVendor   Role = "vendor"
)

// User is a citizen with its session in the host app.
type User struct {
	*simcity.Citizen
	Role Role
	// Account is the app's own id of the user, "" if the app does not tell.
	Account string
	// Token is sent as "Authorization: Bearer" by [REST] unless it is empty.
	Token string
	// State belongs to the port: what an app's sessions need beyond a token.
	State any
}

// NewUser makes a citizen a user that has not signed in yet.
func NewUser(c *simcity.Citizen, role Role) *User { return &User{Citizen: c, Role: role} }

// ErrUnsupported says that the app has nothing of the kind. It is
// [errors.ErrUnsupported] as well.
var ErrUnsupported = fmt.Errorf("agents: the marketplace %w", errors.ErrUnsupported)

// Unsupported answers every method of [Marketplace] by ErrUnsupported. Embed it.
type Unsupported struct{}

var _ Marketplace = Unsupported{}

// SignIn does nothing: an app without sessions has no need of it.
func (Unsupported) SignIn(context.Context, *User) error { return nil }

// Search returns ErrUnsupported, like all that follow.
func (Unsupported) Search(context.Context, *User, Query) ([]Listing, error) {
	return nil, ErrUnsupported
}

// Slots returns ErrUnsupported.
func (Unsupported) Slots(context.Context, *User, Window) ([]Slot, error) { return nil, ErrUnsupported }

// Book returns ErrUnsupported.
func (Unsupported) Book(context.Context, *User, Order) (Booking, error) {
	return Booking{}, ErrUnsupported
}

// Confirm returns ErrUnsupported.
func (Unsupported) Confirm(context.Context, *User, Payment) (Booking, Receipt, error) {
	return Booking{}, Receipt{}, ErrUnsupported
}

// See returns ErrUnsupported.
func (Unsupported) See(context.Context, *User, string) (Booking, error) {
	return Booking{}, ErrUnsupported
}

// Mine returns ErrUnsupported.
func (Unsupported) Mine(context.Context, *User) ([]Booking, error) { return nil, ErrUnsupported }

// Reschedule returns ErrUnsupported.
func (Unsupported) Reschedule(context.Context, *User, Move) (Booking, error) {
	return Booking{}, ErrUnsupported
}

// Cancel returns ErrUnsupported.
func (Unsupported) Cancel(context.Context, *User, string) (Booking, Receipt, error) {
	return Booking{}, Receipt{}, ErrUnsupported
}

// CheckIn returns ErrUnsupported.
func (Unsupported) CheckIn(context.Context, *User, string) (Booking, error) {
	return Booking{}, ErrUnsupported
}

// Say returns ErrUnsupported.
func (Unsupported) Say(context.Context, *User, string, string) error { return ErrUnsupported }

// Ledger returns ErrUnsupported.
func (Unsupported) Ledger(context.Context, *User) (Statement, error) {
	return Statement{}, ErrUnsupported
}

// Open returns ErrUnsupported.
func (Unsupported) Open(context.Context, *User, Listing) (Listing, error) {
	return Listing{}, ErrUnsupported
}

// Inbox returns ErrUnsupported.
func (Unsupported) Inbox(context.Context, *User) ([]Booking, error) { return nil, ErrUnsupported }

// Accept returns ErrUnsupported.
func (Unsupported) Accept(context.Context, *User, string) (Booking, error) {
	return Booking{}, ErrUnsupported
}

// Decline returns ErrUnsupported.
func (Unsupported) Decline(context.Context, *User, string) (Booking, Receipt, error) {
	return Booking{}, Receipt{}, ErrUnsupported
}

// Propose returns ErrUnsupported.
func (Unsupported) Propose(context.Context, *User, Move) (Booking, error) {
	return Booking{}, ErrUnsupported
}
