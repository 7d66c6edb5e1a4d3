package booking

import "time"

// Kind says which way money went.
type Kind string

// The kinds of ledger entries.
const (
	KindCharge Kind = "charge" // from the customer
	KindRefund Kind = "refund" // back to the customer
)

// Entry is one movement of money. Entries are appended, never changed.
type Entry struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Booking  string    `json:"booking"`
	Customer string    `json:"customer"`
	Vendor   string    `json:"vendor"`
	Kind     Kind      `json:"kind"`
	Cents    int       `json:"cents"`
}

// Totals sums entries. They outlive the entries that compaction drops.
type Totals struct {
	ChargedCents  int `json:"chargedCents"`
	RefundedCents int `json:"refundedCents"`
	Charges       int `json:"charges"`
	Refunds       int `json:"refunds"`
}

func (t *Totals) add(e Entry) { t.count(e, 1) }
func (t *Totals) sub(e Entry) { t.count(e, -1) }

func (t *Totals) count(e Entry, n int) {
	if e.Kind == KindCharge {
		t.ChargedCents += n * e.Cents
		t.Charges += n
		return
	}
	t.RefundedCents += n * e.Cents
	t.Refunds += n
}

// charge takes the fee for a booking.
func charge(tx Tx, b *Booking, now time.Time) (Entry, error) {
	return post(tx, b, KindCharge, SequenceCharge, b.FeeCents, now)
}

// refund pays back what a booking was charged. Without a charge it does
// nothing and returns a zero Entry.
func refund(tx Tx, b *Booking, now time.Time) (Entry, error) {
	due := b.ChargedCents - b.RefundedCents
	if due == 0 {
		return Entry{}, nil
	}
	return post(tx, b, KindRefund, SequenceRefund, due, now)
}

// post appends an entry and notes it on the booking, which the caller puts.
func post(tx Tx, b *Booking, kind Kind, ids Sequence, cents int, now time.Time) (Entry, error) {
	e, err := draftEntry(tx, b, kind, ids, cents, now)
	if err != nil {
		return Entry{}, err
	}
	return e, tx.AppendEntry(e)
}

func draftEntry(tx Tx, b *Booking, kind Kind, ids Sequence, cents int, now time.Time) (Entry, error) {
	id, err := tx.NextID(ids)
	if err != nil {
		return Entry{}, err
	}
	if kind == KindCharge {
		b.ChargedCents += cents
	} else {
		b.RefundedCents += cents
	}
	return Entry{
		ID: id, At: now, Booking: b.ID, Customer: b.Customer, Vendor: b.Vendor,
		Kind: kind, Cents: cents,
	}, nil
}
