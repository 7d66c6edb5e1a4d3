package conductor

import (
	"cmp"
	"time"
)

// moment is how much simulated time counts as one instant: those who are due
// within it are ready together, at its end. Without it citizens would drift
// apart, by the nanosecond that each stretch of host code takes, and those who
// mean to act at the same time would never meet again.
const moment = time.Millisecond

// never is the due time of a parking that only a wake-up ends.
const never = time.Duration(1<<63 - 1)

// A parking is one stop of one thread of an actor. An actor has one for its
// own goroutine; seams deep in the host may park further threads that work for
// the same actor.
type parking struct {
	actor  *Actor
	thread uint64        // which of its actor's goroutines, where they are told apart
	place  string        // where, for reports: "sleep", "http", "store.Update"
	due    time.Duration // simulated time at which it becomes ready
	seq    uint64        // order of arrival among the due, and then among the ready
	stop   Stop          // as the schedule sees it
	rank   uint64        // when its hold is over: the lowest of the ready goes first
	wake   chan error    // buffered by one; nil error: go on
	start  func()        // set for an actor that has not begun: the first wake-up starts it
	host   bool          // going on runs host code: needs an instant of its own
	round  uint64        // counts the stops, so that a late wake-up is told apart
	slot   int           // position in the due heap, or where it is instead
}

// Positions of a parking outside the heap.
const (
	slotNone    = -1 // not parked: its thread runs
	slotArrived = -2 // parked since the last pick
	slotReady   = -3 // may be picked now
)

func newParking(a *Actor) *parking {
	return &parking{actor: a, wake: make(chan error, 1), slot: slotNone}
}

// before is the canonical order, independent of which goroutine parked first.
func (p *parking) before(q *parking) int {
	switch {
	case p.actor.number != q.actor.number:
		if p.actor.number < q.actor.number {
			return -1
		}
		return 1
	case p.place < q.place:
		return -1
	case p.place > q.place:
		return 1
	}
	return cmp.Compare(p.thread, q.thread)
}

// dueHeap is a binary heap of parkings by due time, then by order of arrival.
// It is written out because container/heap costs an interface call and an
// allocation per push on the hottest path of a run.
type dueHeap []*parking

func (h dueHeap) less(i, j int) bool {
	return h[i].due < h[j].due || h[i].due == h[j].due && h[i].seq < h[j].seq
}

func (h dueHeap) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].slot, h[j].slot = i, j
}

func (h *dueHeap) push(p *parking) {
	p.slot = len(*h)
	*h = append(*h, p)
	h.up(p.slot)
}

func (h *dueHeap) remove(p *parking) {
	i, last := p.slot, len(*h)-1
	if i != last {
		h.swap(i, last)
	}
	(*h)[last] = nil
	*h = (*h)[:last]
	if i != last {
		h.down(i)
		h.up(i)
	}
	p.slot = slotNone
}

// latestWithin is the latest due time that is not after limit, which must not be
// before the earliest.
func (h dueHeap) latestWithin(limit time.Duration) time.Duration {
	latest := h[0].due
	var look func(i int)
	look = func(i int) {
		if i >= len(h) || h[i].due > limit {
			return
		}
		latest = max(latest, h[i].due)
		look(2*i + 1)
		look(2*i + 2)
	}
	look(0)
	return latest
}

func (h dueHeap) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.less(i, parent) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h dueHeap) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if right := child + 1; right < len(h) && h.less(right, child) {
			child = right
		}
		if !h.less(child, i) {
			return
		}
		h.swap(i, child)
		i = child
	}
}
