package simcity

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Verdict is what a run ends in.
type Verdict string

// The verdicts. What was not checked never passes: it is INCONCLUSIVE.
const (
	Pass         Verdict = "PASS"
	Fail         Verdict = "FAIL"
	Stopped      Verdict = "STOPPED"
	Inconclusive Verdict = "INCONCLUSIVE"
)

// A Result is all that a run leaves behind.
type Result struct {
	Verdict Verdict `json:"verdict"`
	// Reasons say why the verdict is not PASS, the most important one first.
	Reasons  []string `json:"reasons,omitempty"`
	Scenario string   `json:"scenario"`
	Seed     uint64   `json:"seed,string"`
	Clock    string   `json:"clock"`
	// Explored is how the run looked for races, empty for an ordinary run.
	Explored string `json:"explored,omitempty"`
	// Simulated is how far simulated time came, Wall how long it took.
	Simulated  time.Duration `json:"simulated"`
	Wall       time.Duration `json:"wall"`
	Citizens   int64         `json:"citizens"`
	Operations int64         `json:"operations"`
	Events     int64         `json:"events"`
	// Violations has the first violation of each invariant, in order.
	Violations []Violation `json:"violations,omitempty"`
	// Invariants has one entry per invariant of the scenario, in its order.
	Invariants []InvariantResult `json:"invariants"`
	Findings   []Finding         `json:"findings,omitempty"`
	// Faults are those that struck, in order.
	Faults []FaultWindow `json:"faults,omitempty"`
	// Seams has the seams that host code passed, in the order of their names.
	Seams []SeamResult `json:"seams,omitempty"`
	// Reached counts how often each [Sometimes] was true.
	Reached map[string]int64 `json:"reached,omitempty"`
	// Digest stands for all events of the run.
	Digest Digest `json:"digest"`
	// Verified: the run was made twice and did not differ.
	Verified bool `json:"verified,omitempty"`
	// Commands are those that steered the run, as they took effect.
	Commands []Command `json:"commands,omitempty"`
	Policies Policies  `json:"policies"`
	Metrics  *Snapshot `json:"metrics"`
	// Load is closed under [Scenario.ClosedLoop], and open if the target is elsewhere.
	Load string `json:"load,omitempty"`
	// Remote tells of the way to a target elsewhere, if it was one.
	Remote *RemoteResult `json:"remote,omitempty"`
	// Curve is how the run went, in at most 240 points.
	Curve []Point `json:"curve,omitempty"`
	// LastEvents are the last 50 events up to the first failure or the end.
	LastEvents []Event `json:"lastEvents,omitempty"`
	// HostLog is the end of what the host logged with World.Logger.
	HostLog []string `json:"hostLog,omitempty"`
	// Repro is the command that repeats the run, if it ran under go test.
	Repro string `json:"repro,omitempty"`
	// Bundle is the path of the forensic bundle of a run that did not pass.
	Bundle string `json:"bundle,omitempty"`
	// Sweep is the sweep that the run was part of, nil for a run of its own.
	Sweep *Sweep `json:"sweep,omitempty"`

	fuzzed bool // an input decided: see Fuzz
}

// InvariantResult is how one invariant fared.
type InvariantResult struct {
	Name       string    `json:"name"`
	When       When      `json:"when"`
	Severity   Severity  `json:"severity"`
	Status     Status    `json:"status"`
	Violations int64     `json:"violations"`
	Judgement  Judgement `json:"judgement"`
	// CutShort: the run ended before the rule was judged. The judgement is how it
	// stood then.
	CutShort bool `json:"cutShort,omitempty"`
}

// A Status says how an invariant fared.
type Status string

// The statuses of an invariant.
const (
	Kept      Status = "kept"
	Violated  Status = "violated"
	Unchecked Status = "unchecked" // too few samples, or the run ended early
)

// Line is the verdict in one line, stable and made for machines as well.
func (r *Result) Line() string {
	digest := r.Digest.String()[:16]
	if r.Explored == string(Free) {
		digest = "none"
	}
	line := fmt.Sprintf("simcity verdict=%s scenario=%s seed=%d clock=%s sim=%s citizens=%d operations=%d events=%d violations=%d digest=%s wall=%.2fs",
		r.Verdict, r.Scenario, r.Seed, r.Clock, r.Simulated.Round(time.Second), r.Citizens, r.Operations, r.Events,
		len(r.Violations), digest, r.Wall.Seconds())
	if r.Explored != "" {
		line += fmt.Sprintf(" explore=%q", r.Explored)
	}
	if r.Remote != nil {
		line += fmt.Sprintf(" target=%s environment=%s", r.Remote.Target, cmp.Or(r.Remote.Environment, "none"))
	}
	if r.Load != "" {
		line += " load=" + r.Load
	}
	if r.Verified {
		line += " verified=2"
	}
	return line
}

// Invariant returns the result of the invariant of that name, or nil.
func (r *Result) Invariant(name string) *InvariantResult {
	for i := range r.Invariants {
		if r.Invariants[i].Name == name {
			return &r.Invariants[i]
		}
	}
	return nil
}

// Violation returns the first violation of the invariant of that name, or nil.
func (r *Result) Violation(name string) *Violation {
	for i := range r.Violations {
		if r.Violations[i].Invariant == name {
			return &r.Violations[i]
		}
	}
	return nil
}

// result sums up a run that has ended, or that the watchdog has given up on.
func (r *run) result() *Result {
	metrics := r.snapshot()
	r.mu.Lock()
	defer r.mu.Unlock()
	res := &Result{
		Scenario: r.scenario.Name, Seed: r.seed, Clock: r.clock.String(), Explored: r.explore.String(),
		Simulated: min(metrics.At, r.scenario.Duration),
		Citizens:  metrics.Born, Operations: metrics.Operations, Events: r.log.next,
		Findings: slices.Clone(r.findings), Digest: r.log.digest,
		Commands: r.steering.commands(), Policies: r.inForce.now(), Metrics: metrics, Curve: r.figures.curve.upTo(metrics),
		LastEvents: r.lastEvents(), HostLog: r.host.log.tail(), Seams: r.seams.summary(),
		Faults: r.faults.windows(), Reached: r.sometimes.soFar(), Remote: r.remote.result(),
	}
	switch {
	case r.scenario.ClosedLoop:
		res.Load = "closed"
	case res.Remote != nil:
		res.Load = "open"
	}
	if r.log.broken != "" {
		text, stack, _ := strings.Cut(r.log.broken, "\n")
		res.Findings = append(res.Findings, Finding{Kind: FindingPanic, At: res.Simulated, Text: text, Stack: stack})
	}
	if !r.course.deadlocked.Load() { // which lives and clean-ups fail of
		for _, note := range r.census.notes(&r.scenario) {
			res.Findings = append(res.Findings, Finding{Kind: FindingDoubt, Severity: NoteFinding, At: res.Simulated, Text: note})
		}
	}
	res.Invariants = slices.Grow(res.Invariants, len(r.judge.rules))
	for _, rule := range r.judge.rules {
		res.Invariants = append(res.Invariants, rule.result())
		if rule.first != nil {
			v := *rule.first
			res.Violations = append(res.Violations, v)
		}
	}
	slices.SortFunc(res.Violations, func(a, b Violation) int { return int(a.Index - b.Index) })
	res.Verdict, res.Reasons = r.decide(res)
	if res.Verdict != Fail {
		res.Findings = append(res.Findings, r.stops.notes()...)
	}
	return res
}

// lastEvents are those up to the first violation if the ring still holds them.
func (r *run) lastEvents() []Event {
	return r.log.last(50, func(e *Event) bool { return e.Type == EventViolation || e.Type == EventFinding })
}

// decide is the verdict and why.
func (r *run) decide(res *Result) (Verdict, []string) {
	var failures, doubts []string
	for _, v := range res.Violations {
		if v.Severity == Critical {
			failures = append(failures, fmt.Sprintf("%s: %s", v.Invariant, v.Breach.String()))
		}
	}
	for _, f := range res.Findings {
		switch f.Severity {
		case FailFinding:
			failures = append(failures, f.Text)
		case InconclusiveFinding:
			doubts = append(doubts, f.Text)
		}
	}
	if len(failures) > 0 {
		return Fail, append(failures, doubts...)
	}
	if by := r.course.stoppedBy.Load(); by != nil {
		return Stopped, append([]string{fmt.Sprintf("%s at simulated %s", howStopped(*by), res.Simulated.Round(time.Millisecond))}, doubts...)
	}
	if !r.frozen.Load() { // a run that was given up has checked nothing, for one reason
		doubts = append(doubts, r.doubts(res)...)
	}
	if len(doubts) > 0 {
		return Inconclusive, doubts
	}
	return Pass, nil
}

func howStopped(by string) string {
	if strings.HasPrefix(by, signalled) {
		return "stopped by " + by
	}
	return "stopped by command"
}

// doubts lists what was not checked.
func (r *run) doubts(res *Result) []string {
	doubts := r.census.doubts(&r.scenario, r.inForce.now().MaxConcurrentAgents)
	if doubt := r.remote.doubt(); doubt != "" {
		doubts = append(doubts, doubt)
	}
	if whole := r.scenario.Duration; res.Simulated < whole && !r.course.cutShort() { // the tick lives to the end
		doubts = append(doubts, fmt.Sprintf("the run ended at simulated %s of %s: a collector, a rule or a function given to Watch ended the goroutine of the tick, as t.FailNow and require do: leave that to the test", res.Simulated.Round(time.Millisecond), whole))
	}
	doubts = append(doubts, r.judge.doubts()...)
	if !r.course.judged.Load() && !r.course.sealed.Load() {
		doubts = append(doubts, "the end of the run was not judged: "+cmp.Or(r.judge.unanswered(), "a clean-up or a probe at the end never came back"))
	}
	if r.cut != nil { // a part of a run proves no more than that it fails
		if doubt := r.cut.doubt(r.census.came(), len(r.faults.planned)); doubt != "" {
			doubts = append(doubts, doubt)
		}
		if r.cut.Locks && !slices.ContainsFunc(res.Seams, func(s SeamResult) bool { return atLock(s.Name) }) {
			doubts = append(doubts, "the failure needs locks that are seams, and none was passed: does "+envPackages+" name the packages that take them? If they take none any more, leave Locks out of the cut")
		}
		if doubt := r.judge.unproven(r.cut.Rule); doubt != "" {
			doubts = append(doubts, doubt)
		}
		return doubts
	}
	return append(doubts, r.faults.doubts(&r.scenario)...)
}
