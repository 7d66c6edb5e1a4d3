package simcity

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bookiji/simcity/internal/conductor"
)

// An Order says how it is decided who goes first among those who are ready.
type Order string

// The orders.
const (
	// Uniform draws each time anew, everybody alike. It is the default.
	Uniform Order = "uniform"
	// Priorities gives each actor a priority that is drawn anew every few stops, so
	// that some run far ahead while others are held back for long. It meets races
	// that need one citizen to stand still at one place while another gets through
	// several (after Burckhardt et al. 2010, "A Randomized Scheduler with
	// Probabilistic Guarantees of Finding Bugs", ASPLOS, who change priorities a
	// bounded number of times).
	Priorities Order = "priorities"
	// Free lets all that are ready go on together. Nothing repeats then, and the
	// digest is off; it is for -race, which sees no race where everybody takes turns.
	Free Order = "free"
)

// Explore says how a run looks for races. The zero value is an ordinary run.
type Explore struct {
	Order Order `json:"order"`
	// Snap makes citizens' sleeps end at multiples of it, in simulated time since
	// the run began, so that they meet more often. Default 0: as they are. It makes
	// pauses longer, by half of it: after one of minutes people act too late for what
	// lapses, and rules about how many get through may break.
	Snap time.Duration `json:"snap,omitempty"`
	// Lag has about every second of these sleeps end so much later: who comes then
	// meets those who came with the others and have waited so long. What the app itself
	// does for an equally long time, such as a payment of 120 ms before a lock, is met
	// by nobody otherwise who does not wait for it. In simulated time, less than Snap.
	// Default 0.
	Lag time.Duration `json:"lag,omitempty"`
	// LagOf learns Lag: 1 takes the first length of time, in whole microseconds, that
	// two operations took, 2 the second, 3 the third; until then nobody lags. Default 0:
	// Lag as it is.
	LagOf int `json:"lagOf,omitempty"`
	// Swarm lets each seed draw Order, Priorities or Uniform, Snap, none or up to a
	// minute, and LagOf: what one of them hides another shows.
	Swarm bool `json:"swarm,omitempty"`
}

// Explore sets how runs look for races; SIMCITY_EXPLORE (uniform, priorities,
// free, or swarm) overrides it.
func (s *Simulation) Explore(e Explore) *Simulation {
	s.explore = e
	return s
}

// exploreModes are the values of SIMCITY_EXPLORE.
var exploreModes = map[string]Explore{
	"uniform": {Order: Uniform}, "priorities": {Order: Priorities}, "free": {Order: Free}, "swarm": {Swarm: true},
}

func parseExplore(value string) (Explore, error) {
	e, ok := exploreModes[value]
	if !ok {
		return e, &FieldError{Field: envExplore, Value: value, Allowed: "uniform, priorities, free, swarm", Fix: "unset it for an ordinary run"}
	}
	return e, nil
}

// drawn is what a swarm draws for a seed; others are as they are.
func (e Explore) drawn(seed uint64) Explore {
	if e.Swarm {
		random := stream(seed, "explore")
		e.Order = []Order{Uniform, Priorities}[random.IntN(2)]
		e.Snap = []time.Duration{0, 0, 10 * time.Second, time.Minute}[random.IntN(4)]
		if e.Lag, e.LagOf = 0, 0; e.Snap > 0 {
			e.LagOf = []int{0, 1, 1, 2}[random.IntN(4)]
		}
		e.Swarm = false
	}
	if e.Order == "" {
		e.Order = Uniform
	}
	return e
}

func (e Explore) validate(clock Clock) error {
	orders := []Order{"", Uniform, Priorities, Free}
	switch {
	case !slices.Contains(orders, e.Order):
		return &FieldError{Field: "Explore.Order", Value: fmt.Sprintf("%q", e.Order), Allowed: "uniform, priorities, free", Fix: "use the named constants"}
	case e.Snap < 0 || e.Snap > 24*time.Hour:
		return &FieldError{Field: "Explore.Snap", Value: e.Snap, Allowed: "0 to 24h", Fix: "a minute makes many meet"}
	case e.Lag < 0 || e.Lag > 0 && e.Lag >= e.Snap:
		return &FieldError{Field: "Explore.Lag", Value: e.Lag, Allowed: "0, or less than Explore.Snap (" + e.Snap.String() + ")", Fix: "give it the time that an answer of the app takes, and Snap a minute"}
	case e.LagOf < 0 || e.LagOf > 3:
		return &FieldError{Field: "Explore.LagOf", Value: e.LagOf, Allowed: "0 to 3", Fix: "1 learns the first length of time that comes twice"}
	case e.LagOf > 0 && (e.Snap == 0 || e.Lag > 0):
		return &FieldError{Field: "Explore.LagOf", Value: e.LagOf, Allowed: "0 without Explore.Snap, and beside Explore.Lag", Fix: "set Snap to a minute, and Lag to nothing"}
	case e.Order == Free && clock.inner.Name() != "virtual":
		return &FieldError{Field: "Explore.Order", Value: e.Order, Allowed: "a Virtual clock", Fix: "under a Paced clock all go on together anyway"}
	}
	return nil
}

// hold is the conductor's schedule.
func (e Explore) hold(seed uint64) func(conductor.Stop) uint64 {
	draws := stream(seed, "schedule").Uint64()
	if e.Order == Priorities {
		return conductor.PriorityHold(draws)
	}
	return conductor.RandomHold(draws)
}

// snapped is when a sleep until due ends.
func (e Explore) snapped(due time.Duration) time.Duration {
	if e.Snap == 0 {
		return due
	}
	return (due + e.Snap - 1) / e.Snap * e.Snap
}

// fields are those that are set, as Go writes them.
func (e Explore) fields() string {
	fields := fmt.Sprintf("Order: %q", e.Order)
	for _, f := range []struct {
		name  string
		value int64
	}{{"Snap", int64(e.Snap)}, {"Lag", int64(e.Lag)}, {"LagOf", int64(e.LagOf)}} {
		if f.value > 0 {
			fields += fmt.Sprintf(", %s: %d", f.name, f.value)
		}
	}
	return fields
}

// String is the setting for which it stands, empty for an ordinary run.
func (e Explore) String() string {
	var parts []string
	if e.Order != "" && e.Order != Uniform {
		parts = append(parts, string(e.Order))
	}
	if e.Snap > 0 {
		parts = append(parts, "snap "+e.Snap.String())
	}
	if e.Lag > 0 {
		parts = append(parts, "lag "+e.Lag.String())
	}
	if e.LagOf > 0 {
		parts = append(parts, fmt.Sprintf("lag of answer %d", e.LagOf))
	}
	return strings.Join(parts, ", ")
}
