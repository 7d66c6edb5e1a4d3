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
	run   *run
	inner http.RoundTripper
}

func (t *networkTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	h := handsOf(request.Context())
	if h != nil {
		if err := h.actor.BeginHostCode(request.Method + " " + request.URL.Path); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(request.Context(), t.run.scenario.RequestTimeout)
	defer cancel()
	stop := t.run.onStop(cancel)
	defer stop()
	response, err := t.inner.RoundTrip(request.WithContext(ctx))
	if err != nil {
		return nil, t.run.overOr(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, t.run.overOr(fmt.Errorf("simcity: reading the answer to %s %s: %w", request.Method, request.URL.Path, err))
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("%w: %s %s", ErrBodyTooLong, request.Method, request.URL.Path)
	}
	whole := &wholeBody{}
	whole.set(body)
	response.Body = whole
	response.ContentLength = int64(len(body))
	response.Request = request
	return response, nil
}
