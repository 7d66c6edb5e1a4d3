package simcity

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A Timeline is who did what, when and at which seam, in order. Its String is a
// diagram of text, its SVG a picture.
type Timeline []Moment

// A Moment is one thing that somebody did.
type Moment struct {
	At    time.Duration `json:"at"` // simulated time since the run began
	Actor string        `json:"actor"`
	Kind  MomentKind    `json:"kind"`
	Text  string        `json:"text"`
	// Since is when an operation began.
	Since time.Duration `json:"since,omitempty"`
	// Times is how often it was done in a row, if more than once.
	Times int `json:"times,omitempty"`
}

// A MomentKind classes what somebody did.
type MomentKind string

// The kinds of moments.
const (
	MomentSeam      MomentKind = "seam"      // stopped where others may go first
	MomentOperation MomentKind = "operation" // got an answer
	MomentFault     MomentKind = "fault"     // broke something, or mended it
	MomentBroken    MomentKind = "broken"    // was told of a violation or a finding
)

// timelineEvents are the types of events that a timeline shows.
var timelineEvents = map[string]MomentKind{
	EventOperation: MomentOperation, EventFaultInjected: MomentFault, EventFaultReverted: MomentFault,
	EventViolation: MomentBroken, EventFinding: MomentBroken,
}

// engineActors are no people: what they do is not shown.
var engineActors = map[string]bool{"tick": true, "end": true}

// TimelineOf is the timeline of events, such as a bundle's last ones: operations,
// faults, violations and findings. Seams, and inputs that are no text, are in the
// timelines of [Shrunk] alone.
func TimelineOf(events []Event) Timeline {
	var all Timeline
	for i := range events {
		if timelineEvents[events[i].Type] != "" && !engineActors[events[i].Actor] {
			all = append(all, momentOf(&events[i], nil))
		}
	}
	return all.withoutRepetitions()
}

// momentOf puts an event in words. Of an operation it is told the input, unless that
// is a text of the event.
func momentOf(e *Event, input any) Moment {
	var p struct {
		Operation, Input, Outcome, Error, Kind, Invariant, Got, Actor string

		Status     int
		StartNanos int64
	}
	_ = json.Unmarshal(e.Payload, &p) // what cannot be read is left out
	m := Moment{At: e.At, Actor: e.Actor, Kind: timelineEvents[e.Type]}
	switch e.Type {
	case EventOperation:
		m.Since = time.Duration(p.StartNanos)
		if p.Input == "" {
			p.Input = inputText(input)
		}
		m.Text = strings.TrimSpace(p.Operation+" "+p.Input) + " -> " + p.Outcome
		if p.Status != 0 {
			m.Text += " " + itoa(p.Status)
		}
		m.Text = strings.TrimSuffix(m.Text+" "+p.Error, " ")
	case EventFaultInjected:
		m.Text = p.Kind + " begins"
	case EventFaultReverted:
		m.Text = p.Kind + " ends"
	case EventViolation:
		m.Text = p.Invariant + ": " + p.Got
	default: // a finding, told by the engine about one or several
		m.Text = p.Kind
		first, others, _ := strings.Cut(p.Actor, "; ")
		m.Actor = cmp.Or(first, m.Actor)
		if others != "" {
			m.Text += " with " + others
		}
	}
	return m
}

// withoutRepetitions makes one moment of what somebody did again and again with
// nobody between.
func (t Timeline) withoutRepetitions() Timeline {
	var kept Timeline
	for _, m := range t {
		last := len(kept) - 1
		if last < 0 || kept[last].Actor != m.Actor || kept[last].Kind != m.Kind || kept[last].Text != m.Text {
			kept = append(kept, m)
			continue
		}
		kept[last].At = m.At
		kept[last].Times = max(kept[last].Times, 1) + 1
	}
	return kept
}

// actors are those of the timeline, in the order in which they come.
func (t Timeline) actors() []string {
	var names []string
	for _, m := range t {
		if !slices.Contains(names, m.Actor) {
			names = append(names, m.Actor)
		}
	}
	return names
}

// withStarts tells of an operation when it began, if others acted before its answer.
func (t Timeline) withStarts() Timeline {
	all := slices.Clone(t)
	for i, m := range t {
		meanwhile := func(other Moment) bool { return other.Actor != m.Actor && other.At >= m.Since }
		began := m.Since.Round(time.Millisecond)
		if m.Kind == MomentOperation && m.Times <= 1 && began != m.At.Round(time.Millisecond) && slices.ContainsFunc(t[:i], meanwhile) {
			all[i].Text += " (since " + began.String() + ")"
		}
	}
	return all
}

// last are the n last moments.
func (t Timeline) last(n int) Timeline { return t[max(0, len(t)-n):] }

// words are the moment as it is written: seams after a bar.
func (m Moment) words() string {
	text := m.Text
	if m.Kind == MomentSeam {
		text = "| " + text
	}
	if m.Times > 1 {
		text = fmt.Sprintf("%s (%dx)", text, m.Times)
	}
	return text
}

// timelineMax is how many of the last moments a diagram shows, cellMax how wide a text
// in it may be, and diagramMax how wide the whole: then the columns move together, and
// texts, of which there is one in a line, reach over those of others.
const (
	timelineMax = 60
	cellMax     = 44
	diagramMax  = 120
)

// String draws the last moments, a column for each who acts, time downwards.
func (t Timeline) String() string {
	rows := t.last(timelineMax).withStarts()
	names := rows.actors()
	var b strings.Builder
	line := func(at string, indent int, text string) {
		b.WriteString(strings.TrimRight(fmt.Sprintf("  %-12s  %*s%s", at, indent, "", text), " ") + "\n")
	}
	starts, heads := rows.columns(names)
	for _, head := range heads {
		line("", 0, head)
	}
	for _, m := range rows {
		line(m.At.Round(time.Millisecond).String(), starts[m.Actor], shortened(m.words(), max(cellMax, utf8.RuneCountInString(m.Actor))))
	}
	return b.String()
}

// columns are where the columns of the named begin, and the lines that name them.
func (t Timeline) columns(names []string) (starts map[string]int, heads []string) {
	widths, starts := map[string]int{}, map[string]int{}
	for _, m := range t {
		widths[m.Actor] = max(widths[m.Actor], utf8.RuneCountInString(m.Actor), min(utf8.RuneCountInString(m.words()), cellMax))
	}
	head, end := "", 0
	for _, name := range names {
		starts[name] = end
		head += fmt.Sprintf("%-*s  ", widths[name], name)
		end += widths[name] + 2
	}
	const room = diagramMax - 16 // without the time
	if end <= room {
		return starts, []string{head}
	}
	step := max(1, (room-cellMax)/len(names))
	for i, name := range names {
		starts[name] = i * step
		heads = append(heads, strings.Repeat(" ", i*step)+name)
	}
	return starts, heads
}

// shortened is text of at most so many letters.
func shortened(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}
