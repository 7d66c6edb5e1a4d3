package simcity

import "fmt"

// rule is an invariant at work.
type rule struct {
	Invariant
	check      Check
	seen       int64
	violations int64
	first      *Violation
	phases     []Judgement // of a steady invariant, one per steady phase
	last       Judgement
	judged     bool // last is there
	ofCut      bool // the run is of a cut that was made to break it
	panicked   bool
	early      *Breach // of a steady rule, before the first fault
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
// its value and bound, but no breach, and nothing if it panics over half a run.
func (rule *rule) cutShort() (j Judgement) {
	defer func() {
		if recover() != nil {
			j = Judgement{}
		}
	}()
	j, known := rule.now()
	if !known && rule.first != nil {
		j = rule.plain()
	}
	j.Breach = nil
	return j
}

func (rule *rule) result() InvariantResult {
	res := InvariantResult{
		Name: rule.Name, When: rule.When, Severity: rule.Severity, Status: Kept,
		Violations: rule.violations, Judgement: rule.last,
	}
	if !rule.judged {
		res.Judgement, res.CutShort = rule.cutShort(), true
	}
	switch {
	case rule.violations > 0:
		res.Status = Violated
	case !rule.checked():
		res.Status = Unchecked
	}
	return res
}

// checked reports whether the rule had what it needs: over the whole run, and
// if it is steady, in the last phase too.
func (rule *rule) checked() bool {
	return rule.judged && (rule.last.enough() || rule.ofCut && rule.keptInCut())
}

// keptInCut tells whether a rule that the cut broke had as much as a cut has: one sample
// will do where one breach is a violation, and half of what a whole run needs where the
// rule sums up.
func (rule *rule) keptInCut() bool {
	needs := int64(1)
	if rule.When != Always {
		needs = max((rule.last.Needs+1)/2, 1)
	}
	return rule.last.Breach == nil && rule.last.Samples >= needs
}

// spoke tells whether the rule judged the run, for good or ill.
func (rule *rule) spoke() bool {
	return rule.first != nil || rule.checked() && rule.last.Exempt == ""
}

// soFar is what a rule has that lacks samples.
func (rule *rule) soFar() string {
	text := fmt.Sprintf("%d samples, needs %d", rule.last.Samples, max(rule.last.Needs, 1))
	if b := rule.last.Breach; b != nil {
		text += ", and so far " + b.String()
	}
	return text
}

// doubt says why a rule was not checked, or nothing. That steady state did not
// hold before the first fault is more than a lack of samples: a breach.
func (rule *rule) doubt(faults bool) (text string, breach bool) {
	switch {
	case rule.first != nil:
		return "", false
	case rule.early != nil:
		return fmt.Sprintf("steady state did not hold before the first fault: %s: %s", rule.Name, rule.early), true
	case rule.check.empty():
		return fmt.Sprintf("invariant %s was not checked: the Check that its Begin made has no function; give it Operation, Tick or Judge", rule.Name), false
	case !rule.checked():
		return fmt.Sprintf("invariant %s was not checked: %s; run longer or busier, or list it in AllowEmpty", rule.Name, rule.soFar()), false
	case !faults || rule.When != Steady || len(rule.phases) < 2:
		return "", false
	}
	if before := rule.phases[0]; !before.enough() {
		return fmt.Sprintf("invariant %s was not checked before the first fault: %d samples, needs %d; let the fault begin later",
			rule.Name, before.Samples, max(before.Needs, 1)), false
	}
	return "", false
}
