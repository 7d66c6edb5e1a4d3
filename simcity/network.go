package simcity

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// networkTransport reaches a target elsewhere. It reads the whole body within
// the deadline and the limit, so that a slow or endless one is an error of the
// operation that asked.
type networkTransport struct {
	run    *run
	remote *remote
}

func (t *networkTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Header[keyRun] == nil { // made by a fault, below the citizens' clients
		dressed, err := t.remote.dress(request, nil)
		if err != nil {
			return nil, err
		}
		request = dressed
	}
	line, err := t.begin(request)
	if err != nil {
		return nil, err
	}
	response, err := t.exchange(request, line)
	t.end(request, line)
	if err != nil && line.expired.Load() {
		err = fmt.Errorf("simcity: no answer to %s %s within the deadline of %s: %w",
			request.Method, request.URL.Path, t.run.scenario.RequestTimeout, context.DeadlineExceeded)
	}
	return response, err
}

// exchange sends the request and makes the answer whole.
func (t *networkTransport) exchange(request *http.Request, l *line) (*http.Response, error) {
	if err := t.remote.governor.wait(l.ctx); err != nil {
		return nil, t.run.overOr(err)
	}
	response, err := t.remote.transport.RoundTrip(request.WithContext(l.ctx))
	if err != nil {
		return nil, t.run.overOr(refused(err))
	}
	if err := t.readBody(request, response); err != nil {
		return nil, err
	}
	t.remote.phases.done(l.watch, response.Proto)
	return response, nil
}

// begin announces a request and gives it its line. Those of the last actor
// outlive the run: it undoes faults.
func (t *networkTransport) begin(request *http.Request) (*line, error) {
	over := t.run.ctx
	if t.run.course.past(stageDismissing) { // asked before the actor is, who is over by then
		over = nil
	}
	ctx, deadline := request.Context(), t.run.scenario.RequestTimeout
	h := handsOf(ctx)
	if h == nil {
		return t.under(newLine(ctx, over, deadline)), nil
	}
	if err := h.actor.BeginHostCode(request.Method + " " + request.URL.Path); err != nil {
		return nil, err
	}
	if request.Header[keyCitizen] == nil {
		request.Header[keyCitizen] = []string{h.actor.ID}
	}
	if l := h.line.Load(); l.again(ctx, deadline) {
		return t.under(l), nil
	}
	return t.under(newLine(ctx, over, deadline)), nil
}

func (t *networkTransport) under(l *line) *line {
	t.remote.requests.Add(1)
	t.remote.inFlight.Add(1)
	return l
}

// end keeps the line for the actor's next request, if it can be used again.
func (t *networkTransport) end(request *http.Request, l *line) {
	t.remote.inFlight.Add(-1)
	h, fresh := handsOf(request.Context()), l.release()
	switch {
	case h == nil:
		l.cancel()
	case !fresh:
		h.line.CompareAndSwap(l, nil)
	case h.line.Load() != l && !h.line.CompareAndSwap(nil, l): // another one is there
		l.cancel()
	}
}

// readBody makes the answer whole.
func (t *networkTransport) readBody(request *http.Request, response *http.Response) error {
	defer response.Body.Close()
	body, err := readUpTo(response.Body, response.ContentLength)
	if err != nil {
		return t.run.overOr(fmt.Errorf("simcity: reading the answer to %s %s: %w", request.Method, request.URL.Path, err))
	}
	if len(body) > maxBody {
		return fmt.Errorf("%w: %s %s", ErrBodyTooLong, request.Method, request.URL.Path)
	}
	whole := &wholeBody{}
	whole.set(body)
	response.Body = whole
	response.ContentLength = int64(len(body))
	response.Request = request
	return nil
}

// readUpTo reads a body that says how long it is into one piece of memory, any
// other as it comes, and one byte more than is allowed.
func readUpTo(body io.ReadCloser, length int64) ([]byte, error) {
	switch {
	case body == http.NoBody:
		return nil, nil
	case length < 0 || length > maxBody:
		return io.ReadAll(io.LimitReader(body, maxBody+1))
	}
	whole := make([]byte, length)
	_, err := io.ReadFull(body, whole)
	return whole, err
}
