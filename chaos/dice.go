package chaos

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/bookiji/simcity/simcity"
)

// dice are the stream that a fault draws from while it is active. Citizens of a
// paced run overlap, so it has a lock.
type dice struct {
	mu     sync.Mutex
	random *rand.Rand
}

// newDice are the fault's own: named by its kind and by how many faults struck
// before, so that the third storm draws otherwise than the first.
func newDice(w *simcity.World, kind string) *dice {
	return &dice{random: w.Rand(fmt.Sprintf("chaos/%s/%d", kind, len(w.Faults())+1))}
}

// hits reports whether this one belongs to the share.
func (d *dice) hits(share float64) bool {
	if share >= 1 {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.Float64() < share
}
