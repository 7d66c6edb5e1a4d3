package simcity

import (
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/internal/conductor"
)

// A calendar is the simulated time of a run, as it is read inside the bubble and
// outside of it.
type calendar struct {
	began     time.Time                           // simulated date of the start
	kept      atomic.Pointer[conductor.Conductor] // by whom; nil until time begins
	lastEvent atomic.Int64                        // when, in simulated time
	end       atomic.Pointer[time.Duration]       // when the bubble's time ended, for those outside
	frozen    atomic.Bool                         // the run was given up: time stands at its last event
}

// elapsed is the simulated time since the run began.
func (c *calendar) elapsed() time.Duration {
	if c.frozen.Load() {
		return time.Duration(c.lastEvent.Load())
	}
	if end := c.end.Load(); end != nil {
		return *end
	}
	if keeper := c.kept.Load(); keeper != nil {
		return keeper.Now()
	}
	return 0
}

func (c *calendar) date(elapsed time.Duration) time.Time { return c.began.Add(elapsed).UTC() }
