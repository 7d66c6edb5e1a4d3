package invariants

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Limits of what the rule about vendors remembers.
const (
	requestLimit = 100_000
	earlyKept    = 10 * time.Minute // an answer that became known before its request
)

// SLA is how soon vendors must answer.
type SLA struct {
	// Within is the time for an answer, in simulated hours in which vendors are
	// open. Default 2 h.
	Within time.Duration
	// Share of requests that must be answered in time. Default 0.9.
	Share float64
}

// VendorSLA is "vendor_sla_response": at least Share of the requests (Asked) are
// Answered, by ID, within Within. Only hours in which vendors are open count,
// by the policies in force when the request was made, from the end of the asking
// operation to the end of the answering one; an answer at exactly Within is in
// time. A request given back (Released with its ID) while its time still runs
// does not count, nor does one whose time still runs at the end; one given back
// later has waited too long and counts as missed. AtEnd, critical, needs 20
// requests.
func VendorSLA(sla SLA) simcity.Invariant {
	if sla.Within == 0 {
		sla.Within = 2 * time.Hour
	}
	if sla.Share == 0 {
		sla.Share = 0.9
	}
	return simcity.Invariant{
		Name: "vendor_sla_response",
		Doc:  fmt.Sprintf("vendors answer %s of requests within %v of open time", percent(sla.Share), sla.Within),
		When: simcity.AtEnd,
		Begin: func(w *simcity.World) simcity.Check {
			i := &inbox{world: w, within: sla.Within, due: make(map[string]time.Duration), early: make(map[string]time.Duration)}
			return simcity.Check{Operation: i.operation, Tick: i.tick, Anytime: true, Judge: func() simcity.Judgement {
				i.expire() // after a tick there is nothing to expire
				all := i.met + i.missed
				rate := share(i.met, all)
				return steady(simcity.Judgement{
					Got: percent(rate), Want: "at least " + percent(sla.Share), Value: rate, Bound: sla.Share,
					Samples: all, Needs: 20,
				}, rate < sla.Share, fmt.Sprintf("%d of %d answered within %v of open time", i.met, all, sla.Within))
			}}
		},
	}
}

// An inbox is the requests that wait for an answer.
type inbox struct {
	world       *simcity.World
	within      time.Duration
	due         map[string]time.Duration // by request: when its time is over
	early       map[string]time.Duration // answered before the asking operation ended
	met, missed int64
	latest      time.Duration
}

func (i *inbox) operation(op *simcity.Operation) *simcity.Breach {
	i.latest = op.End
	if op.Outcome == simcity.Failed {
		return nil
	}
	for n := range op.Facts {
		f := &op.Facts[n]
		switch f.Kind {
		case simcity.Asked:
			i.asked(f.ID, op)
		case simcity.Answered:
			i.answered(f.ID, op.End)
		case simcity.Released:
			if due, ok := i.due[f.ID]; ok {
				if op.End > due {
					i.missed++
				}
				delete(i.due, f.ID)
			}
		}
	}
	return nil
}

func (i *inbox) asked(id string, op *simcity.Operation) {
	if at, ok := i.early[id]; ok && at >= op.Start {
		delete(i.early, id)
		i.met++
		return
	}
	if _, again := i.due[id]; again || len(i.due) >= requestLimit {
		return
	}
	start := startOf(i.world)
	i.due[id] = addOpen(start.Add(op.End), i.within, openHoursIn(i.world)).Sub(start)
}

func (i *inbox) answered(id string, at time.Duration) {
	due, ok := i.due[id]
	switch {
	case !ok:
		if len(i.early) < requestLimit {
			i.early[id] = at
		}
		return
	case at <= due:
		i.met++
	default:
		i.missed++
	}
	delete(i.due, id)
}

func (i *inbox) tick(s *simcity.Snapshot) *simcity.Breach {
	i.latest = max(i.latest, s.At)
	i.expire()
	for id, at := range i.early {
		if at < s.At-earlyKept {
			delete(i.early, id)
		}
	}
	return nil
}

// expire counts the requests whose time is over.
func (i *inbox) expire() {
	for id, due := range i.due {
		if i.latest > due {
			i.missed++
			delete(i.due, id)
		}
	}
}
