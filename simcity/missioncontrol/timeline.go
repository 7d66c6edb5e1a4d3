package missioncontrol

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// A moment is an event that people look for.
type moment struct {
	Index int64
	At    time.Duration
	Kind  string // violation, fault, command or run
	Actor string
	Type  string
	Text  string
}

// momentsMost is how many a report holds.
const momentsMost = 1000

// A reading is what one pass over a run's history tells a report.
type reading struct {
	span    time.Duration // of simulated time, in which things are counted
	end     time.Duration
	moments []moment
	left    int64
	counts  map[string][]float64 // per span, by name; those that have samples
	living  float64              // citizens, so far
	shots   []simcity.Snapshot   // thinned
	failure *liveViolation       // the first one, if there is one
	named   []string             // who it names
	acts    []simcity.Event      // what they did up to it, the latest
}

func newReading(lasts time.Duration, failure *liveViolation) *reading {
	span := time.Minute
	for _, longer := range []time.Duration{2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour} {
		if lasts/span > 240 {
			span = longer
		}
	}
	r := &reading{span: span, counts: make(map[string][]float64), failure: failure}
	if failure != nil {
		r.named = citizenNames.FindAllString(failure.Got+" "+failure.Detail, -1)
	}
	return r
}

// citizenNames are such as customer/7.
var citizenNames = regexp.MustCompile(`\b[a-z][a-z_]*/[0-9]+\b`)

// actsMost is how many of the named ones' last acts are drawn.
const actsMost = 24

// read reads all events, then the snapshots.
func (r *reading) read(ctx context.Context, store telemetry.Store, id string) error {
	for from := int64(0); ; {
		rows, err := store.Events(ctx, id, from, telemetry.LimitMax)
		if err != nil {
			return err
		}
		for i := range rows {
			r.take(&rows[i])
		}
		if len(rows) < telemetry.LimitMax {
			break
		}
		from = rows[len(rows)-1].Index + 1
	}
	var err error
	r.shots, err = thinned(ctx, store, id)
	return err
}

func (r *reading) take(e *telemetry.Event) {
	r.end = max(r.end, e.At)
	r.live(e)
	if f := r.failure; f != nil && (e.Index == f.Index || e.Index < f.Index && slices.Contains(r.named, e.Actor)) {
		r.acts = append(r.acts, simcity.Event{Index: e.Index, At: e.At, Actor: e.Actor, Type: e.Type, Payload: e.Payload})
		r.acts = r.acts[max(0, len(r.acts)-actsMost):]
	}
	if e.Type == simcity.EventOperation {
		r.count(e)
		return
	}
	kind := momentKind(e.Type)
	if kind == "" {
		return
	}
	if len(r.moments) == momentsMost {
		r.left++
		return
	}
	r.moments = append(r.moments, moment{e.Index, e.At, kind, e.Actor, e.Type, describeEvent(e.Type, e.Payload)})
}

// count counts what citizens did, per span of time.
func (r *reading) count(e *telemetry.Event) {
	var told struct{ Operation, Outcome string }
	if json.Unmarshal(e.Payload, &told) != nil {
		return
	}
	r.add("operations", e.At, true)
	r.add("errors", e.At, told.Outcome == "error")
	r.add("conflicts", e.At, told.Outcome == "conflict")
	switch told.Operation {
	case "book":
		r.add("bookings", e.At, told.Outcome == "ok")
	case "cancel":
		r.add("cancellations", e.At, told.Outcome == "ok")
	}
}

// live counts citizens: of a span the most who lived at once.
func (r *reading) live(e *telemetry.Event) {
	n := int(e.At / r.span)
	most := r.counts["citizens"]
	for len(most) <= n {
		most = append(most, r.living)
	}
	switch e.Type {
	case simcity.EventCitizenBorn:
		r.living++
	case simcity.EventCitizenEnded:
		r.living--
	}
	most[n] = max(most[n], r.living)
	r.counts["citizens"] = most
}

// add is a sample of a count: whether it was so.
func (r *reading) add(name string, at time.Duration, so bool) {
	n := int(at / r.span)
	for len(r.counts[name]) <= n {
		r.counts[name] = append(r.counts[name], 0)
	}
	if so {
		r.counts[name][n]++
	}
}

// diagram draws what those did whom the first failure names, or is empty where it
// names nobody.
func (r *reading) diagram() template.HTML {
	if len(r.named) == 0 {
		return ""
	}
	return template.HTML(simcity.TimelineOf(r.acts).SVG()) //nolint:gosec // it escapes what it is told
}

// momentKind is how an event is marked in a timeline; empty: it is in none.
func momentKind(kind string) string {
	switch kind {
	case simcity.EventViolation, simcity.EventFinding:
		return "violation"
	case simcity.EventFaultInjected, simcity.EventFaultReverted:
		return "fault"
	case simcity.EventCommand:
		return "command"
	case simcity.EventRunStarted, simcity.EventRunEnded, simcity.EventNote:
		return "run"
	}
	return ""
}

// describeEvent says in a line what an event tells. The pages say it in the same
// words.
func describeEvent(kind string, payload json.RawMessage) string {
	var p struct {
		Operation, Outcome, Error, Invariant, Got, Want, Kind, Text, Fault, Scenario, Persona string
		Seed                                                                                  json.RawMessage
		Status                                                                                int
		Touched, Operations                                                                   int64
		ForNanos                                                                              time.Duration
		Policies                                                                              json.RawMessage
	}
	_ = json.Unmarshal(payload, &p) // what does not fit is left out
	switch kind {
	case simcity.EventOperation:
		text := fmt.Sprintf("%s %s", p.Operation, p.Outcome)
		if p.Status > 0 {
			text += fmt.Sprintf(" %d", p.Status)
		}
		if p.Error != "" {
			text += ": " + p.Error
		}
		return text
	case simcity.EventViolation:
		return fmt.Sprintf("%s: got %s, want %s", p.Invariant, p.Got, p.Want)
	case simcity.EventFaultInjected:
		return fmt.Sprintf("%s for %.4g min", p.Kind, p.ForNanos.Minutes())
	case simcity.EventFaultReverted:
		return fmt.Sprintf("%s, touched %d", p.Kind, p.Touched)
	case simcity.EventCommand:
		return fmt.Sprintf("%s %s%s", p.Kind, p.Fault, string(p.Policies))
	case simcity.EventRunStarted:
		return p.Scenario
	case simcity.EventCitizenEnded:
		return fmt.Sprintf("after %d operations", p.Operations)
	case simcity.EventFinding:
		return fmt.Sprintf("%s %s", p.Kind, p.Text)
	}
	return cmp.Or(p.Text, p.Persona)
}
