package report

import (
	"fmt"
	"strings"
)

// How long a report in markdown may be, in bytes.
const (
	// MarkdownMost is the default of [Summary.Markdown], so that the reports of many
	// tests fit on one page.
	MarkdownMost = 32 << 10
	// markdownLeast holds the heading and the command that repeats the run.
	markdownLeast = 4 << 10
)

// Markdown is the summary in GitHub's markdown, of at most so many bytes, 0 meaning
// [MarkdownMost] and no less than 4096: verdict, reasons, rules, charts, faults,
// findings and the command that repeats the run. Parts that do not fit are left out
// whole, the last ones first, and it says so. Whatever text came from an app is
// shown as code: nothing in it is a link, a mention, a tag or markup.
func (s *Summary) Markdown(most int) string {
	if most == 0 {
		most = MarkdownMost
	}
	most = max(most, markdownLeast)
	const leftOut = "\nThere is more, which does not fit here.\n"
	page := s.heading() + s.repeat()
	all := true
	for _, part := range []func() string{s.reasons, s.groups, s.broken, s.charts, s.findings, s.rules} {
		text := part()
		if len(page)+len(text)+len(leftOut) > most {
			all = false
			continue
		}
		page += text
	}
	if !all {
		page += leftOut
	}
	return page
}

var marks = map[string]string{"PASS": "✅", "FAIL": "❌", "STOPPED": "⏹️", "INCONCLUSIVE": "⚠️"}

func (s *Summary) heading() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s %s: %s", marks[s.Verdict], s.Verdict, code(s.Scenario))
	if s.Sweep != nil {
		fmt.Fprintf(&b, ", %d of %d seeds passed\n\n", s.Sweep.Passed, s.Sweep.Seeds)
	} else {
		fmt.Fprintf(&b, ", seed %d\n\n", s.Seed)
	}
	if s.Test != "" {
		fmt.Fprintf(&b, "%s in %s. ", code(s.Test), code(s.Package))
	}
	fmt.Fprintf(&b, "%s simulated in %s on the %s clock: %d citizens, %d operations, %d events", s.Simulated, s.Wall, code(s.Clock), s.Citizens, s.Operations, s.Events)
	if s.Digest != "" {
		fmt.Fprintf(&b, ", digest %s", code(s.Digest[:min(16, len(s.Digest))]))
	}
	b.WriteString(".\n")
	return b.String()
}

func (s *Summary) repeat() string {
	if s.Repro == "" || s.Verdict == "PASS" {
		return ""
	}
	return "\nRepeat it:\n\n" + block("sh", s.Repro)
}

func (s *Summary) reasons() string {
	if len(s.Violations) > 0 && s.Verdict == "FAIL" {
		return "" // told in full below
	}
	var b strings.Builder
	for _, reason := range s.Reasons {
		fmt.Fprintf(&b, "- %s\n", code(firstLine(reason)))
	}
	return section("", b.String())
}

func (s *Summary) groups() string {
	if s.Sweep == nil || len(s.Sweep.Groups)+len(s.Sweep.Resolved) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| | seeds | failed by | repeat it |\n|---|---:|---|---|\n")
	for _, g := range s.Sweep.Groups {
		state := "ongoing"
		if g.New {
			state = "**new**"
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", state, g.Seeds, code(g.Signature), code(g.Repro))
	}
	for _, g := range s.Sweep.Resolved {
		fmt.Fprintf(&b, "| resolved | | %s | |\n", code(g.Signature))
	}
	return section("The sweep", b.String())
}

// broken are the violations.
func (s *Summary) broken() string {
	if len(s.Violations) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| rule | at | got | want | by | faults |\n|---|---|---|---|---|---|\n")
	for _, v := range s.Violations {
		by := strings.Trim(v.Citizen+": "+v.Operation, ": ")
		got := v.Got
		if v.Detail != "" {
			got += " (" + v.Detail + ")"
		}
		fmt.Fprintf(&b, "| %s %s | %s, event %d | %s | %s | %s | %s |\n", severityMark(v.Severity), code(v.Invariant), v.At, v.Event, code(got), code(v.Want), code(by), code(strings.Join(v.Faults, ", ")))
	}
	return section("Violations", b.String())
}

func severityMark(severity string) string {
	if severity == "warning" {
		return "⚠️"
	}
	return "❌"
}

// charts are lines of text over simulated time.
func (s *Summary) charts() string {
	const width, least = 60, 8 // fewer points are no line
	if len(s.Curve) < least {
		return ""
	}
	lines := s.sparklines(min(width, len(s.Curve)))
	if lines == "" {
		return ""
	}
	return "\n" + block("text", lines)
}

func (s *Summary) findings() string {
	var b strings.Builder
	for _, f := range s.Findings {
		if f.Severity != "note" {
			fmt.Fprintf(&b, "%s at %s: %s\n\n", code(f.Kind), f.At, code(firstLine(f.Text)))
			if f.Stack != "" {
				b.WriteString(block("text", f.Stack) + "\n")
			}
		}
	}
	return section("Findings", b.String())
}

// rules is the table of all invariants, folded.
func (s *Summary) rules() string {
	if len(s.Invariants) == 0 {
		return ""
	}
	kept := 0
	var b strings.Builder
	b.WriteString("| rule | status | got | want | samples |\n|---|---|---|---|---:|\n")
	for _, inv := range s.Invariants {
		if inv.Status == "kept" {
			kept++
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %d |\n", code(inv.Name), code(inv.Status), code(inv.Got), code(inv.Want), inv.Samples)
	}
	return fmt.Sprintf("\n<details><summary>%d of %d rules kept</summary>\n\n%s\n</details>\n", kept, len(s.Invariants), b.String())
}

// section is a part with a heading, or nothing.
func section(heading, body string) string {
	switch {
	case body == "":
		return ""
	case heading == "":
		return "\n" + body
	}
	return "\n#### " + heading + "\n\n" + body
}

func firstLine(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first
}

// code shows a text as code within a line or a cell of a table. Its punctuation,
// but for some that means nothing within a line, is written as character
// references, which GitHub shows as they are and reads as nothing else: not as
// markup, tags or addresses, and within code not as mentions or references either.
func code(text string) string {
	if text == "" {
		return ""
	}
	const most = 400
	var b strings.Builder
	b.WriteString("<code>")
	for _, r := range cut(strings.Join(strings.Fields(text), " "), most) {
		if r < 0x80 && !letterOrDigit(r) && !strings.ContainsRune(" -,;=()?'", r) {
			fmt.Fprintf(&b, "&#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteString("</code>")
	return b.String()
}

func letterOrDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// block is a fenced block of code. Its fence is longer than any in the text.
func block(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n"
}
