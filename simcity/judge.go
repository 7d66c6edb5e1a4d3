package simcity

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

// judge lets the invariants see the run and keeps what they say.
type judge struct {
	run   *run
	mu    sync.Mutex // only taken on a real clock: otherwise one actor runs at a time
	rules []*rule
	sees  []*rule              // those with an Operation function
	asked atomic.Pointer[rule] // the first that is to answer, for the watchdog
}

func (j *judge) begin(r *run) error {
	j.run = r
	var where string
	return r.guard(&where, func() error {
		for _, inv := range r.scenario.Invariants {
			where = "the Begin of invariant " + inv.Name
			rule := &rule{Invariant: inv, ofCut: r.cut != nil && r.cut.Rule == inv.Name}
			j.asked.Store(rule)
			rule.check = inv.Begin(r.world)
			j.asked.Store(nil)
			j.rules = append(j.rules, rule)
			if rule.check.Operation != nil {
				j.sees = append(j.sees, rule)
			}
		}
		return nil
	})
}

// lock serialises checks where actors may overlap.
func (j *judge) lock() (unlock func()) {
	if !j.run.clock.inner.HostTimeIsReal() && j.run.explore.Order != Free {
		return func() {}
	}
	j.mu.Lock()
	return j.mu.Unlock
}

// see takes an operation into the history and shows it to the invariants.
func (j *judge) see(op *Operation, p *populationState) {
	defer j.lock()()
	index, counts := j.run.enter(op, p)
	if !counts {
		return
	}
	for _, rule := range j.sees {
		if rule.When == Steady && !op.Steady {
			continue
		}
		rule.seen++ // first: a rule that never answers is read by the watchdog
		j.ask(rule, func() {
			if breach := rule.check.Operation(op); breach != nil {
				j.violate(rule, breach, op, index)
			}
		})
	}
}

// ask lets a rule speak. One that panics, or ends its goroutine, is a finding by its
// name, and is not asked again.
func (j *judge) ask(rule *rule, speak func()) {
	if rule.panicked {
		return
	}
	j.asked.CompareAndSwap(nil, rule)
	answered := false
	defer func() {
		j.asked.CompareAndSwap(rule, nil)
		if value := recover(); value != nil {
			rule.panicked = true
			j.run.panicked("invariant "+rule.Name, value, debug.Stack())
		} else if !answered {
			rule.panicked = true
			j.run.find(Finding{Kind: FindingTest, Severity: InconclusiveFinding, Text: "invariant " + rule.Name + " ended its goroutine, as t.FailNow and require do: let it return a Breach instead"})
		}
	}()
	speak()
	answered = true
}

// unanswered names the rule that was asked and blocks, if one does.
func (j *judge) unanswered() string {
	rule := j.asked.Load()
	if rule == nil {
		return ""
	}
	return "invariant " + rule.Name + " was asked and never answered: a Check must not wait for anything"
}

// tick shows the metrics to the invariants.
func (j *judge) tick(s *Snapshot) {
	defer j.lock()()
	for _, rule := range j.rules {
		if rule.check.Tick == nil || rule.When == Steady && !s.Steady || j.run.course.sealed.Load() {
			continue
		}
		rule.seen++ // first: a rule that never answers is read by the watchdog
		j.ask(rule, func() {
			if breach := rule.check.Tick(s); breach != nil {
				j.violate(rule, breach, nil, s.Index)
			}
		})
	}
	if watcher, ok := j.run.recorder.(StandingRecorder); ok {
		watcher.Stand(j.standings())
	}
}

// standings is how the rules stand now.
func (j *judge) standings() []Standing {
	all := make([]Standing, len(j.rules))
	for i, rule := range j.rules {
		all[i] = Standing{Invariant: rule.Name, Violations: rule.violations}
		j.ask(rule, func() {
			if judgement, ok := rule.now(); ok {
				all[i].Judgement = &judgement
			}
		})
	}
	return all
}

// violate records a breach. Only the first of an invariant is told in full.
func (j *judge) violate(rule *rule, breach *Breach, op *Operation, index int64) {
	r := j.run
	now := r.elapsed()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.course.sealed.Load() {
		return
	}
	if rule.When == Steady && r.faults.awaited() && !r.course.past(stageRunning) {
		if rule.early == nil {
			rule.early = breach
		}
		return
	}
	rule.violations++
	if rule.first != nil {
		return
	}
	v := &Violation{
		Invariant: rule.Name, Severity: rule.Severity, At: now, Breach: *breach,
		Operation: op, Faults: r.faults.activeNow(),
	}
	v.Index = r.log.append(now, "judge", EventViolation, func(b []byte) []byte {
		b = appendString(append(b, `{"invariant":`...), v.Invariant)
		b = appendString(append(b, `,"severity":`...), v.Severity.String())
		b = appendString(append(b, `,"got":`...), v.Got)
		b = appendString(append(b, `,"want":`...), v.Want)
		b = appendString(append(b, `,"detail":`...), v.Detail)
		return append(appendInt(append(b, `,"offending":`...), index), '}')
	}).Index
	rule.first = v
	if rule.Severity == Critical && !r.scenario.KeepGoing && !r.course.past(stageRunning) {
		r.course.sealed.Store(true)
		r.conductor.Halt()
	}
}

// endPhase judges the steady invariants when a fault is about to begin, and at
// the end of the run.
func (j *judge) endPhase(last bool) {
	defer j.lock()()
	steady, index := j.run.faults.steadyAt(j.run.elapsed()), j.run.nextIndex()
	for _, rule := range j.rules {
		if rule.When != Steady {
			continue
		}
		j.ask(rule, func() {
			judgement := rule.sumUp()
			rule.phases = append(rule.phases, judgement)
			if last && !steady {
				judgement.Samples, judgement.Breach = 0, nil // a fault or its grace lasted to the end: nothing after it was judged
			}
			rule.last = judgement
			if b := judgement.Breach; b != nil && judgement.enough() && steady {
				j.violate(rule, b, nil, index)
			}
			if rule.check.Restart != nil && !last {
				rule.check.Restart()
			}
		})
	}
}

// end sums up everything at the end of a run that was not cut short.
func (j *judge) end() {
	if j.run.course.sealed.Load() {
		return
	}
	j.endPhase(true)
	defer j.lock()()
	for _, rule := range j.rules {
		if rule.When == Steady {
			continue
		}
		j.ask(rule, func() {
			rule.last = rule.sumUp()
			if b := rule.last.Breach; b != nil && rule.first == nil && rule.last.enough() {
				j.violate(rule, b, nil, j.run.nextIndex())
			}
		})
	}
}

// unproven says that the rule which the run's cut was made to break was not checked. The
// caller holds the run's mu.
func (j *judge) unproven(name string) string {
	if name == "" {
		return ""
	}
	why := "the scenario has none of that name"
	for _, rule := range j.rules {
		switch {
		case rule.Name != name:
		case rule.spoke():
			return ""
		case rule.last.Exempt != "":
			why = rule.last.Exempt
		default:
			why = rule.soFar()
		}
	}
	return fmt.Sprintf("invariant %s was not checked, which the cut was made to break: %s; nothing is proven: see with %s=1 how far its citizens come, and shrink the failure again if it is still there", name, why, envDebug)
}

// doubts says which rules were not checked. The caller holds the run's mu.
func (j *judge) doubts() (doubts []string) {
	for _, rule := range j.rules {
		doubt, breach := rule.doubt(len(j.run.faults.planned) > 0)
		if doubt != "" && (breach || !j.run.scenario.mayBeEmpty(rule.Name)) {
			doubts = append(doubts, doubt)
		}
	}
	if len(doubts) == 0 && len(j.rules) > 0 && !slices.Contains(j.run.scenario.AllowEmpty, "*") && !slices.ContainsFunc(j.rules, (*rule).spoke) {
		doubts = append(doubts, fmt.Sprintf("no invariant was checked: each of the %d is exempt, or was not checked and AllowEmpty names it; give the scenario a rule that applies", len(j.rules)))
	}
	return doubts
}
