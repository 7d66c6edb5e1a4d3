package simcity

import (
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// signalled begins the name of who stopped a run by a signal.
const signalled = "signal "

// interrupted tells that this process was told to end: no further run begins.
var interrupted atomic.Bool

// heedSignals stops the run when the process is told to end, so that what it has
// broken is undone first, until release is called. The second signal does what
// signals do.
func (r *run) heedSignals() (release func()) {
	signals := make(chan os.Signal, 1)
	over := make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			interrupted.Store(true)
			fmt.Fprintf(os.Stderr, "simcity: %s: the run stops and undoes its faults; once more to end at once\n", s)
			r.steering.stop(signalled + s.String())
		case <-over:
		}
	}()
	return func() { signal.Stop(signals); close(over) }
}
