package booking

import (
	"cmp"
	"slices"
	"time"
)

// row is a stored booking with what hangs on it.
type row struct {
	Booking
	seq      int64 // in order of insertion, which ids as text do not sort by
	entries  []Entry
	messages []Message
}

// party is the index of a customer or a vendor.
type party struct {
	all    shelf // by seq
	live   shelf // in a live state, by start: a vendor's calendar
	inbox  shelf // requested, by when: a vendor's inbox
	totals Totals
}

func newParty() *party {
	return &party{
		all:   shelf{by: bySeq},
		live:  shelf{by: byStart},
		inbox: shelf{by: byRequest},
	}
}

// shelf is a list of rows kept in order. A row must be taken off before what
// the order depends on changes.
type shelf struct {
	by   func(a, b *row) int
	rows []*row
}

func bySeq(a, b *row) int     { return cmp.Compare(a.seq, b.seq) }
func byStart(a, b *row) int   { return byTime(a.Start, b.Start, a, b) }
func byRequest(a, b *row) int { return byTime(a.RequestedAt, b.RequestedAt, a, b) }
func byExpiry(a, b *row) int  { return byTime(a.ExpiresAt, b.ExpiresAt, a, b) }
func byFinish(a, b *row) int  { return byTime(a.FinishedAt, b.FinishedAt, a, b) }

// byTime makes the order total, so that equal times do not depend on chance.
func byTime(t, u time.Time, a, b *row) int {
	if c := t.Compare(u); c != 0 {
		return c
	}
	return bySeq(a, b)
}

func (s *shelf) put(r *row) {
	// Rows mostly come in order: try the end before searching.
	if n := len(s.rows); n == 0 || s.by(s.rows[n-1], r) < 0 {
		s.rows = append(s.rows, r)
		return
	}
	i, _ := slices.BinarySearchFunc(s.rows, r, s.by)
	s.rows = slices.Insert(s.rows, i, r)
}

func (s *shelf) take(r *row) {
	// What is swept goes from the front, where nothing has to move up.
	if len(s.rows) > 0 && s.rows[0] == r {
		s.rows[0] = nil
		s.rows = s.rows[1:]
		return
	}
	if i, found := slices.BinarySearchFunc(s.rows, r, s.by); found {
		s.rows = slices.Delete(s.rows, i, i+1)
	}
}

// from returns the rows that start at t or later; the shelf must be by start.
func (s *shelf) from(t time.Time) []*row {
	i, _ := slices.BinarySearchFunc(s.rows, t, func(r *row, t time.Time) int {
		if r.Start.Before(t) {
			return -1
		}
		return 1
	})
	return s.rows[i:]
}
