package invariants

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// RecoveryTime is "recovery_time": after each fault the city is healthy again
// within limit of simulated time; zero means 15 minutes. The time runs from the
// end of the fault, or from its beginning if the host must heal it by itself:
// kinds in heals, by default RLS_MISCONFIG.
//
// Health is judged by what clients saw, minute by minute of simulated time. A
// minute is bad if in it
//
//   - more than 5 % of the operations failed, 3 at least,
//   - more than 5 % were answered with status 429, 3 at least,
//   - anybody was shown what belongs to somebody else (Saw),
//   - search did not find what had been there for more than 10 minutes (Sought),
//
// or if less than a quarter of the cache lookups were hits, as far as there are
// 20 lookups within 10 minutes or between two ticks while the same faults are
// active. A fault's recovery time is from its end to the last bad moment before
// the next fault begins. If an earlier fault ends later, the time runs from
// there: faults that overlap are recovered from together.
//
// The judgement tells the recovery time by kind, of several faults the worst;
// Value is the worst of all in minutes. A breach names the fault and the sign.
// At end, critical; needs operations after the deadline of each fault that
// struck, otherwise its recovery was not checked. A run in which no fault struck
// is exempt, and its judgement says so. It remembers one sign per fault.
func RecoveryTime(limit time.Duration, heals ...string) simcity.Invariant {
	return recoveryTime(faultsIn, limit, heals)
}

func recoveryTime(faults struckBy, limit time.Duration, heals []string) simcity.Invariant {
	if limit == 0 {
		limit = 15 * time.Minute
	}
	heals = orRLS(heals)
	return simcity.Invariant{
		Name: "recovery_time", When: simcity.AtEnd,
		Doc: "the city is healthy again within " + brief(limit) + " of each fault",
		Begin: func(w *simcity.World) simcity.Check {
			r := &recovery{faults: faults, world: w, limit: limit, heals: heals, last: make(map[int]sign)}
			r.health = newHealth(startOf(w), r.note)
			return simcity.Check{Operation: r.operation, Tick: r.health.tick, Judge: r.judge}
		},
	}
}

type recovery struct {
	faults struckBy
	world  *simcity.World
	limit  time.Duration
	heals  []string
	health *health
	last   map[int]sign // by fault: the last one before the next fault
	latest time.Duration
}

func (r *recovery) operation(op *simcity.Operation) *simcity.Breach {
	r.latest = max(r.latest, op.Start)
	r.health.operation(op)
	return nil
}

// note takes a sign down under the fault that began last before it.
func (r *recovery) note(s sign) {
	faults := r.faults(r.world)
	for i, w := range slices.Backward(faults) {
		if w.Begun > s.at {
			continue
		}
		if s.at >= r.last[i].at {
			r.last[i] = s
		}
		return
	}
}

// over is when a fault's time to recover begins.
func (r *recovery) over(w simcity.FaultWindow) time.Duration {
	switch {
	case slices.Contains(r.heals, w.Kind):
		return w.Begun
	case w.Active:
		return forever
	}
	return w.Ended
}

// A recoveryOf is how faults of one kind were recovered from.
type recoveryOf struct {
	kind      string
	faults    int
	unchecked int
	worst     time.Duration
}

func (r *recovery) judge() simcity.Judgement {
	r.health.close()
	faults := r.faults(r.world)
	want := "healthy within " + brief(r.limit)
	if len(faults) == 0 {
		return simcity.Judgement{Got: "no fault struck", Exempt: "no fault struck: there is nothing to recover from", Want: want}
	}
	j := simcity.Judgement{Want: want, Bound: r.limit.Minutes(), Needs: int64(len(faults))}
	var kinds []*recoveryOf
	var from, worst time.Duration
	for i, w := range faults {
		from = max(from, r.over(w))
		kind := kindOf(&kinds, w.Kind)
		kind.faults++
		if from >= forever-r.limit || r.latest < from+r.limit {
			kind.unchecked++
			continue
		}
		j.Samples++
		took := max(0, r.last[i].at-from)
		kind.worst = max(kind.worst, took)
		if took > max(r.limit, worst) {
			j.Breach = r.breach(w, r.last[i], took)
		}
		worst = max(worst, took)
	}
	if j.Breach != nil {
		j.Needs = j.Samples // what is certain is told, whatever was not checked
	}
	j.Got, j.Value = told(kinds), worst.Minutes()
	return j
}

func (r *recovery) breach(w simcity.FaultWindow, s sign, took time.Duration) *simcity.Breach {
	return &simcity.Breach{
		Got:    fmt.Sprintf("%s: %s, %s into recovery", w.Kind, s.got, brief(took)),
		Want:   fmt.Sprintf("healthy within %s", brief(r.limit)),
		Detail: fmt.Sprintf("%s began at %s, the last bad moment was at %s", w.Actor, brief(w.Begun), brief(s.at)),
	}
}

func kindOf(kinds *[]*recoveryOf, name string) *recoveryOf {
	for _, kind := range *kinds {
		if kind.kind == name {
			return kind
		}
	}
	kind := &recoveryOf{kind: name}
	*kinds = append(*kinds, kind)
	return kind
}

// told is the recovery times by kind, in the order in which the kinds struck.
func told(kinds []*recoveryOf) string {
	var texts []string
	for _, kind := range kinds {
		text := kind.kind + " " + brief(kind.worst)
		switch {
		case kind.unchecked == kind.faults:
			text = kind.kind + " not checked"
		case kind.unchecked > 0:
			text += fmt.Sprintf(" (%d of %d not checked)", kind.unchecked, kind.faults)
		case kind.faults > 1:
			text += fmt.Sprintf(" (the worst of %d)", kind.faults)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}
