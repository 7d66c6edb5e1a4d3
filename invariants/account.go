package invariants

import (
	"slices"
	"time"
)

// Limits of what an account remembers.
const (
	paymentKept  = 10 * time.Minute
	paymentLimit = 4096 // recent payments, per account
	paymentIDs   = 32   // last payments of a holder, to count retries once
)

// The two ways that money goes.
const (
	charged = iota
	refunded
	ways
)

// A payment is one that clients were told of.
type payment struct {
	way      int
	amount   int64
	from, to time.Duration // of its operation
	client   string
}

type paymentID struct {
	way int
	id  string
}

// An account is the payments of one holder, or of everybody.
type account struct {
	settled [ways]int64 // sums of the payments before the recent ones
	until   time.Duration
	recent  []payment
	ids     []paymentID // of the last payments
	next    int
	doubted bool // an operation failed that may have moved money
}

// told reports whether the payment was told before, and notes it.
func (a *account) told(way int, id string) bool {
	if id == "" {
		return false
	}
	one := paymentID{way, id}
	if slices.Contains(a.ids, one) {
		return true
	}
	if len(a.ids) < paymentIDs {
		a.ids = append(a.ids, one)
	} else {
		a.ids[a.next] = one
		a.next = (a.next + 1) % paymentIDs
	}
	return false
}

func (a *account) add(p payment) {
	a.recent = append(a.recent, p)
	if len(a.recent) >= paymentLimit || a.recent[0].to < p.to-2*paymentKept {
		a.fold(p.to - paymentKept)
	}
}

// fold sums up the payments that ended before a time, or, at the limit, the
// older half.
func (a *account) fold(before time.Duration) {
	n := 0
	for n < len(a.recent) && (a.recent[n].to < before || len(a.recent) >= paymentLimit && n < paymentLimit/2) {
		a.settled[a.recent[n].way] += a.recent[n].amount
		a.until = max(a.until, a.recent[n].to)
		n++
	}
	rest := copy(a.recent, a.recent[n:])
	a.recent = a.recent[:rest]
}

// total is what must be in a report of the client's that began at a time, and
// what may be in it as well, because the payment's operation overlapped. It is
// not ok for a report that began too long ago.
func (a *account) total(way int, began time.Duration, client string) (must, may int64, ok bool) {
	if a.until > 0 && began <= a.until {
		return 0, 0, false
	}
	must = a.settled[way]
	for _, p := range a.recent {
		switch {
		case p.way != way:
		case p.to < began || p.to == began && p.client == client:
			must += p.amount
		default:
			may += p.amount
		}
	}
	return must, may, true
}
