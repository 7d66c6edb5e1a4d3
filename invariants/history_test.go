package invariants_test

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

// dawn is the date at which a history without a World begins.
var dawn = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

func at(elapsed time.Duration) time.Time { return dawn.Add(elapsed) }

// history is what a run shows to an invariant: operations and snapshots.
type history []any

// verdict is what an invariant said about a history.
type verdict struct {
	breaches  []*simcity.Breach
	judgement simcity.Judgement
}

func (v verdict) broken() bool { return len(v.breaches) > 0 }

// review shows a history to an invariant as the run does.
func review(inv simcity.Invariant, h history) verdict {
	check := inv.Begin(nil)
	var v verdict
	note := func(b *simcity.Breach) {
		if b != nil {
			v.breaches = append(v.breaches, b)
		}
	}
	var number int64
	for _, one := range h {
		switch one := one.(type) {
		case simcity.Operation:
			number++
			one.Number = number
			if check.Operation != nil {
				note(check.Operation(&one))
			}
		case simcity.Snapshot:
			if check.Tick != nil {
				note(check.Tick(&one))
			}
		default:
			panic(fmt.Sprintf("a %T in a history", one))
		}
	}
	v.judgement = check.Judge()
	if v.judgement.Samples >= v.judgement.Needs {
		note(v.judgement.Breach)
	}
	return v
}

// did is an operation from one simulated time to another.
func did(citizen, name string, from, to time.Duration, facts ...simcity.Fact) simcity.Operation {
	return simcity.Operation{
		Citizen: citizen, Name: name, Start: from, End: to, Latency: to - from, Status: 200, Steady: true, Facts: facts,
	}
}

func failed(op simcity.Operation) simcity.Operation {
	op.Outcome, op.Status, op.Err = simcity.Failed, 0, "no answer"
	return op
}

func tick(when time.Duration) simcity.Snapshot {
	return simcity.Snapshot{At: when, Settled: when, Steady: true}
}

// settled is a tick at which the operations are known that began before a time.
func settled(when, known time.Duration) simcity.Snapshot {
	s := tick(when)
	s.Settled = known
	return s
}

func gauges(when time.Duration, values map[string]float64) simcity.Snapshot {
	s := tick(when)
	s.Gauges = values
	return s
}

// held is a claim on an hour of a resource, from a time since dawn.
func held(id, resource string, from time.Duration) simcity.Fact {
	return simcity.Fact{
		Kind: simcity.Held, ID: id, Resource: resource, Holder: "holder of " + id,
		Start: at(from), End: at(from + time.Hour),
	}
}

func of(kind simcity.FactKind, f simcity.Fact) simcity.Fact {
	f.Kind = kind
	return f
}

func until(f simcity.Fact, lapse time.Duration) simcity.Fact {
	f.Until = at(lapse)
	return f
}

func by(f simcity.Fact, holder string) simcity.Fact {
	f.Holder = holder
	return f
}

func spelled(f simcity.Fact, spelling string) simcity.Fact {
	f.Spelling = spelling
	return f
}

func seats(f simcity.Fact, capacity int) simcity.Fact {
	f.Capacity = capacity
	return f
}

func confirmed(id string) simcity.Fact { return simcity.Fact{Kind: simcity.Confirmed, ID: id} }
func released(id string) simcity.Fact  { return simcity.Fact{Kind: simcity.Released, ID: id} }

const (
	second = time.Second
	minute = time.Minute
	hour   = time.Hour
	noon   = 36 * hour // of the second day
)

// many repeats an operation so that a rule has its samples.
func many(n int, one func(i int) any) history {
	h := make(history, n)
	for i := range h {
		h[i] = one(i)
	}
	return h
}

// attempts are bookings of places that nobody else wants.
func attempts(n int) history {
	return many(n, func(i int) any {
		id := fmt.Sprintf("quiet-%d", i)
		return did(id, "book", 0, 0, held(id, "quiet room", noon+time.Duration(i)*hour))
	})
}

func join(parts ...history) (all history) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func named(name string) simcity.Invariant {
	for _, inv := range invariants.Catalogue() {
		if inv.Name == name {
			return inv
		}
	}
	panic("no invariant " + name)
}
