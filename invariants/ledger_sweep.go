package invariants

import (
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// sweepEvery is how often a ledger forgets, in simulated time.
const sweepEvery = time.Hour

// goneAt tells which stays no rule needs any more: those whose interval has
// been over for an hour, holds that lapsed an hour ago, and what was given back
// ten minutes ago.
func (l *ledger) goneAt(now time.Duration) func(*stay) bool {
	return func(s *stay) bool {
		return longAgo(s.over, pastKept, now) ||
			longAgo(s.ended, endedKept, now) ||
			!s.lasting && longAgo(s.lapse, pastKept, now)
	}
}

func longAgo(at, kept, now time.Duration) bool { return at < now-kept }

// sweep forgets what is gone, once per simulated hour.
func (l *ledger) sweep(now time.Duration) {
	if now < l.swept+sweepEvery {
		return
	}
	l.swept = now
	gone := l.goneAt(now)
	for resource, h := range l.shelves {
		l.size -= h.sweep(gone)
		if len(h.stays) == 0 {
			delete(l.shelves, resource)
		}
	}
	for id, s := range l.claims {
		if gone(s) {
			delete(l.claims, id)
		}
	}
}

// note says in a judgement that not everything was watched. Reaching a limit
// never passes silently: the samples no longer suffice.
func (l *ledger) note(j simcity.Judgement) simcity.Judgement {
	if l.missed > 0 {
		j = undecided(j, fmt.Sprintf("%d claims beyond the limit of %d not watched", l.missed, l.limit))
	}
	return j
}
