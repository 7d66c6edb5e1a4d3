package simcity

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Explain is the failure as a reader wants it: what, when, got and wanted, who,
// under which faults, and how to repeat it.
func (r *Result) Explain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "simcity: scenario %s with seed %d ended in %s\n", r.Scenario, r.Seed, r.Verdict)
	if r.Verdict == Stopped && len(r.Reasons) > 0 {
		fmt.Fprintf(&b, "\n  %s\n", r.Reasons[0])
	}
	if r.Sweep != nil && r.Sweep.Failed > 0 {
		fmt.Fprintf(&b, "\n  the first failure of %s\n", r.Sweep.first())
	}
	if r.Verdict == Fail && len(r.Violations) == 0 && len(r.Findings) == 0 { // its process failed
		fmt.Fprintf(&b, "\n    %s\n", strings.ReplaceAll(strings.Join(r.Reasons, "\n"), "\n", "\n    "))
	}
	for i := range r.Violations {
		r.Violations[i].explain(&b)
	}
	if len(r.Faults) > 0 {
		b.WriteString("\n")
	}
	for _, w := range r.Faults {
		fmt.Fprintf(&b, "  %s\n", w)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n  %s: %s", f.heading(), f.Kind)
		if f.At > 0 {
			fmt.Fprintf(&b, " at simulated %s", f.At.Round(time.Millisecond))
		}
		fmt.Fprintf(&b, "\n    %s\n", f.Text)
		if f.Stack != "" {
			b.WriteString("    " + strings.ReplaceAll(trimStack(f.Stack), "\n", "\n    ") + "\n")
		}
	}
	if r.Verdict == Inconclusive {
		b.WriteString("\n  not decided, because\n")
		for _, reason := range r.Reasons {
			if slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Text == reason }) {
				reason = "of the finding above"
			}
			b.WriteString("    - " + reason + "\n")
		}
	}
	if len(r.HostLog) > 0 {
		fmt.Fprintf(&b, "\n  the host's last log lines\n")
		for _, line := range r.HostLog[max(0, len(r.HostLog)-10):] {
			b.WriteString("    " + line + "\n")
		}
	}
	if r.Repro != "" {
		fmt.Fprintf(&b, "\n  repeat it:  %s\n", r.Repro)
	}
	switch {
	case r.Bundle == "":
	case r.fuzzed:
		fmt.Fprintf(&b, "  all about it: %s (the input that decided is kept by go test)\n", r.Bundle)
	default:
		fmt.Fprintf(&b, "  all about it: %s (run again with SIMCITY_REPLAY=<this file>)\n", r.Bundle)
	}
	return b.String()
}

// explain is what an invariant saw, and in whose operation.
func (v *Violation) explain(b *strings.Builder) {
	fmt.Fprintf(b, "\n  %s %s violated at simulated %s, event %d\n    got:  %s\n    want: %s\n",
		v.Severity, v.Invariant, v.At.Round(time.Millisecond), v.Index, v.Got, v.Want)
	if v.Detail != "" {
		fmt.Fprintf(b, "    why:  %s\n", v.Detail)
	}
	if v.PictureFile != "" {
		fmt.Fprintf(b, "    as a picture: %s\n", v.PictureFile)
	}
	if op := v.Operation; op != nil {
		call := op.Name
		if input := inputText(op.Input); input != "" {
			call += "(" + input + ")"
		}
		fmt.Fprintf(b, "    by:   %s, operation %d %s -> %s %d\n", op.Client(), op.Number, call, op.Outcome, op.Status)
	}
	if len(v.Faults) > 0 {
		fmt.Fprintf(b, "    faults active: %s\n", strings.Join(v.Faults, ", "))
	}
}

// inputText is an operation's input as readers see it, cut short.
func inputText(input any) string {
	const most = 120
	if input == nil {
		return ""
	}
	return shortened(fmt.Sprint(input), most)
}

// trimStack keeps the part of a stack that a reader needs.
func trimStack(stack string) string {
	const most = 4000
	stack = strings.TrimSpace(stack)
	if len(stack) > most {
		stack = stack[:most] + "\n..."
	}
	return stack
}
