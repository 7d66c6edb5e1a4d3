package simcity

import (
	"errors"
	"maps"
	"net/http"
	"strconv"
)

// errRunaway unwinds a handler that goes on writing after it was told, many
// times, that nobody reads any more.
var errRunaway = errors.New("simcity: handler writes without end")

// answer is the http.ResponseWriter of an in-process call. It keeps the body
// whole, up to maxBody.
type answer struct {
	header  http.Header
	sent    http.Header // as it was when the status was written
	status  int
	body    []byte
	tooLong bool
	refused int
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.sent != nil || status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	a.status = status
	a.sent = maps.Clone(a.header)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.sent == nil {
		if a.header["Content-Type"] == nil && len(b) > 0 {
			a.header.Set("Content-Type", http.DetectContentType(b))
		}
		a.WriteHeader(http.StatusOK)
	}
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified {
		return a.refuse(http.ErrBodyNotAllowed)
	}
	if len(a.body)+len(b) > maxBody {
		a.tooLong = true
		return a.refuse(ErrBodyTooLong)
	}
	if a.body == nil {
		a.body = make([]byte, 0, max(len(b), 512))
	}
	a.body = append(a.body, b...)
	return len(b), nil
}

// refuse tells the handler that nobody reads on, and ends one that does not
// listen.
func (a *answer) refuse(err error) (int, error) {
	if a.refused++; a.refused > 10_000 {
		panic(errRunaway)
	}
	return 0, err
}

// WriteString saves the copy of io.WriteString.
func (a *answer) WriteString(s string) (int, error) { return a.Write([]byte(s)) }

// Flush does nothing: the client gets the answer when the handler returns.
func (a *answer) Flush() {
	if a.sent == nil {
		a.WriteHeader(http.StatusOK)
	}
}

// finish completes the answer when the handler has returned.
func (a *answer) finish(request *http.Request) {
	if a.sent == nil {
		a.WriteHeader(http.StatusOK)
	}
	if request.Method == http.MethodHead {
		a.body = nil
	}
	if a.sent["Content-Length"] == nil && len(a.body) > 0 {
		a.sent["Content-Length"] = []string{strconv.Itoa(len(a.body))}
	}
}
