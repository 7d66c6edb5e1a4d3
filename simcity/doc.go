// Package simcity tests a marketplace, or any service with many users, by
// simulation inside go test: synthetic citizens live in a city and use the real
// app through its HTTP handlers, simulated time passes in milliseconds, faults
// strike on schedule, invariants judge from what clients were told, and a run
// ends in a verdict that its seed reproduces bit for bit.
//
// Use it to know, before your users do, that nobody is booked twice, that
// nothing is charged twice, that the app stays fast and heals. A complete test:
//
//	func TestSimCityBaseline(t *testing.T) {
//		simcity.New(scenarios.Baseline()).
//			Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
//				return newApp(w.Logger())
//			})).
//			Run(t)
//	}
//
// # A run
//
// Data flows one way:
//
//	seed -> random streams -> citizens -> seams -> host app
//	     -> operations (the history) -> events -> metrics -> invariants -> verdict
//
// The only way back is a [Command], which is itself an event. So a run is a
// function of scenario, seed and commands, and its [Digest] proves it.
//
// A [Citizen] lives the life that its population's [Agent] describes, as
// straight-line code that blocks: Sleep lets simulated time pass, Do records one
// [Operation]. Exactly one citizen runs at a time. Between its requests, and at
// every [Yield] in host or test code, another one may be drawn to go first: that
// is how races are found, and why they replay.
//
// # Which clock
//
//   - [Virtual], the default: the host runs in a testing/synctest bubble, so its
//     own time.Now, timers and deadlines are simulated, unmodified. 20 hours take
//     about a second. The host must not sit in a socket read for ever (LISTEN, a
//     Redis subscription): simulated time would stand still. Ordinary queries
//     over a socket are fine.
//   - [Stepped]: only the citizens' time is simulated. For hosts of the kind
//     above, whose own timers then run on real time.
//   - [Paced]: wall time, compressed. For servers elsewhere and for watching.
//     Such runs do not repeat exactly.
//
// The builder's error, or the watchdog's finding, names the clock that fits.
//
// # Verdicts
//
// PASS, FAIL, STOPPED or INCONCLUSIVE. What was not checked never passes: an
// invariant with too few samples, a population that never acted, arrivals that
// were dropped, a fault that touched nothing, a steady state that did not hold
// before the first fault: each makes the run INCONCLUSIVE with the reason,
// unless [Scenario.AllowEmpty] names it. Each run writes one line:
//
//	simcity verdict=PASS scenario=baseline seed=42 clock=virtual sim=20h0m0s citizens=78 operations=2815 events=3320 violations=0 digest=9f3c0a… wall=0.41s
//
// citizens counts those born; operations their calls; events all rows of the
// log; violations the invariants that were broken, warnings included; digest
// stands for the whole log; wall is real time and no part of the digest.
//
// # When it fails
//
// The message says which invariant, at which simulated time and event, what was
// seen and wanted, by whose operation and under which faults, then the command
// that repeats it and the path of the forensic [Bundle]. Settings come from the
// environment:
//
//   - SIMCITY_SEED=7 (or random) runs another city
//   - SIMCITY_VERIFY=1 runs each city twice and names the first event that differs
//   - SIMCITY_REPLAY=bundle.json repeats a recorded run, commands included
//   - SIMCITY_DEBUG=1 prints every event
//   - SIMCITY_EXPLORE=0 leaves locks alone in a binary with the overlay
//   - SIMCITY_OVERLAY_PACKAGES names the host's packages there
//
// # What a bubble asks of the host
//
// Build everything inside the factory that [InProcess] is given: channels and
// timers made outside do not follow simulated time. Package-level goroutines
// stay on real time. crypto/rand follows the seed unless the test is parallel;
// the math/rand globals, map order and select with several ready cases do not,
// and SIMCITY_VERIFY shows where that matters. If the host cannot stop its
// goroutines the bubble is frozen at the end and the run says so in a note; give
// the handler a Close() error method and leaks become findings. Never park with
// a lock held that others need, unless you explore: the watchdog names holder and
// waiter.
//
// # Exploring
//
// Compiled with the overlay that the command cmd/simcity makes, every lock that
// host code takes under a Virtual clock is a seam, although nobody touched the
// host, and locks may be held across a park:
//
//	go test -overlay="$(go tool simcity overlay)" ./...
//
// A note of the result says so. Actors that wait for one another's locks for
// good are a finding, deadlock, with their stacks.
//
// # Limits
//
// Response bodies are read whole, up to 8 MiB, after the handler has returned:
// no streaming, no hijacking. A panic in a goroutine that the host itself
// started ends the process, as it would in production. The race detector sees no
// races between citizens, since they never overlap under a Virtual clock; use
// Paced for -race.
package simcity
