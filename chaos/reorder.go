package chaos

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Reordered holds a request back until the host has answered a later one that
// fits, or until Hold is over. One request is held at a time. It counts those
// that were overtaken, so that a city with a lone citizen shows that nothing was
// proven.
type Reordered struct {
	Match
	// Hold is the longest that a request is held back. Default 5 s.
	Hold time.Duration `json:"holdMs" default:"5000" range:"1..86400000" unit:"ms" doc:"longest that a request is held back"`
}

// Fault implements [Maker].
func (f Reordered) Fault() simcity.Fault {
	fault := Declare("REORDERED", &f)
	fault.Inject = func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		q := &queue{hold: f.Hold, share: f.Share}
		all := f.Match
		all.Share = 1 // whoever is not held may overtake: the queue draws
		return all.strike(fault.Kind, q.answer)(ctx, w, touched)
	}
	return fault
}

// queue is what passes while one is held.
type queue struct {
	hold     time.Duration
	share    float64
	held     atomic.Bool
	answered atomic.Int64
}

func (q *queue) answer(b *blow, next http.RoundTripper, request *http.Request) (*http.Response, error) {
	if b.dice.hits(q.share) && q.held.CompareAndSwap(false, true) {
		overtaken, err := q.wait(request.Context())
		q.held.Store(false)
		if err != nil {
			drop(request)
			return nil, err
		}
		if overtaken {
			b.touched.Add(1)
		}
	}
	response, err := next.RoundTrip(request)
	q.answered.Add(1)
	return response, err
}

// wait looks again and again, rather than being woken, so that the order of
// those who go on is the conductor's under every clock.
func (q *queue) wait(ctx context.Context) (overtaken bool, err error) {
	before := q.answered.Load()
	step := max(q.hold/100, time.Millisecond)
	for waited := time.Duration(0); waited < q.hold; waited += step {
		if err := simcity.Sleep(ctx, min(step, q.hold-waited)); err != nil {
			return false, err
		}
		if q.answered.Load() > before {
			return true, nil
		}
	}
	return false, nil
}
