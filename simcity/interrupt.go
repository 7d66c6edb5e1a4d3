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

// heedSignals calls stop with the name of the signal when the process is told to end,
// until release is called, and says what happens then, once for all that go on beside
// one another. The second signal does what signals do.
func heedSignals(then string, stop func(by string)) (release func()) {
	if interrupted.Load() {
		return func() {}
	}
	signals := make(chan os.Signal, 1)
	over := make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			if !interrupted.Swap(true) {
				fmt.Fprintf(os.Stderr, "simcity: %s: %s; once more to end at once\n", s, then)
			}
			stop(signalled + s.String())
		case <-over:
		}
	}()
	return func() { signal.Stop(signals); close(over) }
}

// outliveSignals lets the process end by what it was told, and not by a signal: one from
// a terminal comes to all processes there.
func outliveSignals() {
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGTERM)
}
