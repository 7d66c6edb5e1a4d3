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
// invariant with too few samples, a population that never acted, never asked the
// target anything or mostly failed though no fault was active, ten operations of one
// name that were refused and told nothing while none was granted, arrivals that were
// dropped, a fault that touched nothing, a steady state that did not hold before the
// first fault: each makes the run INCONCLUSIVE with the reason, unless
// [Scenario.AllowEmpty] names it. A run that is stopped, by a command or by SIGINT or
// SIGTERM, tells what it has seen so far, and after a signal none begins any more; a
// second signal kills. Each run writes one line:
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
//   - SIMCITY_SHRINK=1 looks for the smallest part of a failing run that still
//     fails, shows it, prints a test for it (see [Cut] and [Reproduce]) and keeps
//     it in the bundle, with its [Timeline] as a picture beside it
//   - SIMCITY_SPEED=100 slows a Virtual run down to so many simulated seconds per
//     real second, to be watched; it stays the same run
//   - SIMCITY_UI=127.0.0.1:8787 shows runs in the browser, to be watched, paused,
//     stepped, steered and studied; link package missioncontrol/testui into the
//     tests. SIMCITY_UI_WAIT is how long a test waits for people (2m)
//   - SIMCITY_TELEMETRY=sqlite:runs.db keeps the history of runs: see [Reporter]
//   - SIMCITY_REPORT=summary,annotations reports each Run where a team looks: see
//     [Publisher] and packages report and report/notify
//   - SIMCITY_OVERLAY=0 leaves locks alone in a binary with the overlay; 1 demands one
//   - SIMCITY_OVERLAY_PACKAGES names the host's packages there
//
// Relative paths in them are below the module's root, whatever the package.
//
// # Many seeds
//
// SIMCITY_SEEDS=1000 (or 500-600) sweeps: each simulation of the tests that run is
// lived once per seed, in worker processes of the same test binary, so that a seed
// that crashes, hangs, leaks, exits, or takes more than SIMCITY_SEED_TIME (5m) or
// SIMCITY_SEED_MEMORY (4096 MB) is that seed's finding, and the processes that it has
// started end with it. The summary groups
// failures by [Result.Signature] and tells new ones from those of the sweep before
// (kept in the user's cache folder, or in SIMCITY_SWEEP_HISTORY). SIMCITY_WORKERS
// is how many processes, SIMCITY_SHARD=2/5 which part of the seeds this machine
// runs (the usual CI variables are understood), SIMCITY_STOP_AFTER=3 ends after so
// many failures. SIMCITY_EXPLORE=swarm lets each seed search in another way (see
// [Explore]), and SIMCITY_EXPLORE=free with -race finds data races. [Sometimes]
// and [Reachable] tell what a sweep never reached.
//
// # Faults
//
// A [Fault] is injected at its time and reverted after it, whatever ends the run;
// package chaos has many. [Scenario.Injections] are on schedule, [Schedule] plans
// others for each seed, and a [Command] injects one of [Scenario.Faults] by name.
// Steady rules must hold before the first fault and again when RecoveryGrace has
// passed after each. [Simulation.SimulatePair] shows what the faults changed.
//
// # What a bubble asks of the host
//
// Build everything inside the factory that [InProcess] is given: channels and
// timers made outside do not follow simulated time. Package-level goroutines
// stay on real time. crypto/rand follows the seed unless the test is parallel;
// the math/rand globals, map order and select with several ready cases do so in a
// binary with the overlay (see Exploring), and else SIMCITY_VERIFY shows where that
// matters. If the host cannot stop its
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
// There select with several ready cases, map order, the math/rand globals and the
// order of timers that are due at one instant follow the seed as well, in whatever
// goroutine the run starts, each by a stream of its own. Maps with pointers for
// keys, sync.Pool, and goroutines that no lock keeps apart do not.
//
// A note of the result says so, and what is printed to repeat a failure has the
// overlay in it: a test of [Reproduce] that needs it is skipped without. Actors that
// wait for one another's locks for good are a finding, deadlock, with their stacks.
//
// # Staging
//
// [URL] is a target in another process, for a Paced or Stepped clock: a server on
// loopback, or a staging system that the same scenarios validate.
//
//	func TestSimCityStaging(t *testing.T) {
//		simcity.New(scenarios.Baseline()).
//			Target(simcity.URL("https://staging.example.com").
//				Environment("staging").
//				AllowHost("staging.example.com").
//				Login(os.Getenv("SIMCITY_SECRET")).
//				Equip(remote.Hooks{Purge: true}.Offer)).
//			Clock(simcity.Paced(100)).
//			Run(t)
//	}
//
// Run it with -count=1, since go test would answer a repeat from its cache, and
// with the -timeout that the error asks for. Everything fails closed:
//
//   - The host is loopback or on the allow-list ([URLTarget.AllowHost],
//     SIMCITY_ALLOWED_HOSTS), in one plain spelling. It is resolved once; its
//     addresses must be public, unless they are on the list as well, and no other
//     address is dialled later. Certificates are verified, plain HTTP needs a word,
//     proxies are used when asked for, redirects stay on the host.
//   - Before anything else is sent, the target says who it is: GET /api/test/login
//     answers 200 {"environment":"staging","syntheticLogin":true}. The environment
//     is one of SIMCITY_ALLOWED_ENVS (default test,staging,recovery,local) and the
//     one that was declared; production is refused by every name, and no list can
//     allow it. A server on loopback need not have the route.
//   - Each citizen logs in by POST /api/test/login with the header
//     X-SimCity-Secret and {"citizen":"customer/7","email":"synthetic+customer-7@example.com"},
//     and gets {"token":"..."}, a cookie, or both. All requests carry X-SimCity-Run and
//     X-SimCity-Citizen. Package testhooks is the other side.
//   - Faults that need hooks of the host strike by Equip with package chaos/remote,
//     each on a lease: if this process is killed, the host mends itself. With Purge
//     what citizens left is removed when the run has ended.
//   - [Limits] cap citizens, requests per second and real time. What is held back
//     makes the run INCONCLUSIVE.
//   - [Running.Stop], the end of its context, SIGINT and SIGTERM under go test cut
//     all requests at once; faults are undone, whatever ended the run. A second
//     signal kills.
//   - Secrets, tokens and queries of URLs are in no error, event or report. What an
//     agent itself puts into structured inputs and facts is not looked at.
//
// [Result.Remote] has the phases of requests (dns, connect, tls, firstByte, body),
// connections and what was dropped or held back. The load is open unless
// [Scenario.ClosedLoop] says otherwise: latency counts from when a citizen meant to
// act, as [Operation.Latency] tells.
//
// # Limits
//
// Response bodies are read whole, up to 8 MiB, after the handler has returned:
// no streaming, no hijacking. A panic in a goroutine that the host itself
// started ends the process, as it would in production. The race detector sees no
// races between citizens where they take turns: for -race use SIMCITY_EXPLORE=free
// or a Paced clock.
package simcity
