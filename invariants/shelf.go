package invariants

import (
	"sort"
	"time"
)

// A shelf is the calendar of one resource: its stays, sorted by start.
type shelf struct {
	stays   []*stay
	longest time.Duration // of any stay that was ever on it; bounds a search
	swept   int           // how many there were after the last sweep
}

// firstFrom is the index of the first stay that starts at or after t.
func (h *shelf) firstFrom(t time.Time) int {
	return sort.Search(len(h.stays), func(i int) bool { return !h.stays[i].start.Before(t) })
}

func (h *shelf) put(s *stay) {
	i := sort.Search(len(h.stays), func(i int) bool { return h.stays[i].start.After(s.start) })
	h.stays = append(h.stays, nil)
	copy(h.stays[i+1:], h.stays[i:])
	h.stays[i] = s
	h.longest = max(h.longest, s.end.Sub(s.start))
}

// overlapping calls visit for each stay that overlaps the interval, in the
// order of their starts, until it returns false.
func (h *shelf) overlapping(start, end time.Time, visit func(*stay) bool) {
	if h == nil {
		return
	}
	for i := h.firstFrom(start.Add(-h.longest)); i < len(h.stays); i++ {
		s := h.stays[i]
		if !s.start.Before(end) {
			return
		}
		if s.overlaps(start, end) && !visit(s) {
			return
		}
	}
}

// sweep takes away the stays that are gone and returns how many.
func (h *shelf) sweep(gone func(*stay) bool) int {
	kept := h.stays[:0]
	for _, s := range h.stays {
		if !gone(s) {
			kept = append(kept, s)
		}
	}
	removed := len(h.stays) - len(kept)
	clear(h.stays[len(kept):])
	h.stays = kept
	h.swept = len(kept)
	return removed
}

// crowded reports whether so many came since the last sweep that another is
// worth its cost.
func (h *shelf) crowded() bool { return len(h.stays) > 2*h.swept+32 }
