package simcity

import (
	"sync"
)

// judge lets the invariants see the run and keeps what they say.
type judge struct {
	mu    sync.Mutex // only taken on a real clock: otherwise one actor runs at a time
	rules []*rule
	sees  []*rule // those with an Operation function
}

// rule is an invariant at work.
type rule struct {
	Invariant
	check      Check
	seen       int64
	violations int64
	first      *Violation
	phases     []Judgement // of a steady invariant, one per steady phase
	last       Judgement
	judged     bool    // last is there
	early      *Breach // of a steady rule, before the first fault
}

func (j *judge) begin(r *run) {
	for _, inv := range r.scenario.Invariants {
		rule := &rule{Invariant: inv, check: inv.Begin(r.world)}
		j.rules = append(j.rules, rule)
		if rule.check.Operation != nil {
			j.sees = append(j.sees, rule)
		}
	}
}

// lock serialises checks where actors may overlap.
func (j *judge) lock(r *run) (unlock func()) {
	if !r.clock.inner.HostTimeIsReal() && r.explore.Order != Free {
		return func() {}
	}
	j.mu.Lock()
	return j.mu.Unlock
}

// finished takes an operation into the history.
func (r *run) finished(op *Operation, p *populationState) {
	defer r.judge.lock(r)()
	index, counts := r.enter(op, p)
	if !counts {
		return
	}
	for _, rule := range r.judge.sees {
		if rule.When == Steady && !op.Steady {
			continue
		}
		rule.seen++
		if breach := rule.check.Operation(op); breach != nil {
			r.violate(rule, breach, op, index)
		}
	}
}

// enter counts the operation and logs it, unless nothing counts any more.
func (r *run) enter(op *Operation, p *populationState) (index int64, counts bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.course.sealed.Load() {
		return 0, false
	}
	op.Number = r.figures.count(op)
	op.Steady = r.faults.steadyAt(op.Start)
	r.census.acted(p, op)
	return r.log.append(op.End, op.Citizen, EventOperation, op.payload).Index, true
}

// judgeTick shows the metrics to the invariants.
func (r *run) judgeTick(s *Snapshot) {
	defer r.judge.lock(r)()
	for _, rule := range r.judge.rules {
		if rule.check.Tick == nil || rule.When == Steady && !s.Steady || r.course.sealed.Load() {
			continue
		}
		rule.seen++
		if breach := rule.check.Tick(s); breach != nil {
			r.violate(rule, breach, nil, s.Index)
		}
	}
	if watcher, ok := r.recorder.(StandingRecorder); ok {
		watcher.Stand(r.standings())
	}
}

// standings is how the rules stand now.
func (r *run) standings() []Standing {
	all := make([]Standing, len(r.judge.rules))
	for i, rule := range r.judge.rules {
		all[i] = Standing{Invariant: rule.Name, Violations: rule.violations}
		if j, ok := rule.now(); ok {
			all[i].Judgement = &j
		}
	}
	return all
}

// violate records a breach. Only the first of an invariant is told in full.
func (r *run) violate(rule *rule, breach *Breach, op *Operation, index int64) {
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

// sumUp asks a rule for its judgement.
func (rule *rule) sumUp() Judgement {
	rule.judged = true
	if rule.check.Judge == nil {
		return rule.plain()
	}
	j := rule.check.Judge()
	j.numbersOnly()
	return j
}

// now is what the rule would be judged by if the run ended here, where it can say.
func (rule *rule) now() (Judgement, bool) {
	if rule.check.Judge == nil {
		return rule.plain(), true
	}
	if !rule.check.Anytime {
		return Judgement{}, false
	}
	j := rule.check.Judge()
	j.numbersOnly()
	return j, true
}

// plain is the judgement of a rule that has none of its own: its first breach, or that
// there was none.
func (rule *rule) plain() Judgement {
	j := Judgement{Got: "no breach", Want: "none", Samples: rule.seen, Needs: 1}
	if rule.first != nil {
		j.Got, j.Want = rule.first.Got, rule.first.Want
	}
	return j
}

// cutShort is how a rule stood that was never judged, because the run was cut short:
// its value and bound, but no breach.
func (rule *rule) cutShort() Judgement {
	j, known := rule.now()
	if !known && rule.first != nil {
		j = rule.plain()
	}
	j.Breach = nil
	return j
}

// endPhase judges the steady invariants when a fault is about to begin, and at
// the end of the run.
func (r *run) endPhase(last bool) {
	defer r.judge.lock(r)()
	now := r.elapsed()
	r.mu.Lock()
	steady := r.faults.steadyAt(now)
	index := r.log.next
	r.mu.Unlock()
	for _, rule := range r.judge.rules {
		if rule.When != Steady {
			continue
		}
		j := rule.sumUp()
		rule.phases = append(rule.phases, j)
		if last && !steady {
			j.Samples, j.Breach = 0, nil // a fault or its grace lasted to the end: nothing after it was judged
		}
		rule.last = j
		if j.Breach != nil && j.enough() && steady {
			r.violate(rule, j.Breach, nil, index)
		}
		if rule.check.Restart != nil && !last {
			rule.check.Restart()
		}
	}
}

// judgeEnd sums up everything at the end of a run that was not cut short.
func (r *run) judgeEnd() {
	if r.course.sealed.Load() {
		return
	}
	r.endPhase(true)
	defer r.judge.lock(r)()
	for _, rule := range r.judge.rules {
		if rule.When == Steady {
			continue
		}
		rule.last = rule.sumUp()
		if b := rule.last.Breach; b != nil && rule.first == nil && rule.last.enough() {
			r.violate(rule, b, nil, r.nextIndex())
		}
	}
}
