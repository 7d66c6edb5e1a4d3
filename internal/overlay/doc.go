// Package overlay makes an overlay for go build: standard-library files of the
// user's own toolchain, patched on the spot, in which the locks that host code
// takes are seams. Nothing of Go's source is kept here: only where it is cut
// and what is added.
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
// The two sides share no import and no linkname: the patch adds a method to the
// unexported type that [sync.RWMutex.RLocker] returns, and package locks asserts
// it.
//
// # Limits
//
// Each cut is an exact piece of source that must be found exactly as often as
// expected. One that is not is an [UnsupportedError], after which a run goes on
// without the overlay.
//
// A select with several ready cases, the order of maps and the global functions of
// math/rand stay as random as ever: two runs of a seed in which the host depends
// on them differ, and SIMCITY_VERIFY names the first event that does. Seeding them in
// a bubble by a patched runtime/rand.go was tried in a prototype. It compiles, and
// works in part: one stream for all is disturbed by the scheduler, which draws
// from it at moments of its own, so that it needs one for each use and each
// goroutine. That was not proven to give equal digests, and is left out.
//
// In a binary for the race detector locks are seams as well, but whoever takes
// turns has no data race: for those a run must be free (SIMCITY_EXPLORE=free), in
// which locks are plain.
package overlay
