package report

import (
	"fmt"
	"strings"
)

// annotationsMost is how many annotations of a level one run makes: GitHub shows
// ten of each per step.
const annotationsMost = 10

// Annotations are workflow commands, a line each, by which GitHub Actions marks the
// line of the test in the change: an error for each critical violation or other
// reason why the verdict is not PASS, for a sweep one for each way of failing, and
// a warning for each warning. Nothing for a run that passes without.
func (s *Summary) Annotations() string {
	var errors, warnings []string
	if s.Sweep != nil {
		for _, g := range s.Sweep.Groups {
			errors = append(errors, s.annotation("error", fmt.Sprintf("%s: %s", g.Verdict, g.Signature), fmt.Sprintf("%d of %d seeds\n%s\nrepeat it: %s", g.Seeds, s.Sweep.Seeds, firstLine(g.Reason), g.Repro)))
		}
	}
	for _, v := range s.Violations {
		level := "error"
		if v.Severity == "warning" {
			level = "warning"
		}
		text := s.annotation(level, v.Invariant, v.text()+s.repeatLine())
		switch {
		case level == "warning":
			warnings = append(warnings, text)
		case s.Sweep == nil:
			errors = append(errors, text)
		}
	}
	if len(errors) == 0 && s.Verdict != "PASS" {
		errors = append(errors, s.annotation("error", s.Verdict, strings.Join(s.Reasons, "\n")+s.repeatLine()))
	}
	return strings.Join(atMost(errors), "") + strings.Join(atMost(warnings), "")
}

func (v *Violation) text() string {
	text := fmt.Sprintf("at simulated %s, event %d: got %s, want %s", v.At, v.Event, v.Got, v.Want)
	for _, more := range []string{v.Detail, v.Citizen, v.Operation} {
		if more != "" {
			text += "\n" + more
		}
	}
	return text
}

func (s *Summary) repeatLine() string {
	if s.Repro == "" {
		return ""
	}
	return "\nrepeat it: " + s.Repro
}

func atMost(all []string) []string { return all[:min(len(all), annotationsMost)] }

// annotation is one workflow command.
func (s *Summary) annotation(level, title, message string) string {
	properties := "title=" + propertyText(line(fmt.Sprintf("simcity %s seed %d: %s", s.Scenario, s.Seed, title), nameMost))
	if s.File != "" {
		properties = fmt.Sprintf("file=%s,line=%d,%s", propertyText(s.File), s.Line, properties)
	}
	return fmt.Sprintf("::%s %s::%s\n", level, properties, messageText(plain(message, textMost)))
}

// messageEscapes and propertyEscapes are what the runner of GitHub Actions reads
// back (src/Runner.Common/ActionCommand.cs). With the ends of lines escaped no
// text begins a line, so that none can be a command of its own.
var (
	messageEscapes  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func messageText(text string) string  { return messageEscapes.Replace(text) }
func propertyText(text string) string { return propertyEscapes.Replace(text) }
