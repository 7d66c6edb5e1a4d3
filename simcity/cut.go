package simcity

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bookiji/simcity/internal/conductor"
)

// A Cut is the part of a run that is lived when a failure is repeated: who is
// there, which faults strike, who is held back where, and until when. Everybody
// who is there lives as in the whole run, since each citizen draws from a stream
// of its own. Shrinking makes one; [Reproduce] lives it.
type Cut struct {
	// Scenario and Seed of the whole run.
	Scenario string
	Seed     uint64
	// Until is where it ends, in simulated time.
	Until time.Duration
	// Citizens are those who live, such as "customer/7".
	Citizens []string
	// Faults are those of the schedule that strike, such as "fault/1".
	Faults []string
	// Held are the stops at which somebody is held back until nobody else is ready:
	// "customer/7@3" is the third stop of customer/7. All others go first come,
	// first served.
	Held []string
	// Explore is how the whole run looked for races.
	Explore Explore
	// Drawn leaves the schedule to the seed, as in the whole run; Held says nothing
	// then.
	Drawn bool
}

// shorten ends the scenario where the cut does, and leaves unchecked what a part
// of a run cannot check.
func (c *Cut) shorten(s *Scenario) {
	if c == nil {
		return
	}
	s.Duration = min(s.Duration, c.Until)
	s.AllowEmpty = []string{"*"}
	s.Commands = slices.DeleteFunc(slices.Clone(s.Commands), func(command Command) bool { return command.At > s.Duration })
}

func (c *Cut) hasCitizen(population string, number int) bool {
	return c == nil || slices.Contains(c.Citizens, population+"/"+strconv.Itoa(number))
}

func (c *Cut) hasFault(id string) bool { return c == nil || slices.Contains(c.Faults, id) }

// stopOf names a stop of an actor.
func stopOf(id string, stop uint64) string { return id + "@" + strconv.FormatUint(stop, 10) }

// hold is the schedule of the cut: drawn for those held back, and for all others
// none.
func (c *Cut) hold(drawn func(*conductor.Actor, uint64) uint64) func(*conductor.Actor, uint64) uint64 {
	if c == nil || c.Drawn {
		return drawn
	}
	held := make(map[string]bool, len(c.Held))
	actors := make(map[string]bool)
	for _, stop := range c.Held {
		held[stop] = true
		id, _, _ := strings.Cut(stop, "@")
		actors[id] = true
	}
	return func(a *conductor.Actor, stop uint64) uint64 {
		if actors[a.ID] && held[stopOf(a.ID, stop)] {
			return drawn(a, stop) + 1
		}
		return 0
	}
}

// cuts are what tests reproduce.
var cuts struct {
	sync.Mutex
	of map[testing.TB]Cut
}

// Reproduce makes the simulation of the cut's scenario, when test t runs it next,
// live that part of it and nothing else. A run that was shrunk prints the test
// that calls it: it fails as the whole run does, and passes when the bug is mended.
func Reproduce(t testing.TB, cut Cut) {
	t.Helper()
	cuts.Lock()
	defer cuts.Unlock()
	if cuts.of == nil {
		cuts.of = make(map[testing.TB]Cut)
	}
	cuts.of[t] = cut
	t.Cleanup(func() {
		cuts.Lock()
		defer cuts.Unlock()
		delete(cuts.of, t)
	})
}

// cutOf is what test t reproduces of a scenario, or nil.
func cutOf(t testing.TB, scenario string) *Cut {
	cuts.Lock()
	defer cuts.Unlock()
	cut, ok := cuts.of[t]
	if !ok || cut.Scenario != scenario {
		return nil
	}
	return &cut
}
