package simcity

import (
	"regexp"
	"strings"
)

// Signature names the way in which a run failed, so that seeds that fail for
// the same reason can be told from others: the first critical invariant, the
// operation at which it broke and the faults active then; else the first finding,
// a panic by the function in which it began; else, of an undecided run, the reason.
// It is empty for PASS.
func (r *Result) Signature() string {
	for _, v := range r.Violations {
		if v.Severity == Critical {
			return v.signature()
		}
	}
	for _, f := range r.Findings {
		if f.Severity == FailFinding {
			return f.signature()
		}
	}
	if r.Verdict == Pass || len(r.Reasons) == 0 {
		return ""
	}
	reason, _, _ := strings.Cut(r.Reasons[0], itBegan)
	return strings.ToLower(string(r.Verdict)) + ": " + withoutNumbers(reason)
}

func (v *Violation) signature() string {
	text := v.Invariant
	if v.Operation != nil {
		text += " at " + v.Operation.Name
	}
	if len(v.Faults) > 0 {
		text += " under " + strings.Join(v.Faults, ", ")
	}
	return text
}

// signature of a panic leaves out who asked for what when it came.
func (f *Finding) signature() string {
	kind, text := string(f.Kind), f.Text
	if function, _ := hostFrame(f.Stack); f.Kind == FindingPanic && function != "" {
		kind += " in " + function
		text = strings.TrimPrefix(text, panicIn(f.Actor))
	}
	return kind + ": " + withoutNumbers(text)
}

var (
	numbers = regexp.MustCompile(`0x[0-9a-f]+|[0-9]+(\.[0-9]+)?`)
	one     = regexp.MustCompile(`\b1 ([a-z]{4,}[a-rt-z])\b`)
)

// withoutNumbers is the first line of text, cut short between words, with a # for each
// number: of one and of several is the same.
func withoutNumbers(text string) string {
	const most = 160
	text, _, _ = strings.Cut(text, "\n")
	text = numbers.ReplaceAllString(one.ReplaceAllString(text, "1 ${1}s"), "#")
	if len(text) <= most {
		return text
	}
	return text[:strings.LastIndexByte(text[:most], ' ')+1] + "..."
}
