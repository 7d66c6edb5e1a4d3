package tidy

import (
	"fmt"
	"go/ast"
	"go/doc"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// topNames are the names that the top level shows, hidden ones apart.
var topNames = []string{
	"simcity", "agents", "invariants", "chaos", "scenarios", "examples", "internal",
	"go.mod", "go.sum", "README.md", "LICENSE",
}

// linesMax is the length at which a file holds more than one concept.
const linesMax = 450

// topLevel finds names that do not belong at the top.
func topLevel(t *tree) []string {
	var all []string
	for _, name := range t.top {
		if !strings.HasPrefix(name, ".") && !slices.Contains(topNames, name) && !t.ignores(name) {
			all = append(all, name+": the top level shows only "+strings.Join(topNames, ", "))
		}
	}
	return all
}

func (t *tree) ignores(name string) bool {
	return slices.ContainsFunc(t.ignored, func(pattern string) bool {
		matched, err := path.Match(strings.Trim(pattern, "/"), name)
		return err == nil && matched
	})
}

// manuals finds packages without a doc.go that begins as their manual.
func manuals(t *tree) []string {
	var all []string
	for _, dir := range t.packages() {
		files := t.in(dir)
		i := slices.IndexFunc(files, func(s *source) bool { return path.Base(s.path) == "doc.go" })
		if i < 0 {
			all = append(all, dir+": has no doc.go: what it is, when to use it, an example, its limits")
			continue
		}
		want := "Package " + files[i].syntax.Name.Name + " "
		if files[i].syntax.Name.Name == "main" {
			want = "Command " + path.Base(dir) + " "
		}
		if !strings.HasPrefix(files[i].syntax.Doc.Text(), want) {
			all = append(all, fmt.Sprintf("%s: its comment begins with %q", files[i].path, "// "+want))
		}
	}
	return all
}

// examples finds packages that users import and that show no example that runs.
func examples(t *tree) []string {
	var all []string
	for _, dir := range t.packages() {
		if within(dir, "internal/...") || within(dir, "simcity/cmd/...") || t.in(dir)[0].syntax.Name.Name == "main" {
			continue
		}
		var tests []*ast.File
		for _, file := range t.in(dir) {
			if file.test {
				tests = append(tests, file.syntax)
			}
		}
		runs := func(e *doc.Example) bool { return e.Output != "" || e.EmptyOutput }
		if !slices.ContainsFunc(doc.Examples(tests...), runs) {
			all = append(all, dir+": has no Example with an // Output: that its manual could show")
		}
	}
	return all
}

// lengths finds files that are longer than one concept.
func lengths(t *tree) []string {
	var all []string
	for _, file := range t.files {
		if file.lines > linesMax {
			all = append(all, fmt.Sprintf("%s: %d lines, more than %d: a file is one concept under its own noun", file.path, file.lines, linesMax))
		}
	}
	return all
}

func TestStrangersAtTheTopAreFound(t *testing.T) {
	t.Parallel()
	planted := plant(t, map[string]string{
		".gitignore": "*.test\n_artifacts/\n", ".ci/run": "", "README.md": "", "go.mod": "", "agents/a.go": "package agents\n",
		"agents.test": "", "_artifacts/1": "", "util/a.go": "package util\n", "Makefile": "",
	})
	allowed := "simcity, agents, invariants, chaos, scenarios, examples, internal, go.mod, go.sum, README.md, LICENSE"
	require.Equal(t, []string{
		"Makefile: the top level shows only " + allowed,
		"util: the top level shows only " + allowed,
	}, topLevel(planted))
}

func TestMissingManualsAreFound(t *testing.T) {
	t.Parallel()
	planted := plant(t, map[string]string{
		"agents/a.go":                "// Package agents lives elsewhere.\npackage agents\n",
		"chaos/doc.go":               "// Faults.\npackage chaos\n",
		"invariants/doc.go":          "package invariants\n",
		"scenarios/doc.go":           "// Package scenarios is the pack.\npackage scenarios\n",
		"simcity/cmd/simcity/doc.go": "// Command simcity is the command.\npackage main\n",
		"simcity/cmd/other/doc.go":   "// Package main is the command.\npackage main\n",
	})
	require.Equal(t, []string{
		"agents: has no doc.go: what it is, when to use it, an example, its limits",
		`chaos/doc.go: its comment begins with "// Package chaos "`,
		`invariants/doc.go: its comment begins with "// Package invariants "`,
		`simcity/cmd/other/doc.go: its comment begins with "// Command other "`,
	}, manuals(planted))
}

func TestMissingExamplesAreFound(t *testing.T) {
	t.Parallel()
	planted := plant(t, map[string]string{
		"agents/a.go":                  "package agents\n",
		"chaos/a.go":                   "package chaos\n",
		"chaos/a_test.go":              "package chaos\nfunc Example() {}\n",
		"invariants/a_test.go":         "package invariants_test\nfunc Example() {\n\t// Output:\n}\n",
		"internal/conductor/a.go":      "package conductor\n",
		"simcity/cmd/simcity/a.go":     "package main\n",
		"simcity/cmd/overlay/a.go":     "package overlay\n",
		"examples/missioncontrol/a.go": "package main\n",
	})
	require.Equal(t, []string{
		"agents: has no Example with an // Output: that its manual could show",
		"chaos: has no Example with an // Output: that its manual could show",
	}, examples(planted))
}

func TestLongFilesAreFound(t *testing.T) {
	t.Parallel()
	planted := plant(t, map[string]string{
		"agents/a.go":      "package agents\n" + strings.Repeat("\n", linesMax-1),
		"agents/a_test.go": "package agents\n" + strings.Repeat("\n", linesMax),
	})
	require.Equal(t, []string{
		"agents/a_test.go: 451 lines, more than 450: a file is one concept under its own noun",
	}, lengths(planted))
}
