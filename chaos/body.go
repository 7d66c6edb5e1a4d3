package chaos

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// SlowBody lets the bodies of answers trickle in: ten pieces over simulated
// time, the last one at the end. It counts the answers with a body.
type SlowBody struct {
	Match
	// Transfer is how long a body takes. Default 10 s.
	Transfer time.Duration `json:"transferMs" default:"10000" range:">0..86400000" unit:"ms" doc:"how long a body takes"`
}

// Fault implements [Maker].
func (f SlowBody) Fault() simcity.Fault {
	fault := Declare("SLOW_BODY", &f)
	fault.Inject = f.strike(fault.Kind, func(b *blow, next http.RoundTripper, request *http.Request) (*http.Response, error) {
		return withBody(b, next, request, func(content []byte) io.Reader {
			piece := (len(content) + piecesMax - 1) / piecesMax
			pieces := (len(content) + piece - 1) / piece
			return &slowReader{ctx: request.Context(), left: content, piece: piece, pause: f.Transfer / time.Duration(pieces)}
		})
	})
	return fault
}

// piecesMax is how many pieces a slow body comes in, if it is that long.
const piecesMax = 10

type slowReader struct {
	ctx   context.Context
	left  []byte
	due   int // bytes that have arrived
	piece int
	pause time.Duration
}

// Read waits for the next piece when all that arrived is read.
func (r *slowReader) Read(into []byte) (int, error) {
	if len(r.left) == 0 {
		return 0, io.EOF
	}
	if len(into) == 0 {
		return 0, nil
	}
	if r.due == 0 {
		if err := simcity.Sleep(r.ctx, r.pause); err != nil {
			return 0, err
		}
		r.due = min(r.piece, len(r.left))
	}
	n := copy(into, r.left[:r.due])
	r.left, r.due = r.left[n:], r.due-n
	return n, nil
}

// TruncatedBody breaks the connection in the middle of answers: clients read
// the first part and get io.ErrUnexpectedEOF. It counts the answers with a body.
type TruncatedBody struct {
	Match
	// Keep is the share of the body that arrives. Default 0.5.
	Keep float64 `json:"keep" default:"0.5" range:">0..0.99" doc:"share of the body that arrives"`
}

// Fault implements [Maker].
func (f TruncatedBody) Fault() simcity.Fault {
	fault := Declare("TRUNCATED_BODY", &f)
	fault.Inject = f.strike(fault.Kind, func(b *blow, next http.RoundTripper, request *http.Request) (*http.Response, error) {
		return withBody(b, next, request, func(content []byte) io.Reader {
			kept := int(f.Keep * float64(len(content)))
			return io.MultiReader(bytes.NewReader(content[:kept]), brokenReader{})
		})
	})
	return fault
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// withBody lets the host answer and replaces the body, if there is one. Status
// and header stay, the content's length included: it is what the host promised.
func withBody(b *blow, next http.RoundTripper, request *http.Request, replace func([]byte) io.Reader) (*http.Response, error) {
	response, err := next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	changed := *response
	changed.Body = http.NoBody
	if len(content) > 0 {
		b.touched.Add(1)
		changed.Body = io.NopCloser(replace(content))
	}
	return &changed, nil
}
