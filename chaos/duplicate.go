package chaos

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Answers that the client of a [DuplicateDelivery] may get.
const (
	// FirstAnswer: a second delivery goes its own way, as when a queue delivers
	// twice. With a Delay of 0 both are under way at once, and who goes first at the
	// host's seams is drawn.
	FirstAnswer = "first"
	// SecondAnswer: the answer to the first delivery is lost and the request is sent
	// again, as a proxy does that retries.
	SecondAnswer = "second"
)

// DuplicateDelivery delivers requests to the host twice. It counts the requests.
type DuplicateDelivery struct {
	Match
	// Answer is which one the client gets. Default FirstAnswer.
	Answer string `json:"answer" default:"first" oneof:"first second" doc:"which answer the client gets"`
	// Delay of the second delivery: after the first was sent, or, with
	// SecondAnswer, after it was answered. Default 0.
	Delay time.Duration `json:"delayMs" range:"0..86400000" unit:"ms" doc:"how much later the second delivery comes"`
}

// Fault implements [Maker].
func (f DuplicateDelivery) Fault() simcity.Fault { return f.named("DUPLICATE_DELIVERY", &f) }

// named is the fault under the name and parameters of a ready-made combination.
func (f *DuplicateDelivery) named(kind string, parameters any) simcity.Fault {
	fault := Declare(kind, parameters)
	fault.Inject = func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		var copies atomic.Int64
		return f.strike(kind, func(b *blow, next http.RoundTripper, request *http.Request) (*http.Response, error) {
			copied, err := replayable(request)
			if err != nil {
				return nil, err
			}
			if f.Answer == SecondAnswer {
				return f.again(b, next, request, copied)
			}
			return f.beside(b, next, request, copied, copies.Add(1))
		})(ctx, w, touched)
	}
	return fault
}

// beside lets an actor of its own deliver the copy.
func (f *DuplicateDelivery) beside(b *blow, next http.RoundTripper, request *http.Request, copied func(context.Context) (*http.Request, error), n int64) (*http.Response, error) {
	original, err := copied(request.Context())
	if err != nil {
		return nil, err
	}
	b.touched.Add(1)
	b.world.Go(b.ctx, "copy/"+strconv.FormatInt(n, 10), func(ctx context.Context) {
		if simcity.Sleep(ctx, f.Delay) == nil {
			_, _ = send(ctx, next, copied) // nobody waits for the answer
		}
	})
	return next.RoundTrip(original)
}

// again loses the first answer and asks once more.
func (f *DuplicateDelivery) again(b *blow, next http.RoundTripper, request *http.Request, copied func(context.Context) (*http.Request, error)) (*http.Response, error) {
	ctx := request.Context()
	if _, err := send(ctx, next, copied); err != nil {
		return nil, err
	}
	if err := simcity.Sleep(ctx, f.Delay); err != nil {
		return nil, err
	}
	second, err := copied(ctx)
	if err != nil {
		return nil, err
	}
	b.touched.Add(1)
	return next.RoundTrip(second)
}
