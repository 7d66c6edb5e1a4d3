package notify

import (
	"fmt"
	"time"
)

// A Refusal is an answer that another try will not change: a wrong token, a
// permission that is missing, a channel that is gone. It fails the test, since the
// next alarm would not be heard either.
type Refusal struct {
	Service string
	Status  int
	Message string // what the service says
	Fix     string
}

func (r *Refusal) Error() string {
	text := fmt.Sprintf("%s answered %d", r.Service, r.Status)
	if r.Message != "" {
		text += ": " + r.Message
	}
	if r.Fix != "" {
		text += "; fix: " + r.Fix
	}
	return text
}

// An Outage is trouble that passes: the service is down, or wants us to wait for
// longer than we may. It is a note of the test.
type Outage struct {
	Service string
	Err     error

	final bool // there is no time, or no try, left
}

func (o *Outage) Error() string { return o.Service + ": " + o.Err.Error() }

func (o *Outage) Unwrap() error { return o.Err }

// Transient is true.
func (o *Outage) Transient() bool { return true }

// Held is why a failure was not told: the same one was, shortly before.
type Held struct {
	Ago, Interval time.Duration
}

func (h *Held) Error() string {
	return fmt.Sprintf("not sent: the same failure was told %s ago, and is again after %s", h.Ago.Round(time.Second), h.Interval)
}

// Transient is true: holding back is no failure.
func (h *Held) Transient() bool { return true }

// A Secret is a text that is never shown, whatever prints it.
type Secret string

// Format writes ***.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("***")) }

// MarshalText writes ***.
func (s Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }
