package invariants

import (
	"fmt"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// A stay is one claim at one place, from its acknowledgement until it is given
// back, moved away or lapses. Clients see a change happen between the start and
// the end of an operation, never at an instant, so a stay has two spans:
//
//   - it held for certain from the end of the operation that made it to the
//     start of the one that ended it: [from, to);
//   - it may have held from the start of the former to the end of the latter:
//     [begun, ended).
//
// What accuses the host of giving a thing twice goes by the first span, what
// accuses it of refusing a free thing by the second. Both are sound whatever
// happened inside an operation.
type stay struct {
	id, holder, resource, spelling string
	start, end                     time.Time
	capacity                       int

	from, to     time.Duration
	begun, ended time.Duration
	lapse        time.Duration // forever once confirmed
	over         time.Duration // when the claimed interval itself ends
	confirmed    time.Duration // end of the confirming operation, or forever
	acked        time.Duration // end of the last operation that spoke of it
	ackedBy      string
	lasting      bool // may have been confirmed by an operation that failed
	operation    int64
	citizen      string
	travelled    bool // spelled in another than the canonical way
}

// holdsAt reports whether the stay held for certain at a time. A hold has
// lapsed at exactly its Until.
func (s *stay) holdsAt(at time.Duration) bool {
	return s.from <= at && at < s.to && at < s.lapse
}

// mayHold reports whether the stay may have held at some time from..to. What
// ended less than slack before counts, and what ended exactly then as well.
func (s *stay) mayHold(from, to, slack time.Duration) bool {
	end := s.ended
	if !s.lasting {
		end = min(end, s.lapse)
	}
	return s.begun <= to && (end == forever || end+slack >= from)
}

// doubt makes the stay one of which nothing is certain any more.
func (s *stay) doubt(since time.Duration) {
	s.to = min(s.to, since)
	s.lasting = true
}

// overlaps reports whether the stay's interval shares an instant with another.
// Intervals that only touch do not overlap.
func (s *stay) overlaps(start, end time.Time) bool {
	return s.start.Before(end) && start.Before(s.end)
}

// exclusive reports whether the claimed thing can be had by one alone.
func (s *stay) exclusive() bool { return s.capacity <= 1 }

// interval is the claimed time of a fact. A fact without times claims the
// resource for good; one without an end, an instant.
func interval(start, end time.Time) (time.Time, time.Time) {
	switch {
	case start.IsZero() && end.IsZero():
		return start, time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)
	case !end.After(start):
		return start, start.Add(1)
	default:
		return start, end
	}
}

// String tells the stay to a reader.
func (s *stay) String() string {
	return fmt.Sprintf("claim %s of %s on %s%s, operation %d of %s at %v",
		s.id, nameOr(s.holder, "an unnamed holder"), place(s.resource, s.start, s.end), spelled(s.spelling),
		s.operation, s.citizen, s.from)
}

func place(resource string, start, end time.Time) string {
	if start.IsZero() {
		return resource
	}
	return fmt.Sprintf("%s from %s to %s", resource, start.UTC().Format(time.RFC3339), end.UTC().Format(time.RFC3339))
}

func spelled(spelling string) string {
	if spelling == "" {
		return ""
	}
	return fmt.Sprintf(" (spelled %q)", spelling)
}

func nameOr(name, other string) string {
	if name == "" {
		return other
	}
	return name
}

// list tells up to five stays to a reader.
func list(stays []*stay) string {
	const most = 5
	texts := make([]string, 0, most+1)
	for i, s := range stays {
		if i == most {
			texts = append(texts, fmt.Sprintf("and %d more", len(stays)-most))
			break
		}
		texts = append(texts, s.String())
	}
	return strings.Join(texts, "; ")
}

// speaksOfClaims reports whether a fact tells of the calendar of a resource.
func speaksOfClaims(k simcity.FactKind) bool {
	switch k {
	case simcity.Held, simcity.Confirmed, simcity.Moved, simcity.Released, simcity.Refused:
		return true
	}
	return false
}
