// Package locks makes locks of host code seams, in binaries that were compiled
// with the overlay of package overlay. It is the far side of the patched package
// sync: each lock that a goroutine of a run takes or gives back comes here.
//
//	table := locks.Open(locks.Config{Packages: patterns, Deadlocked: tell}) // nil without the overlay
//	defer table.Close()
//	table.MarkBubble(table.Mark("background", nil))
//	mark := table.Mark("customer/7", park)
//	leave := mark.Enter(1) // this goroutine and those it starts work for customer/7
//	defer leave()
//
// # What happens at a lock
//
// A [Table] is one run's. It knows which goroutine of the run holds which lock.
// Whoever asks for a lock parks first, if host code asks (a seam). Then it takes
// the lock if it can be had, and otherwise waits on a channel of the bubble,
// which is a durable block, until the lock is given back, parks again and tries
// again. So simulated time goes on while a lock is held across a park, and who
// gets a lock that several want is the schedule's choice.
//
// A lock that somebody outside of the run holds is waited for as ever. A reader
// waits for a writer that waits, as with [sync.RWMutex].
//
// # Deadlocks
//
// Who waits for whom is a graph. A goroutine that closes a circle in it is told
// with all of the circle, once per circle. Since a lock may be given back by
// another goroutine than took it, the circle is a suspicion until time has
// passed: [Table.Standing] tells which still are.
//
// # Whose goroutine
//
// The [Mark] of a goroutine is inherited by those that it starts. Each has a
// number of its own that depends on its ancestors alone, so that two goroutines
// of one actor are told apart the same way in each run. A goroutine that a
// timer starts is marked as its bubble is.
//
// # Limits
//
// No seam where simcity's own locks are held: it calls its users' functions under
// some. Locks that no host code asks for (those of the standard library and of
// other modules) are no seams, but are waited for the same way.
package locks
