package simcity

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A trace is what shrinking needs to see of a run.
type trace struct {
	born  []string
	held  []string
	known map[string]bool
	rows  []traceRow
}

// A traceRow is one thing that somebody did.
type traceRow struct {
	at    time.Duration
	actor string
	text  string
	what  string // text, before repetitions are counted
	seam  bool
}

// most that a trace keeps.
const traceMax = 200_000

func (t *trace) overtaken() func(a actor, stop uint64) {
	if t == nil {
		return nil
	}
	t.known = make(map[string]bool)
	return func(a actor, stop uint64) {
		if id := stopOf(a.ID, stop); !t.known[id] && len(t.held) < traceMax {
			t.known[id] = true
			t.held = append(t.held, id)
		}
	}
}

func (t *trace) pass(at time.Duration, actor, seam string) {
	if t != nil && len(t.rows) < traceMax {
		t.rows = append(t.rows, traceRow{at: at, actor: actor, text: "| " + seam, seam: true})
	}
}

func (t *trace) take(e Event) {
	if e.Type == EventCitizenBorn {
		t.born = append(t.born, e.Actor)
	}
	if text := eventInWords(e); text != "" && len(t.rows) < traceMax {
		t.rows = append(t.rows, traceRow{at: e.At, actor: e.Actor, text: text})
	}
}

// timelineMax is how many of the last rows a timeline shows.
const timelineMax = 60

// timeline draws the run, a column for each who acts, time downwards. Seams are
// shown where others were about, and what somebody did again and again in one row.
func (t *trace) timeline() string {
	rows := t.worthTelling()
	if extra := len(rows) - timelineMax; extra > 0 {
		rows = rows[extra:]
	}
	var names []string
	width := map[string]int{}
	for _, row := range rows {
		if !slices.Contains(names, row.actor) {
			names = append(names, row.actor)
		}
		width[row.actor] = max(width[row.actor], len(row.actor), min(len([]rune(row.text)), cellMax))
	}
	var b strings.Builder
	b.WriteString(rowOf("", names, width, func(name string) string { return name }))
	for _, row := range rows {
		b.WriteString(rowOf(row.at.Round(time.Millisecond).String(), names, width, func(name string) string {
			if name == row.actor {
				return row.text
			}
			return ""
		}))
	}
	return b.String()
}

// cellMax is how wide a column may be.
const cellMax = 44

func rowOf(at string, names []string, width map[string]int, text func(name string) string) string {
	cells := []string{"", pad(at, 12)}
	for _, name := range names {
		cells = append(cells, pad(text(name), width[name]))
	}
	return strings.TrimRight(strings.Join(cells, "  "), " ") + "\n"
}

// worthTelling leaves out the engine's own actors, seams where nobody else was
// about, and repetitions.
func (t *trace) worthTelling() []traceRow {
	rows := slices.DeleteFunc(slices.Clone(t.rows), func(row traceRow) bool {
		return row.actor == "tick" || row.actor == "engine" || row.actor == "end"
	})
	var kept []traceRow
	repeated := 1
	for i, row := range rows {
		if row.seam && !crowded(rows, i) {
			continue
		}
		last := len(kept) - 1
		if last < 0 || kept[last].actor != row.actor || kept[last].what != row.text {
			repeated = 1
			row.what = row.text
			kept = append(kept, row)
			continue
		}
		repeated++
		kept[last].at = row.at
		kept[last].text = fmt.Sprintf("%s (%dx)", row.text, repeated)
	}
	return kept
}

// crowded tells whether somebody else acts within a second of row i.
func crowded(rows []traceRow, i int) bool {
	near := func(row traceRow) bool {
		return row.actor != rows[i].actor && (row.at-rows[i].at).Abs() < time.Second
	}
	return i > 0 && near(rows[i-1]) || i+1 < len(rows) && near(rows[i+1]) || i > 1 && near(rows[i-2]) || i+2 < len(rows) && near(rows[i+2])
}

// pad fills or cuts text to a width.
func pad(text string, width int) string {
	r := []rune(text)
	if len(r) > width {
		return string(r[:max(width-1, 0)]) + "…"
	}
	return text + strings.Repeat(" ", width-len(r))
}

// eventInWords is a short form of the events that a timeline shows.
func eventInWords(e Event) string {
	payload := func(name string) string { return textField(e.Payload, name) }
	switch e.Type {
	case EventOperation:
		text := payload("operation") + " " + payload("input")
		return strings.TrimSpace(text) + " -> " + strings.TrimSpace(payload("outcome")+" "+payload("status")) + cmp.Or(payload("error"), "")
	case EventFaultInjected:
		return payload("kind") + " begins"
	case EventFaultReverted:
		return payload("kind") + " ends"
	case EventViolation:
		return payload("invariant") + ": " + payload("got")
	case EventFinding:
		return payload("kind") + ": " + payload("text")
	}
	return ""
}
