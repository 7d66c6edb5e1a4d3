package invariants

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// slack is how long after a claim's end its host may still take the place for
// taken: caches and sweepers of lapsed holds need a moment.
const slack = 2 * time.Minute

// Limits of what is remembered about refusals.
const (
	refusalLimit   = 4096
	blindNameLimit = 256
)

// NoRefusalsWhileFree is "no_refusals_while_free": nobody is refused a place as
// taken that, by history, was free. A refusal is accepted if any claim may have
// held an overlapping interval at any time from two minutes before the refused
// operation's start to its end. May have: claims count from the start of the
// operation that made them to the end of the one that gave them back, whenever
// those became known, and operations that failed count as if they had taken
// effect for good. So a refusal is decided when all operations that began before
// its end are known, and not at all where the end of the run cut one of them
// short. For a group, fewer claims than its Capacity must be left to call the
// refusal wrong.
//
// An operation that failed and has no fact that says what it would have claimed,
// of a name that claimed things elsewhere in the run, may have taken anything.
// From then on nothing is judged, and the samples stop. So an agent adds the
// Held, Confirmed, Moved or Released fact to an operation that failed.
//
// The rule knows of the citizens' claims only: a host whose calendar holds
// other bookings or breaks must not offer them to citizens. Refusals of
// intervals that are over are not judged. Always, critical, needs 100 attempts:
// new claims and judged refusals.
func NoRefusalsWhileFree() simcity.Invariant {
	return simcity.Invariant{
		Name: "no_refusals_while_free",
		Doc:  "nobody is refused a place that, by history, was free",
		When: simcity.Always,
		Begin: func(w *simcity.World) simcity.Check {
			r := &refusals{ledger: newLenientLedger(w), claiming: make(map[string]bool), blind: make(map[string]time.Duration)}
			return simcity.Check{Operation: r.operation, Tick: r.tick, Judge: r.judge}
		},
	}
}

// A refusal waits to be decided.
type refusal struct {
	resource   string
	begin, end time.Time
	capacity   int
	from, to   time.Duration // of the operation
	operation  int64
	citizen    string
}

type refusals struct {
	ledger   *ledger
	docket   docket
	pending  []refusal
	claiming map[string]bool          // names of operations that claim things
	blind    map[string]time.Duration // names of those that failed without a fact: the first's start
	tooBlind bool                     // there were too many names
	samples  int64
	latest   time.Duration
}

func (r *refusals) operation(op *simcity.Operation) *simcity.Breach {
	r.latest = op.End
	if len(op.Facts) == 0 && op.Outcome != simcity.Failed {
		return nil
	}
	speaks := false
	for i := range op.Facts {
		f := &op.Facts[i]
		if !speaksOfClaims(f.Kind) {
			continue
		}
		speaks = true
		if f.Kind != simcity.Released && len(r.claiming) < blindNameLimit {
			r.claiming[op.Name] = true
		}
		if f.Kind == simcity.Refused && op.Outcome != simcity.Failed {
			r.refused(op, f)
			continue
		}
		if opened := r.ledger.learn(op, f); opened != nil && f.Kind != simcity.Moved && !r.blindAt(op.End) {
			r.samples++
		}
	}
	if !speaks && op.Outcome == simcity.Failed {
		r.failedBlindly(op)
	}
	return nil
}

// failedBlindly notes an operation that failed without saying what it was about.
func (r *refusals) failedBlindly(op *simcity.Operation) {
	if _, ok := r.blind[op.Name]; ok {
		return
	}
	if len(r.blind) < blindNameLimit {
		r.blind[op.Name] = op.Start
	} else {
		r.tooBlind = true
	}
}

// blindAt reports whether something unknown may have been claimed by then.
func (r *refusals) blindAt(at time.Duration) bool {
	if r.tooBlind {
		return true
	}
	for name, since := range r.blind {
		if since <= at && r.claiming[name] {
			return true
		}
	}
	return false
}

func (r *refusals) refused(op *simcity.Operation, f *simcity.Fact) {
	if f.Resource == "" || len(r.pending) >= refusalLimit || op.End-op.Start+slack > endedKept {
		return
	}
	begin, end := interval(f.Start, f.End)
	r.pending = append(r.pending, refusal{
		resource: f.Resource, begin: begin, end: end, capacity: f.Capacity,
		from: op.Start, to: op.End, operation: op.Number, citizen: op.Citizen,
	})
}

// decide judges the refusals that are ripe.
func (r *refusals) decide() {
	ripe := r.docket.ripe()
	done := 0
	for done < len(r.pending) && r.pending[done].to < ripe { // sorted: operations come by their ends
		r.judgeOne(&r.pending[done])
		done++
	}
	if done > 0 {
		rest := copy(r.pending, r.pending[done:])
		clear(r.pending[rest:])
		r.pending = r.pending[:rest]
	}
}

func (r *refusals) judgeOne(one *refusal) {
	over := one.end.Sub(r.origin())
	if over <= one.to || r.blindAt(one.to) || r.ledger.missed > 0 {
		return
	}
	r.samples++
	allowed := max(one.capacity, 1)
	taken := 0
	r.ledger.shelves[one.resource].overlapping(one.begin, one.end, func(s *stay) bool {
		if s.mayHold(one.from, one.to, slack) {
			taken++
			if one.capacity == 0 {
				taken = allowed
			}
		}
		return taken < allowed
	})
	if taken >= allowed {
		return
	}
	r.docket.breach(simcity.Breach{
		Got:    fmt.Sprintf("%s refused as taken with %d claims on it", place(one.resource, one.begin, one.end), taken),
		Want:   fmt.Sprintf("refused only with at least %d", allowed),
		Detail: fmt.Sprintf("operation %d of %s at %v", one.operation, one.citizen, one.to),
	})
}

func (r *refusals) origin() time.Time {
	if r.ledger.begun {
		return r.ledger.start
	}
	return startOf(r.ledger.world)
}

func (r *refusals) tick(s *simcity.Snapshot) *simcity.Breach {
	r.latest = max(r.latest, s.At)
	r.docket.settle(s)
	r.decide()
	r.ledger.sweep(min(s.At, s.Settled))
	return r.docket.next()
}

func (r *refusals) judge() simcity.Judgement {
	r.decide()
	j := r.docket.sum("refusals of free places", r.samples, 100)
	if r.blindAt(r.latest) {
		j.Got += " (judged only until an operation failed without a fact of what it would have claimed)"
	}
	return r.ledger.note(j)
}
