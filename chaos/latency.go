package chaos

import (
	"net/http"

	"github.com/bookiji/simcity/simcity"
)

// Latency makes requests wait in simulated time, as a slow network does. It
// counts the requests delayed. The scenario's RequestTimeout counts the host's
// own time only: use [Timeout] for clients that give up.
type Latency struct {
	Match
	Delay
	// When the request waits: Before the host sees it, the default, or After, with
	// the answer under way.
	When string `json:"when" default:"before" oneof:"before after" doc:"before or after the host has seen the request"`
}

// Fault implements [Maker].
func (f Latency) Fault() simcity.Fault {
	fault := Declare("HTTP_LATENCY", &f)
	fault.Inject = f.strike(fault.Kind, f.answer)
	return fault
}

func (f Latency) answer(b *blow, next http.RoundTripper, request *http.Request) (*http.Response, error) {
	b.touched.Add(1)
	delay := f.draw(b.dice)
	if f.When == Before {
		if err := simcity.Sleep(request.Context(), delay); err != nil {
			drop(request)
			return nil, err
		}
		return next.RoundTrip(request)
	}
	response, err := next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if err := simcity.Sleep(request.Context(), delay); err != nil {
		discard(response)
		return nil, err
	}
	return response, nil
}
