package chaos

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Seams says at which places in host code a fault strikes: where the host calls
// [simcity.Yield], as the adapters of databases and caches do with names such as
// "postgres insert". The zero value is all of them.
type Seams struct {
	// Prefix is how the seam's name begins. Default any.
	Prefix string `json:"seam" doc:"how the seam's name begins; empty: any"`
	// Share of the passes, each drawn by itself. Default 1.
	Share float64 `json:"share" default:"1" range:">0..1" doc:"share of the passes of these seams"`
}

// waitingKey marks the context of a thread that waits at a seam for the end of a
// [PausedDependency]: such waiting is nothing to strike.
type waitingKey struct{}

// strike is the Inject of a fault of seams: at is asked at each pass that fits
// and is drawn.
func (s Seams) strike(kind string, at func(b *blow, ctx context.Context, seam string) (time.Duration, error)) inject {
	return func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		b := &blow{ctx: ctx, world: w, touched: touched, dice: newDice(w, kind)}
		off := w.OnSeam(func(ctx context.Context, seam string) (time.Duration, error) {
			if ctx.Value(waitingKey{}) != nil || !strings.HasPrefix(seam, s.Prefix) || !b.dice.hits(s.Share) {
				return 0, nil
			}
			touched.Add(1)
			return at(b, ctx, seam)
		})
		return func(context.Context) error { off(); return nil }, nil
	}
}

// SeamLatency lets host code wait at seams: latency of a database is made of it.
// It counts the passes delayed. Locks, which are seams with the overlay, are not
// among them.
type SeamLatency struct {
	Seams
	Delay
}

// Fault implements [Maker].
func (f SeamLatency) Fault() simcity.Fault {
	fault := Declare("SEAM_LATENCY", &f)
	fault.Inject = f.strike(fault.Kind, func(b *blow, _ context.Context, _ string) (time.Duration, error) {
		return f.draw(b.dice), nil
	})
	return fault
}

// SeamErrors lets calls at seams fail: statements that a database refuses are
// made of it. Host code gets an error that is [ErrInjected]. It counts the passes
// failed.
type SeamErrors struct {
	Seams
}

// Fault implements [Maker].
func (f SeamErrors) Fault() simcity.Fault {
	fault := Declare("SEAM_ERRORS", &f)
	fault.Inject = f.strike(fault.Kind, func(_ *blow, _ context.Context, seam string) (time.Duration, error) {
		return 0, fmt.Errorf("%s: %w", seam, ErrInjected)
	})
	return fault
}
