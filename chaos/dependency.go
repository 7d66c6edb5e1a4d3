package chaos

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// PausedDependency stops a database or another service of the host: whoever
// comes to its seams waits there until the fault ends or the client has given
// up. It counts the passes that waited.
type PausedDependency struct {
	// Prefix is how the names of its seams begin, such as "postgres". Default any.
	Prefix string `json:"seam" doc:"how the seam's name begins; empty: any"`
}

// Fault implements [Maker].
func (f PausedDependency) Fault() simcity.Fault {
	fault := Declare("PAUSED_DEPENDENCY", &f)
	fault.Inject = func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		p := &standstill{prefix: f.Prefix, touched: touched}
		off := w.OnSeam(p.hold)
		return func(context.Context) error {
			p.over.Store(true)
			off()
			return nil
		}, nil
	}
	return fault
}

// lookAgain is how often those who wait look whether they may go on.
const lookAgain = 100 * time.Millisecond

type standstill struct {
	prefix  string
	touched *simcity.Touched
	over    atomic.Bool
}

// hold keeps a thread of the host at its seam. It parks at a seam of its own,
// again and again: nobody knows when the fault will end, and to wait by channel
// would let all go on at once, in no order.
func (p *standstill) hold(ctx context.Context, seam string) (time.Duration, error) {
	switch waiting := ctx.Value(waitingKey{}); {
	case waiting == p:
		return lookAgain, nil
	case waiting != nil || !strings.HasPrefix(seam, p.prefix):
		return 0, nil
	}
	p.touched.Add(1)
	ctx = context.WithValue(ctx, waitingKey{}, p)
	for !p.over.Load() {
		if err := simcity.Yield(ctx, seam+" (paused)"); err != nil {
			return 0, err
		}
	}
	return 0, nil
}
