package simcity

import (
	"regexp"
	"strings"
)

// CI services take lines of a test's output for commands: GitHub Actions those that
// begin with ::, whatever space is before it, and, like Azure and TeamCity, ##[
// anywhere. A carriage return ends a line as well.
var (
	lineCommand   = regexp.MustCompile(`(?m)^(\s*)::`)
	inlineCommand = regexp.MustCompile(`##([A-Za-z]*\[)`)
)

// quoted is a text that an app may have had a part in, of which no CI service takes
// a line for a command.
func quoted(text string) string {
	if !strings.Contains(text, "::") && !strings.Contains(text, "##") {
		return text
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	return inlineCommand.ReplaceAllString(lineCommand.ReplaceAllString(text, "$1: :"), "# #$1")
}
