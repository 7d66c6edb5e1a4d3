package simcity

import (
	"slices"
	"time"

	"github.com/bookiji/simcity/internal/conductor"
)

// A trace is what shrinking needs to see of a run.
type trace struct {
	born  []string
	held  []string
	known map[string]bool
	rows  []traceRow
}

// A traceRow is a seam that somebody passed, or an event.
type traceRow struct {
	at    time.Duration
	actor string
	seam  string
	event *Event
	input any // of an operation, which its event tells only if it is a text
}

// most that a trace keeps.
const traceMax = 200_000

func (t *trace) overtaken() func(conductor.Stop) {
	if t == nil {
		return nil
	}
	t.known = make(map[string]bool)
	return func(s conductor.Stop) {
		if !t.known[s.Name] && len(t.held) < traceMax {
			t.known[s.Name] = true
			t.held = append(t.held, s.Name)
		}
	}
}

func (t *trace) pass(at time.Duration, actor, seam string) {
	if t != nil && len(t.rows) < traceMax {
		t.rows = append(t.rows, traceRow{at: at, actor: actor, seam: seam})
	}
}

func (t *trace) take(e Event) {
	if e.Type == EventCitizenBorn {
		t.born = append(t.born, e.Actor)
	}
	if timelineEvents[e.Type] != "" && len(t.rows) < traceMax {
		t.rows = append(t.rows, traceRow{at: e.At, actor: e.Actor, event: &e})
	}
}

// asked adds the input of the operation that the event of that index tells.
func (t *trace) asked(index int64, input any) {
	if t == nil || len(t.rows) == 0 {
		return
	}
	if last := &t.rows[len(t.rows)-1]; last.event != nil && last.event.Index == index {
		last.input = input
	}
}

// timeline leaves out seams where nobody else was about.
func (t *trace) timeline() Timeline {
	rows := slices.DeleteFunc(slices.Clone(t.rows), func(row traceRow) bool { return engineActors[row.actor] })
	var all Timeline
	for i, row := range rows {
		switch {
		case row.event != nil:
			all = append(all, momentOf(row.event, row.input))
		case crowded(rows, i):
			all = append(all, Moment{At: row.at, Actor: row.actor, Kind: MomentSeam, Text: row.seam})
		}
	}
	return all.withoutRepetitions()
}

// crowded tells whether somebody else acts within a second of row i, among the
// two rows before it and the two after it.
func crowded(rows []traceRow, i int) bool {
	near := func(j int) bool {
		return j >= 0 && j < len(rows) && rows[j].actor != rows[i].actor && (rows[j].at-rows[i].at).Abs() < time.Second
	}
	return near(i-1) || near(i+1) || near(i-2) || near(i+2)
}
