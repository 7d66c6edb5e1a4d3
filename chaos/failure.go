package chaos

import (
	"net/http"

	"github.com/bookiji/simcity/simcity"
)

// Errors answers requests with an error status, as a proxy does whose host does
// not answer. It counts the requests.
type Errors struct {
	Match
	// Status of the answers. Default 503.
	Status int `json:"status" default:"503" range:"400..599" doc:"HTTP status of the answers"`
	// When the request fails: Before the host sees it, the default, or After it did
	// what was asked, so that the client is told of a failure that was none.
	When string `json:"when" default:"before" oneof:"before after" doc:"before or after the host has seen the request"`
}

// Fault implements [Maker].
func (f Errors) Fault() simcity.Fault {
	fault := Declare("HTTP_ERRORS", &f)
	fault.Inject = f.strike(fault.Kind, f.answer)
	return fault
}

func (f Errors) answer(b *blow, next http.RoundTripper, request *http.Request) (*http.Response, error) {
	if err := strikeAt(f.When, next, request); err != nil {
		return nil, err
	}
	b.touched.Add(1)
	return textAnswer(request, f.Status, "chaos: injected "+http.StatusText(f.Status)+"\n"), nil
}
