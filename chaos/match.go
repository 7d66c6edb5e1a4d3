package chaos

import (
	"context"
	"net/http"
	"strings"

	"github.com/bookiji/simcity/simcity"
)

// A Match says which requests a fault of the HTTP level strikes, of those that
// citizens and the host's surroundings make: collectors and probes are spared,
// since the judge must see what is. The zero value is all of them.
type Match struct {
	// Method, such as POST. Default any.
	Method string `json:"method" oneof:"GET HEAD POST PUT PATCH DELETE OPTIONS" doc:"HTTP method, such as POST; empty: any"`
	// PathPrefix is how the path begins, such as /api/. Default any.
	PathPrefix string `json:"pathPrefix" doc:"how the path begins; empty: any"`
	// Population whose citizens are struck, such as customer. Default any.
	Population string `json:"population" doc:"population whose citizens are struck; empty: any"`
	// Share of the requests that fit, each drawn by itself. Default 1.
	Share float64 `json:"share" default:"1" range:">0..1" doc:"share of the requests that fit"`
}

// fits reports whether the request is of the kind meant, before the draw.
func (m Match) fits(request *http.Request) bool {
	_, citizen := simcity.CitizenOf(request.Context())
	return (citizen || simcity.FromHost(request.Context())) && (m.Population == "" || m.Population == population(request)) &&
		(m.Method == "" || m.Method == method(request)) &&
		strings.HasPrefix(request.URL.Path, m.PathPrefix)
}

// population of the citizen who asks.
func population(request *http.Request) string {
	id, _ := simcity.CitizenOf(request.Context())
	name, _, _ := strings.Cut(id, "/")
	return name
}

// method of the request; net/http lets an empty one stand for GET.
func method(request *http.Request) string {
	if request.Method == "" {
		return http.MethodGet
	}
	return request.Method
}

// A blow is a fault at work on requests or seams.
type blow struct {
	ctx     context.Context // the fault's, until the run ends
	world   *simcity.World
	touched *simcity.Touched
	dice    *dice
}

type inject = func(context.Context, *simcity.World, *simcity.Touched) (func(context.Context) error, error)

// answerer answers a request in place of next, or with its help.
type answerer func(b *blow, next http.RoundTripper, request *http.Request) (*http.Response, error)

// strike is the Inject of a fault of the HTTP level: answer gets each request
// that fits and is drawn. It counts what it touches.
func (m Match) strike(kind string, answer answerer) inject {
	return func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		b := &blow{ctx: ctx, world: w, touched: touched, dice: newDice(w, kind)}
		off := w.WrapTransport(func(next http.RoundTripper) http.RoundTripper {
			return transport(func(request *http.Request) (*http.Response, error) {
				if !m.fits(request) || !b.dice.hits(m.Share) {
					touched.LetPass(method(request) + " " + request.URL.Path)
					return next.RoundTrip(request)
				}
				return answer(b, next, request)
			})
		})
		return func(context.Context) error { off(); return nil }, nil
	}
}

// transport makes a function a RoundTripper.
type transport func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f transport) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
