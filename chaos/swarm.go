package chaos

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// A Swarm plans faults at random: each seed draws a subset of them, their
// parameters, times and lengths. That each run leaves some of the faults out is
// on purpose: it finds more than all of them always (Groce et al. 2012, "Swarm
// testing", ISSTA), because faults hide one another's effects.
type Swarm struct {
	// Faults to draw from. Required.
	Faults []Choice
	// From and To are the window in which faults begin and end, in simulated time
	// since the run began. Defaults: after a tenth of the run, so that the steady
	// state is seen first, and after nine tenths, so that the city recovers.
	From, To time.Duration
	// ForMin and ForMax limit how long a fault lasts. Defaults 1 and 10 minutes.
	ForMin, ForMax time.Duration
	// Most is how many faults strike at most; at least one does. Default 5.
	Most int
	// OneAtATime keeps faults apart by Gap, so that each violation has one
	// suspect. Otherwise they may overlap, but never two of one kind.
	OneAtATime bool
	// Gap is the time to recover between faults with OneAtATime. Default 15
	// minutes: five more than a scenario's RecoveryGrace.
	Gap time.Duration
}

// A Choice is a fault that a [Swarm] may draw.
type Choice struct {
	// Weight is relative to that of the others. 0 counts as 1.
	Weight float64
	// Draw makes the fault, with parameters drawn from the stream. All that one
	// Choice draws are of one kind. Required.
	Draw func(random *rand.Rand) simcity.Fault
}

// Fixed makes a choice of each fault, with its parameters as they are.
func Fixed(faults ...simcity.Fault) []Choice {
	choices := make([]Choice, 0, len(faults))
	for _, fault := range faults {
		choices = append(choices, Choice{Draw: func(*rand.Rand) simcity.Fault { return fault }})
	}
	return choices
}

func (s Swarm) withDefaults(duration time.Duration) Swarm {
	s.From = cmp.Or(s.From, duration/10)
	s.To = cmp.Or(s.To, duration-duration/10)
	s.ForMin = cmp.Or(s.ForMin, time.Minute)
	s.ForMax = cmp.Or(s.ForMax, max(10*time.Minute, s.ForMin))
	s.Most = cmp.Or(s.Most, 5)
	s.Gap = cmp.Or(s.Gap, 15*time.Minute)
	return s
}

// Plan implements [simcity.Schedule]. A window that does not fit into the run is
// a mistake, with which the run is refused.
func (s Swarm) Plan(random *rand.Rand, duration time.Duration) []simcity.Injection {
	s = s.withDefaults(duration)
	room := s.To - s.From
	if s.To > duration || room < s.ForMin {
		return []simcity.Injection{{Fault: simcity.Fault{Err: s.misfit(duration)}}}
	}
	planned := s.drawFaults(random, room)
	if s.OneAtATime {
		return s.apart(random, planned, room)
	}
	return s.overlapping(random, planned, room)
}

func (s Swarm) misfit(duration time.Duration) error {
	return &simcity.FieldError{
		Field: "chaos.Swarm.From to To", Value: s.From.String() + " to " + s.To.String(),
		Allowed: fmt.Sprintf("at least ForMin, %s, within the run of %s", s.ForMin, duration),
		Fix:     "move the window into the run, or lengthen the run",
	}
}

// drawFaults draws the subset, then from it the faults and how long they last.
func (s Swarm) drawFaults(random *rand.Rand, room time.Duration) []simcity.Injection {
	var subset []Choice
	for _, choice := range s.Faults {
		if random.IntN(2) == 0 {
			subset = append(subset, choice)
		}
	}
	if len(subset) == 0 {
		subset = s.Faults
	}
	planned := make([]simcity.Injection, 1+random.IntN(s.Most))
	for i := range planned {
		planned[i] = simcity.Injection{
			Fault: draw(random, subset).Draw(random),
			For:   between(random, s.ForMin, min(s.ForMax, room)),
		}
	}
	return planned
}

// draw returns one of the choices by their weights.
func draw(random *rand.Rand, choices []Choice) Choice {
	sum := 0.0
	for _, c := range choices {
		sum += c.weight()
	}
	x := random.Float64() * sum
	for _, c := range choices {
		if x -= c.weight(); x < 0 {
			return c
		}
	}
	return choices[len(choices)-1] // rounding
}

func (c Choice) weight() float64 { return cmp.Or(c.Weight, 1) }

// apart leaves away what does not fit and spreads the rest: the time that is
// left over is cut at random places, one for each fault.
func (s Swarm) apart(random *rand.Rand, planned []simcity.Injection, room time.Duration) []simcity.Injection {
	needed := -s.Gap
	for i, in := range planned {
		if needed+s.Gap+in.For > room {
			planned = planned[:i]
			break
		}
		needed += s.Gap + in.For
	}
	cuts := make([]time.Duration, len(planned))
	for i := range cuts {
		cuts[i] = between(random, 0, room-needed)
	}
	slices.Sort(cuts)
	at := s.From
	for i := range planned {
		planned[i].At = at + cuts[i]
		at += planned[i].For + s.Gap
	}
	return planned
}

// overlapping places each fault by itself; one that meets its own kind twenty
// times is left away.
func (s Swarm) overlapping(random *rand.Rand, planned []simcity.Injection, room time.Duration) []simcity.Injection {
	placed := planned[:0:0]
	for _, in := range planned {
		for range 20 {
			in.At = s.From + between(random, 0, room-in.For)
			if !slices.ContainsFunc(placed, func(other simcity.Injection) bool { return meets(in, other) }) {
				placed = append(placed, in)
				break
			}
		}
	}
	slices.SortStableFunc(placed, func(a, b simcity.Injection) int { return cmp.Compare(a.At, b.At) })
	return placed
}

func meets(a, b simcity.Injection) bool {
	return a.Fault.Kind == b.Fault.Kind && a.At <= b.At+b.For && b.At <= a.At+a.For
}

// between draws a duration from low to high, in whole milliseconds above low.
func between(random *rand.Rand, low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(random.Int64N(int64(high-low)+1)).Truncate(time.Millisecond)
}

// Kinds implements [simcity.Schedule].
func (s Swarm) Kinds() []string {
	var kinds []string
	for _, choice := range s.Faults {
		if kind := choice.example().Kind; !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// example is one of the faults that the choice draws.
func (c Choice) example() simcity.Fault { return c.Draw(rand.New(rand.NewPCG(1, 1))) }

// Validate reports the first field that cannot work.
func (s Swarm) Validate() error {
	refuse := func(field string, value any, allowed, fix string) error {
		return &simcity.FieldError{Field: "chaos.Swarm." + field, Value: value, Allowed: allowed, Fix: fix}
	}
	switch {
	case len(s.Faults) == 0:
		return refuse("Faults", "empty", "at least one choice", "give chaos.RandomHTTP(), or chaos.Fixed with faults")
	case s.From < 0:
		return refuse("From", s.From, "0 or more", "leave it out for a tenth of the run")
	case s.To < 0 || s.To > 0 && s.To <= s.From:
		return refuse("To", s.To, "more than From, "+s.From.String(), "leave it out for nine tenths of the run")
	case s.ForMin < 0:
		return refuse("ForMin", s.ForMin, "more than 0", "leave it out for a minute")
	case s.ForMax < 0 || s.ForMax > 0 && s.ForMax < cmp.Or(s.ForMin, time.Minute):
		return refuse("ForMax", s.ForMax, "ForMin or more, and that is "+cmp.Or(s.ForMin, time.Minute).String(), "leave it out for 10 minutes")
	case s.To > 0 && s.To-s.From < cmp.Or(s.ForMin, time.Minute):
		return refuse("To", s.To, "From plus ForMin or later", "widen the window, or no fault fits in")
	case s.Most < 0 || s.Most > timesMax:
		return refuse("Most", s.Most, "1 to 10000", "leave it out for 5")
	case s.Gap < 0:
		return refuse("Gap", s.Gap, "more than 0", "leave it out for 15 minutes")
	}
	return s.validateChoices()
}

func (s Swarm) validateChoices() error {
	for i, choice := range s.Faults {
		field := fmt.Sprintf("chaos.Swarm.Faults[%d]", i)
		if choice.Draw == nil {
			return &simcity.FieldError{Field: field + ".Draw", Value: "nil", Allowed: "a function", Fix: "give one that makes a fault, or use chaos.Fixed"}
		}
		if !(choice.Weight >= 0 && choice.Weight <= weightMax) {
			return &simcity.FieldError{Field: field + ".Weight", Value: choice.Weight, Allowed: "0 to 1e+09", Fix: "weights are relative to one another; 0 counts as 1"}
		}
		if err := choice.example().Err; err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
	}
	return nil
}

const weightMax = 1e9
