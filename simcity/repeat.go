package simcity

import (
	"fmt"
)

// A recording keeps the events of a run, to be compared with another.
type recording struct{ events []Event }

func (rec *recording) take(e Event) { rec.events = append(rec.events, e) }

// compare adds a finding to res if the two runs of one seed differ.
func (p *play) compare(res, again *Result, first, second recording) {
	if res.Digest == again.Digest {
		res.Verified = true
		return
	}
	res.disagree(fmt.Sprintf("two runs of seed %d %s", res.Seed, first.divergence(second)))
}

// divergence tells where two recordings of one seed part, and what may be the cause.
func (rec recording) divergence(other recording) string {
	i := 0
	for i < len(rec.events) && i < len(other.events) && rec.events[i].After == other.events[i].After {
		i++
	}
	return fmt.Sprintf("differ from event %d on:\n      first:  %s\n      second: %s\n      "+
		"the cause lies before it: state kept outside of the target's factory (a database that the first run left full, a package variable), a select with several ready cases, map order, math/rand (these follow the seed in a test built with "+overlayWords+"), or goroutines of the host that race",
		i, eventAt(rec.events, i), eventAt(other.events, i))
}

// compareWithBundle says whether the replayed run is the bundle's.
func (p *play) compareWithBundle(res *Result, replayed recording) {
	want := p.bundle.Result
	if res.Digest == want.Digest {
		but := ""
		if res.Verdict != want.Verdict { // events are the same whatever is made of them
			but = fmt.Sprintf(", whose verdict was %s", want.Verdict)
		}
		fmt.Fprintf(p.t.Output(), "simcity note: replayed, with the same events as the bundle%s\n", but)
		return
	}
	if want.explored() && !res.explored() {
		res.disagree("not reproducible: locks of the host were seams in the bundle's run and are none in this one: run go test with " + overlayWords)
		return
	}
	kept := "" // what the bundle is about, if the replay keeps it
	if len(want.Violations) > 0 && res.Violation(want.Violations[0].Invariant) == nil {
		kept = want.Violations[0].Invariant + " was not violated again; "
	}
	const changed = "if you have changed the app since, that is as it should be"
	for _, e := range want.LastEvents {
		switch i := int(e.Index); {
		case i < len(replayed.events) && replayed.events[i].After == e.After:
			continue
		case i < len(replayed.events) && replayed.events[i].Before != e.Before:
			res.disagree(fmt.Sprintf("not reproducible: %sthe replay differs from the bundle before event %d, the first that the bundle holds; %s, and if not, %s=1 may name the event", kept, i, changed, envVerify))
		default:
			res.disagree(fmt.Sprintf("not reproducible: %sthe replay differs from the bundle at event %d; %s:\n      bundle: %s\n      replay: %s",
				kept, i, changed, eventText(e), eventAt(replayed.events, i)))
		}
		return
	}
	if kept != "" {
		res.disagree("not reproducible: " + kept + changed)
		return
	}
	res.disagree(fmt.Sprintf("not reproducible: the replay ends with digest %s, the bundle with %s; the events that the bundle holds are the same, so they differ after event %d",
		res.Digest, want.Digest, lastIndex(want.LastEvents)))
}

func lastIndex(events []Event) int64 {
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Index
}

func (r *Result) disagree(text string) {
	r.Findings = append(r.Findings, Finding{Kind: FindingDiffers, Text: text})
	r.Verdict = Fail
	r.Reasons = append([]string{text}, r.Reasons...)
}

func eventAt(events []Event, i int) string {
	if i >= len(events) {
		return "(the run had ended)"
	}
	return eventText(events[i])
}

func eventText(e Event) string {
	return fmt.Sprintf("%s %s %s %s", e.At, e.Actor, e.Type, compact(e.Payload))
}
