package simcity

import (
	"errors"
	"net/http"
)

// asideTransport sends what belongs to no actor.
type asideTransport struct{ run *run }

func (t asideTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	way := t.run.seams.ground()
	if _, elsewhere := way.(*networkTransport); !elsewhere {
		return nil, errors.New("simcity: World.Aside needs a target by simcity.URL: send the request by World.Client")
	}
	return way.RoundTrip(request)
}

// ground is the way to the target without any fault on it, nil before it is open.
func (s *seams) ground() http.RoundTripper {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}
