package simcity

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// A run allocates much and keeps little, so the garbage collector, which starts
// when the heap has doubled, would run hundreds of times a second over the
// stacks of all citizens. Ballast moves the point from which it doubles: a piece
// of memory without pointers that nobody touches, so that it takes address space
// and no pages. More of it makes short runs slower again, because what the heap
// grows to between two collections the system has to hand out first. It is taken by
// the first run of a process and kept, since giving it back would mean to clear it
// for the next one.
var ballast []byte

const (
	ballastSize = 16 << 20
	// Under a memory limit (GOMEMLIMIT) below this, ballast would do harm.
	ballastNeeds = 256 << 20
)

var takeBallast = sync.OnceFunc(func() {
	if debug.SetMemoryLimit(-1) >= ballastNeeds {
		ballast = make([]byte, ballastSize)
		runtime.KeepAlive(&ballast)
	}
})
