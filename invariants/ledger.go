package invariants

import (
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Limits of what a ledger remembers, in simulated time and in numbers.
const (
	pastKept   = time.Hour        // a stay whose interval is over, and a lapsed hold
	endedKept  = 10 * time.Minute // a stay that was given back or moved away
	claimLimit = 1_000_000        // stays at once; those beyond are not watched
)

// A ledger is who claims what, by the facts that clients learned. Facts arrive
// in the order in which operations ended.
type ledger struct {
	world   *simcity.World
	start   time.Time
	begun   bool
	lenient bool // holds under a real clock never lapse, see [newLenientLedger]

	claims  map[string]*stay // the present stay of each claim, by id
	shelves map[string]*shelf
	size    int
	limit   int
	missed  int64 // stays beyond the limit
	swept   time.Duration
}

func newLedger(w *simcity.World) *ledger {
	return &ledger{world: w, claims: make(map[string]*stay), shelves: make(map[string]*shelf), limit: claimLimit}
}

// newLenientLedger is for rules about refusals: under a real clock the target's
// holds lapse by another clock than the simulated one, so no hold is ever taken
// for lapsed.
func newLenientLedger(w *simcity.World) *ledger {
	l := newLedger(w)
	l.lenient = true
	return l
}

// elapsed is a date as simulated time since the run began.
func (l *ledger) elapsed(t time.Time) time.Duration { return t.Sub(l.start) }

// learn enters a fact. It returns the stay that began by it, if one did of
// which anything is certain.
func (l *ledger) learn(op *simcity.Operation, f *simcity.Fact) *stay {
	if !l.begun {
		l.start, l.begun = startOf(l.world), true
		l.lenient = l.lenient && realTimeIn(l.world)
	}
	if op.Outcome == simcity.Failed {
		l.suspect(op, f)
		return nil
	}
	switch f.Kind {
	case simcity.Held, simcity.Confirmed, simcity.Moved:
		return l.place(op, f)
	case simcity.Released:
		l.release(op, f)
	}
	return nil
}

// place enters an acknowledged claim, a new one or one that is known already.
func (l *ledger) place(op *simcity.Operation, f *simcity.Fact) *stay {
	known := l.claims[f.ID]
	if known == nil || f.ID == "" {
		if f.Resource == "" {
			return nil // a claim that nobody can place
		}
		return l.open(op, f, nil, true)
	}
	switch certain := !tangled(op, known); {
	case known.ended != forever:
		// Given back, and now there again: for certain only if this began later.
		return l.open(op, f, known, op.Start > known.ended)
	case elsewhere(f, known):
		known.to, known.ended = min(known.to, op.Start), op.End
		if !certain {
			known.ended = forever
			known.lasting = true
		}
		return l.open(op, f, known, certain)
	case op.End > known.lapse, known.to != forever:
		// Acknowledged again after it lapsed or was in doubt: a second stay.
		// After doubt about its place only a fact that names the place settles it.
		known.ended = min(known.ended, op.End)
		return l.open(op, f, known, certain && (known.to == forever || f.Resource != ""))
	default:
		l.renew(op, f, known)
		return nil
	}
}

// renew lets a stay go on as it is.
func (l *ledger) renew(op *simcity.Operation, f *simcity.Fact, s *stay) {
	s.acked, s.ackedBy = op.End, op.Client()
	switch {
	case f.Kind == simcity.Confirmed:
		s.lapse = forever
		s.confirmed = min(s.confirmed, op.End)
	case f.Kind == simcity.Held && !f.Until.IsZero() && s.confirmed == forever:
		s.lapse = l.lapseOf(f)
	}
}

// open begins a stay. What the fact leaves out is as it was before.
func (l *ledger) open(op *simcity.Operation, f *simcity.Fact, before *stay, certain bool) *stay {
	if l.size >= l.limit {
		l.missed++
		return nil
	}
	s := &stay{
		id: f.ID, holder: f.Holder, resource: f.Resource, spelling: f.Spelling,
		capacity: f.Capacity, start: f.Start, end: f.End,
		from: op.End, to: forever, begun: op.Start, ended: forever,
		lapse: forever, confirmed: forever, acked: op.End, ackedBy: op.Client(),
		operation: op.Number, citizen: op.Citizen, travelled: travelled(f),
	}
	if before != nil {
		s.inherit(before, f)
	}
	s.start, s.end = interval(s.start, s.end)
	s.over = l.elapsed(s.end)
	switch f.Kind {
	case simcity.Held:
		s.lapse = l.lapseOf(f)
	case simcity.Confirmed:
		s.confirmed = op.End
	}
	if !certain {
		s.doubt(s.from)
	}
	l.shelve(s, op.End)
	if s.id != "" {
		l.claims[s.id] = s
	}
	if !certain {
		return nil
	}
	return s
}

func (l *ledger) lapseOf(f *simcity.Fact) time.Duration {
	if f.Until.IsZero() || l.lenient {
		return forever
	}
	return l.elapsed(f.Until)
}

// inherit takes over what a fact about a known claim leaves out.
func (s *stay) inherit(before *stay, f *simcity.Fact) {
	s.holder = nameOr(f.Holder, before.holder)
	if f.Resource == "" || f.Resource == before.resource {
		s.resource = before.resource
		if f.Capacity == 0 {
			s.capacity = before.capacity
		}
	}
	if !elsewhere(f, before) && f.Spelling == "" {
		s.spelling, s.travelled = before.spelling, before.travelled
	}
	if f.Start.IsZero() {
		s.start, s.end = before.start, before.end
	} else if f.End.IsZero() {
		s.end = f.Start.Add(before.end.Sub(before.start))
	}
	if f.Kind == simcity.Moved {
		s.lapse, s.confirmed = before.lapse, before.confirmed
		s.lasting = before.lasting || before.lapse < s.begun // moved although lapsed: who knows
	}
}

// release ends a claim's stay.
func (l *ledger) release(op *simcity.Operation, f *simcity.Fact) {
	s := l.claims[f.ID]
	if s == nil || s.ended != forever {
		return
	}
	s.to = min(s.to, op.Start)
	if tangled(op, s) {
		s.lasting = true // which of the two came last, nobody knows
		return
	}
	s.ended = op.End
}

// suspect enters what an operation that failed may have done all the same.
func (l *ledger) suspect(op *simcity.Operation, f *simcity.Fact) {
	known := l.claims[f.ID]
	if f.ID == "" {
		known = nil
	}
	switch f.Kind {
	case simcity.Released:
		if known != nil {
			known.to = min(known.to, op.Start)
		}
	case simcity.Confirmed:
		if known != nil && !elsewhere(f, known) {
			known.lasting = true
			return
		}
		l.suspectPlace(op, f, known)
	case simcity.Held, simcity.Moved:
		l.suspectPlace(op, f, known)
	}
}

func (l *ledger) suspectPlace(op *simcity.Operation, f *simcity.Fact, known *stay) {
	if known != nil {
		known.to = min(known.to, op.Start)
	}
	if f.Resource == "" && known == nil {
		return
	}
	previous := l.claims[f.ID]
	l.open(op, f, known, false)
	if previous != nil {
		l.claims[f.ID] = previous // the place that was acknowledged last
	}
}

// elsewhere reports whether a fact puts a claim at another place than it is.
func elsewhere(f *simcity.Fact, s *stay) bool {
	if f.Resource != "" && f.Resource != s.resource {
		return true
	}
	return !f.Start.IsZero() && !f.Start.Equal(s.start) ||
		!f.End.IsZero() && !f.End.Equal(s.end)
}

// tangled reports whether an operation began before the last one that spoke of
// the stay had ended, so that their order is unknown. The operations of one
// client are always in order.
func tangled(op *simcity.Operation, s *stay) bool {
	return op.Client() != s.ackedBy && op.Start <= s.acked
}

func (l *ledger) shelve(s *stay, now time.Duration) {
	h := l.shelves[s.resource]
	if h == nil {
		h = &shelf{}
		l.shelves[s.resource] = h
	}
	if h.crowded() {
		l.size -= h.sweep(l.goneAt(now))
	}
	h.put(s)
	l.size++
}
