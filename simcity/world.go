package simcity

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"
)

// A World is a run as the host's factory, faults, collectors and invariants see
// it. Its methods are safe for concurrent use unless they say otherwise.
type World struct{ run *run }

// Seed is the number that all choices of the run derive from.
func (w *World) Seed() uint64 { return w.run.seed }

// Start is the simulated date at which the run began.
func (w *World) Start() time.Time { return w.run.began }

// Now is the simulated date.
func (w *World) Now() time.Time { return w.run.date(w.run.elapsed()) }

// Elapsed is the simulated time since the run began.
func (w *World) Elapsed() time.Duration { return w.run.elapsed() }

// Paced reports whether the run is paced by wall time.
func (w *World) Paced() bool { return w.run.paced() }

// Rand returns a new stream of random numbers of that name. The same name gives
// the same numbers; different names are independent.
func (w *World) Rand(name string) *rand.Rand { return stream(w.run.seed, "world/"+name) }

// HostTimeIsReal reports whether the host lives on real time, under a Stepped or
// Paced clock: its own timers and deadlines then do not follow simulated time.
func (w *World) HostTimeIsReal() bool { return w.run.clock.inner.HostTimeIsReal() }

// Policies are those in force now.
func (w *World) Policies() Policies { return w.run.inForce.ask() }

// Metrics are the run's named figures.
func (w *World) Metrics() *Metrics { return w.run.metrics }

// Client sends requests to the target that are no operations of citizens, such
// as probes. Its requests need the context that the caller was given.
func (w *World) Client() *http.Client { return w.run.client }

// Aside sends requests to a target elsewhere that belong to nobody in the city and
// to no moment of its time: on any goroutine, in real time, such as the renewals of
// a lease. No fault touches them. In process there is no such thing.
func (w *World) Aside() *http.Client {
	return &http.Client{Transport: asideTransport{w.run}, CheckRedirect: w.run.sameHost}
}

// HostClient sends requests to the target from the host's own surroundings, such
// as the webhook of its payment provider: on any goroutine of the host, each
// request as an actor of its own, through the same faults as a citizen's.
func (w *World) HostClient() *http.Client {
	return &http.Client{Transport: &hostTransport{run: w.run}}
}

// RequestTimeout is every request's deadline on the host's clock.
func (w *World) RequestTimeout() time.Duration { return w.run.scenario.RequestTimeout }

// BaseURL is the scheme and host of the target, without a slash at the end.
func (w *World) BaseURL() string { return w.run.target.baseURL() }

// Logger keeps the host's log lines out of the test's output: they are shown
// when the run fails, the last 200 of them.
func (w *World) Logger() *slog.Logger { return w.run.host.log.logger() }

// OnClose registers how the host is stopped at the end of the run, latest
// first. A handler with a Close() error method is closed without it.
func (w *World) OnClose(closeHost func(context.Context) error) { w.run.host.onClose(closeHost) }

// Doubt makes the run INCONCLUSIVE, with a reason: a fault or a rule has found that
// what it was to check was not checked.
func (w *World) Doubt(format string, args ...any) {
	w.run.find(Finding{Kind: FindingDoubt, Severity: InconclusiveFinding, Actor: "world", Text: fmt.Sprintf(format, args...)})
}

// Note adds an event that explains something to readers.
func (w *World) Note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.run.event("world", EventNote, func(b []byte) []byte {
		return append(appendString(append(b, `{"text":`...), text), '}')
	})
}

// WrapTransport puts wrap around every later request to the target until off is
// called. Faults of the HTTP level are made of it.
func (w *World) WrapTransport(wrap func(http.RoundTripper) http.RoundTripper) (off func()) {
	return w.run.seams.wrap(wrap)
}

// OnSeam calls hook at every seam that host code passes on behalf of an actor,
// until off is called. The hook may delay the actor in simulated time or fail
// the call at the seam. Hooks are called in the order of their registration.
func (w *World) OnSeam(hook func(ctx context.Context, seam string) (delay time.Duration, err error)) (off func()) {
	return w.run.seams.hook(hook)
}

// SetValue keeps something of the host for faults, collectors and rules, as
// [context.WithValue] does: the factory sets it, they find it with Value. A key
// has a type of its own, so that packages do not collide.
func (w *World) SetValue(key, value any) { w.run.host.setValue(key, value) }

// Value returns what SetValue kept under key, or nil.
func (w *World) Value(key any) any { return w.run.host.value(key) }

// Go starts an actor beside the one that ctx belongs to, for what a fault does
// again and again while it lasts. life parks with [Sleep] and must return when
// its ctx ends, which is when ctx does or the run is over. name tells it apart
// from others of the same actor.
func (w *World) Go(ctx context.Context, name string, life func(ctx context.Context)) {
	id := "world/" + name
	if h := handsOf(ctx); h != nil {
		id = h.actor.ID + "/" + name
	}
	w.run.conductor.Go(id, func(a actor) { life(w.run.withActor(ctx, a)) })
}

// Faults are those that struck so far, in order.
func (w *World) Faults() []FaultWindow { return w.run.faults.windows() }

// ActiveFaults names the faults that are active now.
func (w *World) ActiveFaults() []string { return w.run.faults.activeNow() }
