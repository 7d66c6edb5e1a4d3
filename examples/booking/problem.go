package booking

import (
	"errors"
	"fmt"
	"net/http"
)

// problem is an error that the client is told.
type problem struct {
	status  int
	code    string
	message string
}

func (p *problem) Error() string { return p.code + ": " + p.message }

// The problems that have no more to say than this.
var (
	errUnauthorized = &problem{http.StatusUnauthorized, "unauthorized", "sign in and send Authorization: Bearer and the token"}
	errRateLimited  = &problem{http.StatusTooManyRequests, "rate_limited", "too many requests; wait a moment"}
	errTooLarge     = &problem{http.StatusRequestEntityTooLarge, "too_large", "a body may have at most 64 KiB"}
	errSlotTaken    = &problem{http.StatusConflict, "slot_taken", "this slot is no longer free"}
	errDeclined     = &problem{http.StatusPaymentRequired, "payment_declined", "the payment was declined"}
	errInternal     = &problem{http.StatusInternalServerError, "internal", "something went wrong on our side"}
	errGone         = &problem{http.StatusServiceUnavailable, "unavailable", "the request was given up before it was done"}
	errOtherRequest = &problem{http.StatusUnprocessableEntity, "key_reused", "this Idempotency-Key came with another body before"}
)

func badRequest(format string, args ...any) error {
	return &problem{http.StatusBadRequest, "bad_request", fmt.Sprintf(format, args...)}
}

func forbidden(message string) error {
	return &problem{http.StatusForbidden, "forbidden", message}
}

func notFound(what string) error {
	return &problem{http.StatusNotFound, "not_found", what + " does not exist"}
}

func wrongState(format string, args ...any) error {
	return &problem{http.StatusConflict, "wrong_state", fmt.Sprintf(format, args...)}
}

func quotaExceeded(format string, args ...any) error {
	return &problem{http.StatusConflict, "quota_exceeded", fmt.Sprintf(format, args...)}
}

func notASlot(format string, args ...any) error {
	return &problem{http.StatusUnprocessableEntity, "not_a_slot", fmt.Sprintf(format, args...)}
}

func promoInvalid(format string, args ...any) error {
	return &problem{http.StatusUnprocessableEntity, "promo_invalid", fmt.Sprintf(format, args...)}
}

// missing turns ErrNotFound into the client's 404 and leaves other errors be.
func missing(err error, what string) error {
	if errors.Is(err, ErrNotFound) {
		return notFound(what)
	}
	return err
}
