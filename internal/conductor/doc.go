// Package conductor owns simulated time and decides who runs.
//
// Whatever acts in a run (a citizen, the tick, a fault, a command) is an
// [Actor] with a stable id. An actor runs until it parks: in [Actor.Sleep], at
// a seam, while it waits for an answer, or at its end. When nobody runs, the
// conductor picks the next one: among those that are ready at this instant by
// a seeded draw, and if none is ready it moves the clock to the earliest due
// time. So exactly one actor runs at a time and the order is a function of the
// seed.
//
// # Why the order is a function of the seed
//
// Parkings that arrive between two picks are sorted by their actor's number,
// which follows the order of creation, before they join those that are ready.
// Each pick happens only when the world has settled: every goroutine of the
// host is blocked, so nothing that the last actor started is still under way.
// And no two stretches of host code begin at the same nanosecond: the conductor
// moves the clock by one nanosecond between them, because timers that fall due
// at one instant fire in an arbitrary order, and the host's timers inherit the
// instant at which they were set.
//
// Two goroutines that work for one actor and park at seams of one name are not
// told apart: which of them goes first is the Go scheduler's choice. Where the
// locks of host code are seams ([Config].Locks) they are: the patched runtime
// numbers goroutines by their descent.
//
// # Instants
//
// Actors that are due within a millisecond of simulated time are ready together,
// at the end of that millisecond's last due time: a sleep may last that much
// longer than it was asked to. So actors that mean to act at the same time do,
// although each stretch of host code has a nanosecond of its own.
//
// # Clocks
//
// [Virtual] runs inside a testing/synctest bubble: the host's own time.Now,
// timers and deadlines are simulated. [Stepped] simulates only the actors' time
// and settles when every actor is parked. [Paced] lets wall time pass,
// compressed, and actors overlap for real.
package conductor
