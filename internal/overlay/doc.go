// Package overlay makes an overlay for go build: standard-library files of the
// user's own toolchain, patched on the spot, in which the locks that host code
// takes are seams and what it leaves to chance follows the seed. Nothing of Go's
// source is kept here: only where it is cut and what is added.
//
//	toolchain, err := overlay.Find(ctx, ".")
//	path, err := overlay.Make(cache, toolchain, "")
//	// go test -overlay=path ./...
//
// # The patch
//
// In package sync the methods of Mutex, RWMutex and Cond that take or give back
// a lock are renamed and written anew around the renamed ones: a load and a
// branch, unless a simulation has installed its hooks. In package runtime a
// goroutine gets a mark, which says for whom it works and which the goroutines
// that it starts inherit, and a number that depends only on who started it as
// which of its children: that is what makes two goroutines of one handler
// repeatable. Package locks is the other side.
//
// What a goroutine with a mark leaves to chance follows the seed of its mark: the
// order in which a select looks at its cases, where a range over a map begins, the
// global functions of math/rand and the order of timers that are due at one
// instant. Each use has a stream for each goroutine, which nobody else draws from:
// the scheduler draws on stacks of its own, and library code, which ranges and
// selects whenever it fills a cache, has streams apart from the host's. The seeds
// of maps and the key of the hash function are constants, so that a map has the same
// order in each process.
//
// The two sides share no import and no linkname: the patch adds a method to the
// unexported type that [sync.RWMutex.RLocker] returns, and package locks asserts
// it.
//
// # Limits
//
// Each cut is an exact piece of source that must be found exactly as often as
// expected, in each of the [Releases]. One that is not is an [UnsupportedError],
// after which a run goes on without the overlay. So is a toolchain in the module
// cache, since the go command refuses overlays of what is there.
//
// Left to chance are the order of maps with more than eight keys that are pointers
// or hold some, since they are ordered by address, what sync.Pool gives back, and
// who goes first of two goroutines that no lock keeps apart.
//
// In a binary for the race detector locks are seams as well, but whoever takes
// turns has no data race: for those a run must be free (SIMCITY_EXPLORE=free), in
// which locks are plain.
package overlay
