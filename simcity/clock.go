package simcity

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/internal/conductor"
)

// A Clock says what time the host lives on during a run. See the package
// documentation for which one fits.
type Clock struct {
	inner conductor.Clock
	err   error
}

// Virtual is simulated time for the host as well: its own time.Now, timers and
// deadlines, unmodified, in a testing/synctest bubble. Same seed, same run. It
// is the default. [Simulation.Run] in a test that is not parallel gives the process
// one processor meanwhile, because those who take turns are faster on one: go test
// -cpu, or GOMAXPROCS, says otherwise.
func Virtual() Clock { return Clock{inner: conductor.Virtual()} }

// Stepped simulates only the citizens' time and lets the host live on real
// time: for hosts whose goroutines sit in socket reads for ever. A citizen that
// stays blocked for longer than a second of real time is passed over.
func Stepped() Clock { return SteppedGrace(time.Second) }

// SteppedGrace is [Stepped] with another grace, in real time.
func SteppedGrace(grace time.Duration) Clock {
	clock := Clock{inner: conductor.Stepped(grace)}
	if grace <= 0 {
		clock.err = &FieldError{Field: "Clock grace", Value: grace, Allowed: "more than 0", Fix: "use simcity.Stepped() for one second"}
	}
	return clock
}

// Paced lets wall time pass, factor simulated seconds per real second. Citizens
// overlap for real, so a run does not repeat exactly. A factor of 0 takes the
// scenario's Compression.
func Paced(factor float64) Clock {
	clock := Clock{inner: conductor.Paced(factor)}
	if !(factor >= 0 && factor <= maxCompression) {
		clock.err = &FieldError{Field: "Clock factor", Value: factor, Allowed: fmt.Sprintf("0 to %d", maxCompression), Fix: "use simcity.Paced(100)"}
	}
	return clock
}

func (c Clock) String() string { return c.inner.Name() }
