package agents

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// What a refusal means, for errors.Is.
var (
	// ErrTaken: somebody else has the slot.
	ErrTaken = errors.New("agents: taken")
	// ErrGone: what was named does not exist (any more).
	ErrGone = errors.New("agents: gone")
	// ErrQuota: the user has as many as it may have.
	ErrQuota = errors.New("agents: quota exceeded")
	// ErrPayment: the payment was declined.
	ErrPayment = errors.New("agents: payment declined")
	// ErrPromo: the promotion code is not accepted.
	ErrPromo = errors.New("agents: promotion refused")
	// ErrTryLater: too many requests, or not now.
	ErrTryLater = errors.New("agents: try later")
	// ErrRefused: the app refused by its rules. Every [Refusal] but "try later"
	// is one.
	ErrRefused = errors.New("agents: refused")
)

// Refusal is an answer of 400 to 499: the app works and says no.
type Refusal struct {
	Route   string // "POST /api/bookings"
	Status  int
	Code    string // the app's own word: "slot_taken"
	Message string
	// RetryAfter is from the header of that name, in seconds only.
	RetryAfter time.Duration
}

func (r *Refusal) Error() string {
	text := fmt.Sprintf("%s was refused with %d", r.Route, r.Status)
	if r.Code != "" {
		text += " " + r.Code
	}
	if r.Message != "" {
		text += ": " + r.Message
	}
	return text
}

// Is gives the refusal its meaning. Codes are those of the reference app and
// their usual synonyms; a 409 without a known code counts as taken.
func (r *Refusal) Is(target error) bool {
	switch target {
	case ErrTaken:
		return r.Status == http.StatusConflict && !r.byRule()
	case ErrGone:
		return r.Status == http.StatusNotFound || r.Status == http.StatusGone
	case ErrQuota:
		return r.Code == "quota_exceeded" || r.Code == "limit_reached"
	case ErrPayment:
		return r.Status == http.StatusPaymentRequired
	case ErrPromo:
		return r.Code == "promo_invalid"
	case ErrTryLater:
		return r.Status == http.StatusTooManyRequests
	case ErrRefused:
		return r.Status != http.StatusTooManyRequests
	}
	return false
}

// byRule tells whether a 409 is about the request itself and not about
// somebody who was first.
func (r *Refusal) byRule() bool {
	switch r.Code {
	case "quota_exceeded", "limit_reached", "wrong_state", "handle_taken", "key_reused", "promo_invalid":
		return true
	}
	return false
}

// BadAnswer is an answer that is none: no response, a 5xx, a redirect that
// leads away, or a body that is not what the route promises. The operation
// failed, and what it did is in doubt.
type BadAnswer struct {
	Route  string
	Status int // 0 without a response
	Reason string
	Err    error // the cause, if another package found it
}

func (b *BadAnswer) Error() string {
	text := b.Route + " " + b.Reason
	if b.Status != 0 {
		text = fmt.Sprintf("%s answered %d %s", b.Route, b.Status, b.Reason)
	}
	if b.Err != nil {
		text += ": " + b.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (b *BadAnswer) Unwrap() error { return b.Err }

// Is makes 503 an ErrTryLater.
func (b *BadAnswer) Is(target error) bool {
	return target == ErrTryLater && b.Status == http.StatusServiceUnavailable
}
