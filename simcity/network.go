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
	if request.Header[HeaderRun] == nil { // made by a fault, below the citizens' clients
		dressed, err := t.remote.dress(request, nil)
		if err != nil {
			return nil, err
		}
		request = dressed
	}
	ctx, done, err := t.begin(request)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := t.remote.governor.wait(ctx); err != nil {
		return nil, t.run.overOr(err)
	}
	traced, trace := t.remote.phases.trace(ctx)
	response, err := t.remote.transport.RoundTrip(request.WithContext(traced))
	if err != nil {
		return nil, t.run.overOr(refused(err))
	}
	if err := t.readBody(request, response); err != nil {
		return nil, err
	}
	t.remote.phases.done(trace, response.Proto)
	return response, nil
}

// begin announces a request, and gives it its deadline and its end with the run.
// Those of the last actor outlive the run: it undoes faults.
func (t *networkTransport) begin(request *http.Request) (context.Context, func(), error) {
	last := t.run.dismissed.Load() // before the actor is asked, who is over by then
	if h := handsOf(request.Context()); h != nil {
		if err := h.actor.BeginHostCode(request.Method + " " + request.URL.Path); err != nil {
			return nil, nil, err
		}
		if request.Header[HeaderCitizen] == nil {
			request.Header[HeaderCitizen] = []string{h.actor.ID}
		}
	}
	ctx, cancel := context.WithTimeout(request.Context(), t.run.scenario.RequestTimeout)
	stop := func() bool { return true }
	if !last {
		stop = context.AfterFunc(t.run.ctx, cancel)
	}
	t.remote.requests.Add(1)
	t.remote.inFlight.Add(1)
	return ctx, func() { t.remote.inFlight.Add(-1); stop(); cancel() }, nil
}

// readBody makes the answer whole.
func (t *networkTransport) readBody(request *http.Request, response *http.Response) error {
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
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
