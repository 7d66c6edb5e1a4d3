package chaos

import (
	"context"
	"net/http"

	"github.com/bookiji/simcity/simcity"
)

// Counters that a [RateLimitBurst] keeps in World.Metrics.
const (
	// BurstCopies are the requests that it sent itself.
	BurstCopies = "chaos_burst_copies"
	// BurstRefused are the answers 429 Too Many Requests while it lasted, to copies
	// and to citizens.
	BurstRefused = "chaos_burst_refused"
)

// RateLimitBurst is the runbook's RATE_LIMIT_BURST: each client suddenly sends
// multiplier times as much. If the host offers the hook SqueezeRate its limiter
// counts so, and the fault counts the requests that came meanwhile. Else
// each GET is really preceded by multiplier-1 copies of itself, from the same
// client, whose answers are thrown away; the fault counts the copies. A
// multiplier of 1000 takes its time: 1000 requests for one.
type RateLimitBurst struct {
	// Multiplier is 2 to 1000. Default 10.
	Multiplier int `json:"multiplier" default:"10" range:"2..1000" doc:"how many times as much each client sends"`
	// PathPrefix is how the paths begin that are copied, such as /api/. Default
	// any.
	PathPrefix string `json:"pathPrefix" doc:"how the path begins; empty: any"`
}

// Fault implements [Maker].
func (f RateLimitBurst) Fault() simcity.Fault {
	fault := Declare("RATE_LIMIT_BURST", &f)
	fault.Inject = func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		squeeze := hooksOf(w).SqueezeRate
		if squeeze == nil {
			copied := Match{Method: http.MethodGet, PathPrefix: f.PathPrefix, Share: 1}
			return copied.strike(fault.Kind, f.precede)(ctx, w, touched)
		}
		restore, err := squeeze(ctx, f.Multiplier)
		if err != nil {
			return halfDone(restore), err
		}
		off, err := Match{PathPrefix: f.PathPrefix, Share: 1}.strike(fault.Kind, squeezed)(ctx, w, touched)
		restore = restoring(restore)
		return func(ctx context.Context) error { _ = off(ctx); return restore(ctx) }, err
	}
	return fault
}

// precede sends the copies, then the request.
func (f RateLimitBurst) precede(b *blow, next http.RoundTripper, request *http.Request) (*http.Response, error) {
	copied, err := replayable(request)
	if err != nil {
		return nil, err
	}
	for range f.Multiplier - 1 {
		b.touched.Add(1)
		b.world.Metrics().Add(BurstCopies, 1)
		status, err := send(request.Context(), next, copied)
		if ended(request, err) {
			return nil, err
		}
		b.refused(status)
	}
	again, err := copied(request.Context())
	if err != nil {
		return nil, err
	}
	return b.watch(next, again)
}

// squeezed counts what comes while the host's limiter is squeezed.
func squeezed(b *blow, next http.RoundTripper, request *http.Request) (*http.Response, error) {
	b.touched.Add(1)
	return b.watch(next, request)
}

func (b *blow) watch(next http.RoundTripper, request *http.Request) (*http.Response, error) {
	response, err := next.RoundTrip(request)
	if err == nil {
		b.refused(response.StatusCode)
	}
	return response, err
}

func (b *blow) refused(status int) {
	if status == http.StatusTooManyRequests {
		b.world.Metrics().Add(BurstRefused, 1)
	}
}
