// Package invariants has the rules that a marketplace must keep, and makers of
// your own.
//
// A rule is a [simcity.Invariant], a value that goes into a scenario's
// Invariants or into [simcity.Simulation.Check]:
//
//	simcity.New(scenario).
//		Target(simcity.InProcess(newApp)).
//		Check(invariants.ZeroDoubleBookings(), invariants.APIP95(300*time.Millisecond)).
//		Run(t)
//
// Rules judge by the facts that clients learned from the target's answers, not
// by what the target says of itself; a [Probe] adds its own word. Zero arguments
// and fields mean the defaults below, which are those of Bookiji's operations
// runbook. [Catalogue] is all that an ordinary day can keep.
//
//	name                          bound                                  judged   severity  needs
//	api_p95_response_time         < 500 ms                               steady   critical  100 operations
//	api_p99_response_time         < 1 s                                  steady   critical  100 operations
//	api_error_rate                < 1 %                                  steady   critical  100 operations
//	booking_funnel_success        >= 85 % of funnels                     at end   critical  20 funnels
//	vendor_sla_response           >= 90 % within 2 h of open time        at end   critical  20 requests
//	cache_hit_rate                >= 50 % of lookups                     steady   warning   50 lookups
//	cache_invalidation_spike      < 35 % of lookups, sustained           steady   warning   3 readings
//	search_freshness              found 10 min after acknowledgement     steady   critical  3 searches
//	zero_double_bookings          0                                      always   critical  1 claim
//	no_double_bookings_by_alias   0                                      always   critical  1 traveller
//	capacity_conservation         <= Capacity                            always   critical  1 claim on a group
//	no_orphaned_references        0                                      always   critical  1 attempt
//	offered_slots_are_free        0 booked for more than 1 min           always   critical  100 offers
//	no_refusals_while_free        0                                      always   critical  100 attempts
//	money_conservation            totals equal what was told             always   critical  10 reports
//	quotas_respected              5 claims, 1 use, 20 uses of WELCOME    always   critical  1 claim or use
//	idempotent_retries            0 other answers                        always   critical  5 retries
//	overlapping_requests          < 10 % fail on two devices at once      steady   critical  10 operations
//	orchestrator_tick_drift       < 100 ms per real second               steady   critical  1 tick if paced
//	memory_usage                  < 80 %                                 always   critical  3 looks
//
// These are not in the catalogue, because they need agents that look, faults, or
// a reader:
//
//	no_foreign_data               0                                      always   critical  10 looks
//	tenant_isolation              0, but 10 min after RLS_MISCONFIG      always   critical  10 looks
//	recovery_time                 <= 15 min after each fault             at end   critical  looks after each fault
//	rate_limited_share            <= 1 % of operations                   steady   critical  100 operations
//	stages                        none: tells of every six hours         at end   warning   1 operation
//
// A rule with fewer samples than it needs was not checked, and makes its run
// INCONCLUSIVE. So leave rules out that are about things your city does not do.
// Rules about figures of the target, such as its cache, read them from the
// snapshot's gauges or counters: add [Prometheus] to the scenario's Collectors
// if the target has a page of metrics.
//
// # What is certain
//
// A client sees that something happened between the start and the end of its
// operation. Rules about claims accuse the target only of what is wrong whenever
// in that time it happened:
//
//   - A claim holds for certain from the end of the operation that made it to
//     the start of the one that gave it back or moved it, or to its Until. Two
//     claims that hold for certain at one time are a double booking.
//   - A claim may hold from the start of the former to the end of the latter,
//     and two minutes more. A refusal is wrong if no claim may have held.
//   - An operation whose outcome is Failed may have done what its facts say, or
//     nothing. It accuses nobody and excuses refusals. Agents add the facts that
//     it would have had; one that fails without them may have done anything, and
//     [NoRefusalsWhileFree] and [MoneyConservation] then judge no further.
//   - Operations of one citizen are in order. Those of two citizens about one
//     claim that overlap leave the claim in doubt.
//
// Operations become known when they end, so a suspicion waits until all that began
// before it are known ([simcity.Snapshot.Settled]) and is decided at the next tick or
// at the end. One that the end of the run leaves open, because the operation that was
// cut short might explain it, makes the run INCONCLUSIVE.
//
// # Limits
//
// A check's memory does not grow with the run. Claims are forgotten one
// simulated hour after their interval is over or their hold lapsed, and ten
// minutes after they were given back. At most 1,000,000 claims, 200,000 holders,
// 100,000 open requests and funnels, 1,024 suspicions and reports and 4,096
// refusals are remembered at a time, one sign of ill health per fault, and the
// lines of 100 stages; claims that are not watched make the run
// INCONCLUSIVE, and what else is not judged is no sample. Operations without
// facts cost a few nanoseconds per rule and no memory.
//
// Rules are independent: each keeps a ledger of its own. In a run against a URL
// whose clock is not the simulated one (a Stepped or Paced run), holds that lapse by the
// target's clock are taken to hold in rules about refusals, and to have lapsed
// early in rules about double bookings, which makes both milder, never wrong.
//
// # Your own rules
//
// [Always], [AtEnd], [Threshold] and [Probe] make rules of a function; [Warn]
// and [Named] change one. For more, write a [simcity.Invariant]: it is a struct
// of functions.
package invariants
