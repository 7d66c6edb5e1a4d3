package simcity

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bookiji/simcity/internal/locks"
)

// report tells the test how the run went, one subtest per invariant.
func (r *Result) report(t testing.TB) {
	t.Helper()
	if test, ok := t.(*testing.T); ok {
		for _, inv := range r.Invariants {
			test.Run(inv.Name, func(t *testing.T) { inv.report(t, r) })
		}
	}
	if r.Verdict != Pass {
		t.Error(quoted(r.Explain()))
	}
}

func (inv InvariantResult) report(t *testing.T, r *Result) {
	// Written to Output, since the line of code would be one of this file.
	tell := func(format string, args ...any) { fmt.Fprintln(t.Output(), quoted(fmt.Sprintf(format, args...))) }
	v := r.Violation(inv.Name)
	switch {
	case v != nil && v.Severity == Critical:
		tell("at simulated %s, event %d: %s", v.At.Round(time.Millisecond), v.Index, v.Breach.String())
		t.Fail()
	case v != nil:
		tell("warning at simulated %s, event %d: %s", v.At.Round(time.Millisecond), v.Index, v.Breach.String())
	case inv.Status == Unchecked && slices.ContainsFunc(r.Reasons, func(reason string) bool { return strings.Contains(reason, " "+inv.Name+" ") }):
		tell("not checked: %s, needs %d", counted(int(inv.Judgement.Samples), "sample"), max(inv.Judgement.Needs, 1))
		t.Fail()
	case inv.Status == Unchecked:
		t.Skip(inv.whyUnchecked())
	case inv.Judgement.Got == "":
		tell("kept: %s", counted(int(inv.Judgement.Samples), "sample"))
	case inv.Judgement.Want == "":
		tell("%s (%s)", inv.Judgement.Got, counted(int(inv.Judgement.Samples), "sample"))
	default:
		tell("%s (want %s, %s)", inv.Judgement.Got, inv.Judgement.Want, counted(int(inv.Judgement.Samples), "sample"))
	}
}

// whyUnchecked tells rules that lacked samples from those that nobody asked.
func (inv InvariantResult) whyUnchecked() string {
	if inv.CutShort {
		return "not judged: the run ended before"
	}
	samples := counted(int(inv.Judgement.Samples), "sample")
	if inv.Judgement.Samples > 0 && inv.Judgement.Breach == nil {
		samples = "no breach in " + samples
	}
	return fmt.Sprintf("not judged: %s, needs %d", samples, max(inv.Judgement.Needs, 1))
}

var errNoModule = errors.New("no go.mod above the test's folder")

// goTest is the command that runs a test.
func goTest(test string) string {
	parts := strings.Split(test, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return fmt.Sprintf("go test %s%s%s -run %s", raceFlag, overlayFlag(), packageUnderTest(), inShell(strings.Join(parts, "/")))
}

// inShell is a text as one word of a command.
func inShell(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// overlayFlag is what go test must be told for locks to be seams, as they are.
func overlayFlag() string {
	if !locks.Active() {
		return ""
	}
	return overlayWords + " "
}

const overlayWords = `-overlay="$(go tool simcity overlay)"`

// packageUnderTest is how go test is told the package: by its import path, which is
// good in every folder of the module, or else by its folder.
func packageUnderTest() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		path, isTest := strings.CutSuffix(info.Path, ".test")
		if isTest && path != "command-line-arguments" { // go test was given files
			return path
		}
	}
	if dir, err := packageDir(); err == nil {
		return dir
	}
	return "."
}

// packageDir is the folder of the package under test, seen from its module's
// root: go test runs in that folder.
func packageDir() (string, error) {
	_, dir, err := inModule()
	return dir, err
}

// inModule is the root of the module under test, and the package's folder seen
// from there.
func inModule() (root, dir string, err error) {
	root, err = os.Getwd()
	if err != nil {
		return "", "", err
	}
	for below := ""; ; {
		if _, err := os.Stat(root + "/go.mod"); err == nil {
			if below == "" {
				return root, ".", nil
			}
			return root, "./" + below, nil
		}
		i := strings.LastIndexByte(root, '/')
		if i <= 0 {
			return "", "", errNoModule
		}
		below = strings.TrimSuffix(root[i+1:]+"/"+below, "/")
		root = root[:i]
	}
}
