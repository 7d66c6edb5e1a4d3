// Package chaos is what goes wrong in a city, and when: faults of the network,
// of the host's dependencies and of the host itself, and schedules that plan
// them. Use it to know that an app keeps its promises while something fails, and
// heals afterwards:
//
//	func TestSimCityPaymentsInBadWeather(t *testing.T) {
//		simcity.New(scenarios.Baseline()).
//			Target(simcity.InProcess(newApp)).
//			Inject(chaos.ConnectionReset{When: chaos.After}.Fault(), 9*time.Hour, 30*time.Minute).
//			Schedule(chaos.Swarm{Faults: chaos.RandomHTTP("/api/"), From: 10 * time.Hour, To: 18 * time.Hour}).
//			Run(t)
//	}
//
// A fault is a struct of parameters whose zero value means the defaults, and
// Fault() makes it ready to inject. Values that cannot work refuse the simulation
// with the field, what it takes and the fix. A fault strikes for its window and
// is reverted; it counts what it touched, and one that touched nothing makes the
// run INCONCLUSIVE.
//
// # Faults of the runbook
//
// They go through hooks that the host offers; the names are Bookiji's.
//
//   - [CacheInvalidationStorm], CACHE_INVALIDATION_STORM: invalidationRate (0.8)
//     of the cache is dropped, every everyMs (60000). Counts entries dropped.
//   - [PauseMVRefresh], PAUSE_MV_REFRESH: nothing derived is refreshed for
//     pauseDuration minutes (10) or until the window ends. Counts the refreshes
//     that did not happen.
//   - [RLSMisconfig], RLS_MISCONFIG: misconfigType is admin_access (default),
//     disabled_table or permissive_policy. Counts rows laid open.
//   - [RateLimitBurst], RATE_LIMIT_BURST: each GET is sent multiplier (10) times,
//     or the host's limiter counts so if it offers SqueezeRate. Counts copies
//     sent, or requests squeezed.
//   - [ClockSkew], CLOCK_SKEW: what the host takes for now is skewMs (300000) off.
//     Counts 1.
//
// # Faults of requests
//
// All have method, pathPrefix and share (1) to choose the requests, see [Match],
// and count the requests struck. Where there is a when, it is before (default) or
// after the host did what was asked: "after" is what idempotency is about.
//
//   - [Latency], HTTP_LATENCY: distribution (constant, uniform, exponential,
//     lognormal), delayMs (200), sigma (1), maxMs (30000), when.
//   - [Errors], HTTP_ERRORS: status (503), when.
//   - [ConnectionReset], CONNECTION_RESET: when.
//   - [Timeout], HTTP_TIMEOUT: hangs until the client's deadline or for
//     patienceMs (30000); when.
//   - [SlowBody], SLOW_BODY: a body takes transferMs (10000).
//   - [TruncatedBody], TRUNCATED_BODY: breaks off after keep (0.5) of it.
//   - [DuplicateDelivery], DUPLICATE_DELIVERY: twice, delayMs (0) apart; the client
//     gets answer first (default) or second.
//   - [Reordered], REORDERED: held until overtaken, holdMs (5000) at most. Counts
//     those overtaken.
//   - [WebhookTwice], WEBHOOK_TWICE, and [WebhookLate], WEBHOOK_LATE: the path of
//     the payment provider's POST, required, and delayMs (0, and 600000).
//
// # Faults of seams
//
// They strike where the host calls simcity.Yield, as adapters of databases do for
// it: seam (the field Prefix) is how the names begin, share (1) how many of the
// passes. They count passes.
//
//   - [SeamLatency], SEAM_LATENCY: as HTTP_LATENCY. Unlike that one it widens the
//     window between a check and a write, which is how it finds races.
//   - [SeamErrors], SEAM_ERRORS: the call fails with [ErrInjected].
//   - [PausedDependency], PAUSED_DEPENDENCY: calls wait until the window ends or
//     their client has gone.
//
// # What the host offers
//
// In the factory that the target is given:
//
//	chaos.Offer(w, chaos.Hooks{
//		InvalidateCache: app.cache.Drop,
//	})
//
// A fault whose hook is missing says so before the run begins, with the list of
// those that are offered.
//
// # When
//
// [simcity.Simulation.Inject] and [At] plan one fault, [Every] one again and again,
// [Swarm] draws other faults, parameters, times and lengths from each seed, out of
// [RandomHTTP], [RandomSeams], [RandomRunbook] or [Fixed] ones. With [Kinds] in
// Scenario.Faults commands inject them by name, parameters in JSON: strictly read,
// durations as numbers in the unit of their name or as text such as "90s".
//
// # A fault of your own
//
// Three lines, and [KindOf] makes it known to commands:
//
//	func (f Fog) Fault() simcity.Fault {
//		fault := chaos.Declare("FOG", &f)
//		fault.Inject = f.inject // returns how to revert; counts with touched.Add
//		return fault
//	}
//
// # Limits
//
// Every fault works under the Virtual, Stepped and Paced clocks, and waits in
// simulated time; under a Virtual clock all its draws follow the seed. Hooks of a
// target elsewhere are offered by package chaos/remote; seams need a target that is
// built in process.
//
// Requests of collectors and probes are spared, since the judge must see what is.
// A second delivery by
// [DuplicateDelivery] with the first answer comes from an address of its own. A
// scenario's RequestTimeout does not cut [Latency] short: it counts the host's
// own time.
package chaos
