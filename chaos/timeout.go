package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Timeout lets requests hang until the client gives up: at the deadline of its
// own context, or after Patience. Clients get an error whose Timeout method is
// true and that is context.DeadlineExceeded. It counts the requests.
type Timeout struct {
	Match
	// Patience of clients without a deadline of their own. Default 30 s, as a
	// scenario's RequestTimeout.
	Patience time.Duration `json:"patienceMs" default:"30000" range:">0..86400000" unit:"ms" doc:"how long clients without a deadline wait"`
	// When the request hangs: Before the host sees it, the default, or After it did
	// what was asked.
	When string `json:"when" default:"before" oneof:"before after" doc:"before or after the host has seen the request"`
}

// Fault implements [Maker].
func (f Timeout) Fault() simcity.Fault {
	fault := Declare("HTTP_TIMEOUT", &f)
	fault.Inject = f.strike(fault.Kind, f.answer)
	return fault
}

func (f Timeout) answer(b *blow, next http.RoundTripper, request *http.Request) (*http.Response, error) {
	if err := strikeAt(f.When, next, request); err != nil {
		return nil, err
	}
	b.touched.Add(1)
	if err := simcity.Sleep(request.Context(), f.Patience); err != nil {
		return nil, err
	}
	return nil, &timeoutError{request: method(request) + " " + request.URL.Path, patience: f.Patience}
}

// timeoutError is a net.Error as clients get it from a deadline of theirs.
type timeoutError struct {
	request  string
	patience time.Duration
}

func (e *timeoutError) Error() string {
	return fmt.Sprintf("chaos: no answer to %s within %s", e.request, e.patience)
}

func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }
func (e *timeoutError) Unwrap() []error { return []error{context.DeadlineExceeded, ErrInjected} }

// ended reports whether an error means that its client is gone.
func ended(request *http.Request, err error) bool {
	return err != nil && (request.Context().Err() != nil || errors.Is(err, simcity.ErrOver))
}
