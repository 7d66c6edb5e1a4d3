package simcity

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bookiji/simcity/internal/locks"
)

// A Cut is the part of a run that is lived when a failure is repeated: who is
// there, which faults strike, who is held back where, and until when. Everybody
// who is there lives as in the whole run, since each citizen draws from a stream
// of its own. Shrinking makes one; [Reproduce] lives it.
type Cut struct {
	// Scenario and Seed of the whole run.
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed,string"`
	// Until is where it ends, in simulated time.
	Until time.Duration `json:"until"`
	// Citizens are those who live, such as "customer/7".
	Citizens []string `json:"citizens"`
	// Faults are those of the schedule that strike, such as "fault/1".
	Faults []string `json:"faults,omitempty"`
	// Held are the stops at which somebody is held back, one until nobody else is ready
	// and each of several for a time of its own:
	// "customer/7 store.insert#3" is the third time that customer/7 comes to the seam
	// store.insert. A lock is called by the function that takes it, "lock Store.Book",
	// a request by method and path; seams elsewhere do not count, but another lock in
	// the same function does. All others go first come, first served. A note tells of
	// stops that never come: a pass proves nothing then.
	Held []string `json:"held,omitempty"`
	// Draw is which of many draws says how long each of those in Held is held back.
	Draw uint64 `json:"draw,omitempty"`
	// Explore is how the whole run looked for races.
	Explore Explore `json:"explore"`
	// Locks says that the failure needs locks of the host that are seams: then it is
	// lived only where they are again, in a binary compiled with the overlay.
	Locks bool `json:"locks,omitempty"`
	// Rule is the invariant that it breaks, empty if it fails by a finding: a run of the
	// cut that does not check the rule is no pass.
	Rule string `json:"rule,omitempty"`
	// Sub is the name of the subtest that runs the simulation, if one does.
	Sub string `json:"sub,omitempty"`
	// Drawn leaves the schedule to the seed, as in the whole run; Held says nothing
	// then. It is another schedule once the host passes other seams: a pass of such a
	// cut means that the failure is mended only where nothing else was changed.
	Drawn bool `json:"drawn,omitempty"`

	fresh *fresh // another schedule from some moment on
}

// freshness is that schedule, or nil.
func (c *Cut) freshness() *fresh {
	if c == nil {
		return nil
	}
	return c.fresh
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

// reproduced is a cut that a test is to live.
type reproduced struct {
	cut  Cut
	used bool
}

// cuts are what tests reproduce, by the name of the test.
var cuts struct {
	sync.Mutex
	of map[string]*reproduced
}

// Reproduce makes the simulation of the cut's scenario, when test t runs it next,
// live that part of it and nothing else. A run that was shrunk prints the test
// that calls it: it fails as the whole run does, and passes when the bug is mended.
//
// Where the cut needs locks that are seams and there are none, the test is skipped, or
// fails under SIMCITY_OVERLAY=1.
// A cut that no simulation of the test lives, that names citizens or faults who never
// come, or in which its rule is not checked, fails the test: it would prove nothing.
func Reproduce(t testing.TB, cut Cut) {
	t.Helper()
	if err := cut.validate(); err != nil {
		t.Fatal(err)
	}
	settings, err := environment()
	if err != nil { // such as one that demands the overlay
		t.Fatal(err)
	}
	if cut.Locks && (!locks.Active() || settings.overlaid.off) {
		t.Skipf("simcity: this failure needs locks that are seams, so that nothing can be reproduced here: run go test with %s", overlayWords)
	}
	name := t.Name()
	if cut.Sub != "" {
		name += "/" + cut.Sub
	}
	cuts.Lock()
	defer cuts.Unlock()
	if cuts.of == nil {
		cuts.of = make(map[string]*reproduced)
	}
	if cuts.of[name] != nil {
		t.Fatalf("simcity: %s reproduces one cut already: give each a test of its own", name)
	}
	cuts.of[name] = &reproduced{cut: cut}
	t.Cleanup(func() {
		cuts.Lock()
		defer cuts.Unlock()
		if !cuts.of[name].used {
			t.Errorf("simcity: nothing was reproduced: test %s ran no simulation of scenario %q", name, cut.Scenario)
		}
		delete(cuts.of, name)
	})
}

func (c *Cut) validate() error {
	switch {
	case c.Scenario == "":
		return &FieldError{Field: "Cut.Scenario", Value: `""`, Allowed: "the name of the scenario", Fix: "paste the whole of what was printed"}
	case c.Until <= 0:
		return &FieldError{Field: "Cut.Until", Value: c.Until, Allowed: "more than 0", Fix: "paste the whole of what was printed"}
	case len(c.Citizens) == 0:
		return &FieldError{Field: "Cut.Citizens", Value: "empty", Allowed: "at least one", Fix: "paste the whole of what was printed"}
	case c.Draw > 0 && len(c.Held) == 0:
		return &FieldError{Field: "Cut.Draw", Value: c.Draw, Allowed: "0 where Held is empty", Fix: "paste the whole of what was printed"}
	}
	return validateHeld(c.Held)
}

// cutOf is what a test reproduces of a scenario, or nil.
func cutOf(test, scenario string) *Cut {
	cuts.Lock()
	defer cuts.Unlock()
	r := cuts.of[test]
	if r == nil || r.cut.Scenario != scenario {
		return nil
	}
	r.used = true
	cut := r.cut
	return &cut
}

// doubt names those of the cut who never came.
func (c *Cut) doubt(came map[string]bool, faults int) string {
	var missing []string
	for _, id := range c.Citizens {
		if !came[id] {
			missing = append(missing, id)
		}
	}
	for _, id := range c.Faults {
		if n, err := strconv.Atoi(strings.TrimPrefix(id, "fault/")); err != nil || n < 1 || n > faults {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return ""
	}
	return "the cut names what is not in this run: " + strings.Join(missing, ", ") + "; if scenario, agents or faults have changed since, shrink the failure again"
}
