package chaos

import (
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Sides of the host at which a request can be struck.
const (
	// Before the host saw the request.
	Before = "before"
	// After the host did what was asked: the client does not learn of it. Whoever
	// tries again then needs an idempotent host.
	After = "after"
)

// textAnswer is an answer as a proxy in front of the host would give it.
func textAnswer(request *http.Request, status int, text string) *http.Response {
	return &http.Response{
		Status:     strconv.Itoa(status) + " " + http.StatusText(status),
		StatusCode: status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Content-Type":   {"text/plain; charset=utf-8"},
			"Content-Length": {strconv.Itoa(len(text))},
		},
		Body:          io.NopCloser(strings.NewReader(text)),
		ContentLength: int64(len(text)),
		Request:       request,
	}
}

// drop ends a request that never reaches the host, as a RoundTripper must.
func drop(request *http.Request) {
	if request.Body != nil {
		_ = request.Body.Close()
	}
}

// lose lets the host answer and throws the answer away.
func lose(next http.RoundTripper, request *http.Request) error {
	response, err := next.RoundTrip(request)
	if err != nil {
		return err
	}
	discard(response)
	return nil
}

// discard reads an answer to its end, as a client does that wants to keep its
// connection.
func discard(response *http.Response) {
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}

// strikeAt lets the host see the request if side is After, and reports what went
// wrong without our doing.
func strikeAt(side string, next http.RoundTripper, request *http.Request) error {
	if side == After {
		return lose(next, request)
	}
	drop(request)
	return nil
}
