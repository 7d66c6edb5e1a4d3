package simcity

import (
	"net/http"
	"strconv"
)

// hostTransport sends what the host's surroundings send: each request is made by
// an actor of its own, since a goroutine of the host is none.
type hostTransport struct{ run *run }

func (t *hostTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if handsOf(request.Context()) != nil { // made within a citizen's request: it waits for the answer
		request = request.WithContext(t.run.ctx)
	}
	type answer struct {
		response *http.Response
		err      error
	}
	answered := make(chan answer, 1)
	t.run.conductor.Go("host/"+strconv.FormatInt(t.run.host.requests.Add(1), 10), func(a actor) {
		ctx := t.run.withActor(request.Context(), a)
		response, err := t.run.seams.transport().RoundTrip(request.WithContext(ctx))
		answered <- answer{response, err}
	})
	select {
	case got := <-answered:
		return got.response, got.err
	case <-t.run.ctx.Done():
		return nil, ErrOver
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
}
