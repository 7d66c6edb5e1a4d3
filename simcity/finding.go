package simcity

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A FindingKind classes what the engine itself found, beside the invariants.
type FindingKind string

// The kinds of findings.
const (
	FindingPanic     FindingKind = "panic"     // a handler, an agent or the factory panicked
	FindingHang      FindingKind = "hang"      // nothing moved for too long in real time
	FindingStuck     FindingKind = "stuck"     // a handler never returned
	FindingDeadlock  FindingKind = "deadlock"  // handlers wait for one another's locks for good
	FindingExplore   FindingKind = "explore"   // what was explored beyond the host's own seams
	FindingLeak      FindingKind = "leak"      // goroutines outlived the host's Close
	FindingTarget    FindingKind = "target"    // the target could not be built or reached
	FindingArrivals  FindingKind = "arrivals"  // an arrival process failed
	FindingFault     FindingKind = "fault"     // a fault could not be injected or undone
	FindingDoubt     FindingKind = "doubt"     // something was not checked
	FindingClose     FindingKind = "close"     // closing the host failed
	FindingCommand   FindingKind = "command"   // a command was refused
	FindingCollector FindingKind = "collector" // a collector failed
	FindingTelemetry FindingKind = "telemetry" // the run's history could not be delivered
	FindingRandom    FindingKind = "random"    // crypto/rand does not follow the seed
	FindingCut       FindingKind = "cut"       // a stop that a cut holds back was not there
	FindingDiffers   FindingKind = "differs"   // the same seed gave another run
	FindingTest      FindingKind = "test"      // a life, a rule or the host failed or skipped the test itself
)

// FindingSeverity says what a finding does to the verdict.
type FindingSeverity uint8

const (
	// FailFinding fails the run.
	FailFinding FindingSeverity = iota
	// InconclusiveFinding leaves it undecided.
	InconclusiveFinding
	// NoteFinding is only told.
	NoteFinding
)

var findingSeverityNames = []string{"fail", "inconclusive", "note"}

func (s FindingSeverity) String() string { return nameOf(findingSeverityNames, s) }

// MarshalText writes the name.
func (s FindingSeverity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name.
func (s *FindingSeverity) UnmarshalText(text []byte) error {
	return parseName(findingSeverityNames, s, text)
}

// A Finding is something the engine found that no invariant is about.
type Finding struct {
	Kind     FindingKind     `json:"kind"`
	Severity FindingSeverity `json:"severity"`
	Actor    string          `json:"actor,omitempty"`
	At       time.Duration   `json:"at"`
	Index    int64           `json:"index"`
	// Text says what happened and what to do.
	Text string `json:"text"`
	// Stack is the goroutines concerned. It is no part of the digest.
	Stack string `json:"stack,omitempty"`
}

// heading keeps what is only told apart from what decides.
func (f *Finding) heading() string {
	if f.Severity == NoteFinding {
		return "note"
	}
	return "finding"
}

// find records a finding, as an event as well.
func (r *run) find(f Finding) {
	f.At = r.elapsed()
	f.Text = r.remote.scrub(f.Text, nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.toldBefore(f.Severity) >= maxFindings {
		return
	}
	f.Index = r.log.append(f.At, "engine", EventFinding, func(b []byte) []byte {
		b = appendString(append(b, `{"kind":`...), string(f.Kind))
		return append(appendString(append(b, `,"actor":`...), f.Actor), '}')
	}).Index
	r.findings = append(r.findings, f)
}

// spent tells whether the run's process is unfit for another: something of it goes on
// there, holds locks that others would wait for, or has failed the test.
func (r *Result) spent() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool {
		switch f.Kind {
		case FindingHang, FindingStuck, FindingDeadlock, FindingTest:
			return true
		}
		return false
	})
}

// sincePanic leaves out the frames that only handled the panic: the first frame
// is then the one that panicked.
func sincePanic(stack string) string {
	header, frames, _ := strings.Cut(stack, "\n")
	_, after, found := strings.Cut(frames, "\npanic(")
	if !found {
		return stack
	}
	_, after, _ = strings.Cut(after, "\n") // the rest of the call
	_, after, _ = strings.Cut(after, "\n") // its place
	return header + "\n" + after
}

// maxFindings is how many of one severity are kept: many notes must not hide a
// failure.
const maxFindings = 100

func (r *run) toldBefore(severity FindingSeverity) int {
	n := 0
	for _, f := range r.findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

// panicked records a panic of an actor or of a handler on its behalf. Unless
// the scenario keeps going it ends the run.
func (r *run) panicked(where string, value any, stack []byte) {
	r.find(Finding{Kind: FindingPanic, Actor: where, Text: panicIn(where) + fmt.Sprint(value), Stack: sincePanic(string(stack))})
	if !r.scenario.KeepGoing && !r.course.past(stageRunning) {
		r.endEarly()
	}
}

func panicIn(where string) string { return "panic in " + where + ": " }

// stalled records that simulated time stands still although actors run.
func (r *run) stalled(last string) {
	r.find(Finding{
		Kind: FindingHang, Actor: last,
		Text: fmt.Sprintf("simulated time stands still: hundreds of thousands of steps within a millisecond, the last by %s; let its life Sleep for more than nothing", last),
	})
	r.course.sealed.Store(true)
}
