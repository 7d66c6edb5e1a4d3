package invariants

import (
	"time"

	"github.com/bookiji/simcity/simcity"
)

// addOpen is when a span of open time has passed since from: hours of the day,
// UTC, in which vendors are open. A span that ends exactly at closing time ends
// that day.
func addOpen(from time.Time, span time.Duration, hours simcity.OpenHours) time.Time {
	if hours.To <= hours.From {
		return from.Add(span) // no such hours: the clock never stops
	}
	t := from.UTC()
	for {
		day := t.Truncate(24 * time.Hour) // of absolute time, which UTC days are
		opens := day.Add(time.Duration(hours.From) * time.Hour)
		closes := day.Add(time.Duration(hours.To) * time.Hour)
		if t.Before(opens) {
			t = opens
		}
		if left := closes.Sub(t); left > 0 {
			if span <= left {
				return t.Add(span)
			}
			span -= left
		}
		t = day.Add(24 * time.Hour)
	}
}
