package simcity

import (
	"fmt"
	"hash/fnv"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/bookiji/simcity/internal/conductor"
)

// stops names the stops of a run by what they are: who stops, at which seam, and
// which of that actor's stops there it is, as in "bidder/2 lock Book.Bid#3".
// Stops at other seams leave a name alone, and so do the lines at which locks are
// taken.
type stops struct {
	passed map[string]uint64 // by actor and seam
	held   map[string]*heldStop
}

// A heldStop is one that a cut names.
type heldStop struct {
	draw uint64 // stands for it where its hold is drawn
	came atomic.Bool
}

// stops are those of a run of the cut, or nil if nobody needs their names.
func (c *Cut) stops(tracing bool) *stops {
	holds := c != nil && !c.Drawn
	if !holds && !tracing {
		return nil
	}
	s := &stops{passed: make(map[string]uint64)}
	if !holds {
		return s
	}
	s.held = make(map[string]*heldStop, len(c.Held))
	for _, name := range c.Held {
		hash := fnv.New64a()
		_, _ = io.WriteString(hash, name) // never fails
		if c.Draw > 0 {
			_, _ = io.WriteString(hash, " "+utoa(c.Draw))
		}
		s.held[name] = &heldStop{draw: hash.Sum64()}
	}
	return s
}

// name names the stop of an actor that comes.
func (s *stops) name(a actor, place string) string {
	seam := a.ID + " " + seamAt(place)
	s.passed[seam]++
	name := seam + "#" + strconv.FormatUint(s.passed[seam], 10)
	if h := s.held[name]; h != nil {
		h.came.Store(true)
	}
	return name
}

// seamAt leaves the line of a lock out.
func seamAt(place string) string {
	if line := strings.LastIndexByte(place, ':'); atLock(place) && line >= 0 {
		return place[:line]
	}
	return place
}

// namer is what names them, or nil.
func (s *stops) namer() func(actor, string) string {
	if s == nil {
		return nil
	}
	return s.name
}

// hold is the schedule: of a cut drawn for those held back, and for all others
// none.
func (s *stops) hold(drawn func(conductor.Stop) uint64) func(conductor.Stop) uint64 {
	if s == nil || s.held == nil {
		return drawn
	}
	return func(stop conductor.Stop) uint64 {
		if h := s.held[stop.Name]; h != nil {
			return drawn(conductor.Stop{Actor: stop.Actor, Number: h.draw}) + 1
		}
		return 0
	}
}

// notes tell of the stops to be held back that never came. It is no failure: a bug
// may be mended by taking a seam away.
func (s *stops) notes() []Finding {
	if s == nil {
		return nil
	}
	var missing []string
	for name, h := range s.held {
		if !h.came.Load() {
			missing = append(missing, strconv.Quote(name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return []Finding{{
		Kind: FindingCut, Severity: NoteFinding,
		Text: "the cut holds back a stop that was not there, so that a pass proves nothing about what it showed: " + strings.Join(missing, ", ") + "; shrink the failure anew if the bug may still be there",
	}}
}

// stopName is an actor, a seam and a number.
var stopName = regexp.MustCompile(`(?s)^\S+ .+#[1-9][0-9]*$`)

func validateHeld(held []string) error {
	for i, name := range held {
		if !stopName.MatchString(name) {
			return &FieldError{
				Field: fmt.Sprintf("Cut.Held[%d]", i), Value: strconv.Quote(name),
				Allowed: `an actor, a seam and which of the actor's stops there, as in "customer/7 store.insert#2"`,
				Fix:     "paste the whole of what was printed, or shrink the failure again",
			}
		}
	}
	return nil
}
