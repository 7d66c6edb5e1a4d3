package simcity

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// faults are those that are planned for a run, and those that struck.
type faults struct {
	grace   time.Duration // that the city has to recover
	planned []Injection   // of the scenario and its schedules

	mu     sync.Mutex
	struck []*struck
	active []string
	ended  time.Duration // of the last fault; meaningful once one struck
	called int           // by command
}

// struck is a fault that was injected; it is undone exactly once.
type struck struct {
	FaultWindow
	touched *Touched
	undo    func(context.Context) error
	undone  bool
}

// begin notes that a fault struck.
func (f *faults) begin(s *struck) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.struck = append(f.struck, s)
	f.active = append(f.active, s.Kind)
}

// claim tells whether a fault is still to be undone, by the caller then.
func (f *faults) claim(s *struck) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	claimed := !s.undone
	s.undone = true
	return claimed
}

// release gives up a claim.
func (f *faults) release(s *struck) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.undone = false
}

// end notes that a fault is over.
func (f *faults) end(s *struck, at time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(f.active, s.Kind); i >= 0 {
		f.active = slices.Delete(slices.Clone(f.active), i, i+1)
	}
	f.ended = at
	s.Active, s.Ended = false, at
}

// call counts a fault that a command calls for.
func (f *faults) call() (number int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.called++
	return f.called
}

func (f *faults) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.called
}

// steadyAt reports whether no fault is active and the city has had the grace
// to recover.
func (f *faults) steadyAt(at time.Duration) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.active) == 0 && (len(f.struck) == 0 || at >= f.ended+f.grace)
}

// awaited reports whether there will be faults and none has struck yet.
func (f *faults) awaited() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.planned) > 0 && len(f.struck) == 0
}

// activeNow names the faults that are active.
func (f *faults) activeNow() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.active...)
}

// all are those that struck so far, in order.
func (f *faults) all() []*struck {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.struck)
}

// windows copies what struck so far, in order.
func (f *faults) windows() []FaultWindow {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []FaultWindow
	for _, s := range f.struck {
		w := s.FaultWindow
		w.Touched, w.LetPass = s.touched.Count(), s.touched.letPass()
		all = append(all, w)
	}
	return all
}

// doubts tells of faults that never struck or reached nothing. Of those that a
// schedule has planned, one that did is enough: where and when they strike is
// drawn.
func (f *faults) doubts(s *Scenario) (doubts []string) {
	windows := f.windows()
	if all := len(f.planned) + f.calls(); all > len(windows) {
		doubts = append(doubts, fmt.Sprintf("%d of %d faults never struck: nothing is proven about them", all-len(windows), all))
	}
	reached, planned := false, 0
	for _, w := range windows {
		n, _ := strconv.Atoi(strings.TrimPrefix(w.Actor, "fault/"))
		switch drawn := n > len(s.Injections); {
		case drawn:
			planned++
			reached = reached || w.Touched > 0 || s.mayBeEmpty(w.Kind)
		case w.Touched == 0 && !s.mayBeEmpty(w.Kind):
			doubts = append(doubts, fmt.Sprintf("fault %s touched nothing: nothing is proven about it; have it strike while citizens ask for what it hits, or list it in AllowEmpty%s%s%s)",
				w.Kind, itBegan, w.Begun.Round(time.Second), w.letPass()))
		}
	}
	if planned > 0 && !reached {
		doubts = append(doubts, fmt.Sprintf("the faults that schedules have planned, %d in this run, touched nothing: nothing is proven about them; have them last longer, or list their kinds in AllowEmpty", planned))
	}
	return doubts
}
