package tidy

import (
	"go/ast"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// missingParts are what a machine may lack, and thus the only reasons to skip.
var missingParts = []string{"Postgres", "Chromium", "Supabase"}

// bubbleHelpers are files whose sleeps stand outside a bubble's own function,
// but run in one.
var bubbleHelpers = exemptions{
	"examples/booking/bug_test.go":   "the stories and the slow store run in the bubble of the table that tells them",
	"examples/booking/cache_test.go": "the slow store is used in bubbles alone",
}

// skips finds tests that are skipped without naming the part that is missing.
func skips(t *tree) []string {
	var all []string
	for _, file := range t.files {
		if !file.test {
			continue
		}
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && skipsWithoutName(call) {
				all = append(all, t.at(call.Pos(), "skips a test without naming what is missing: its text says which of %s", strings.Join(missingParts, ", ")))
			}
			return true
		})
	}
	return all
}

func skipsWithoutName(call *ast.CallExpr) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, selector.Sel.Name) {
		return false
	}
	if len(call.Args) == 0 {
		return true
	}
	text, ok := call.Args[0].(*ast.BasicLit)
	return !ok || !slices.ContainsFunc(missingParts, func(part string) bool { return strings.Contains(text.Value, part) })
}

// realSleeps finds tests that sleep in real time: a sleep is fine in a function
// that is written down where a bubble is opened, and as part of a simulation's
// host, which lives on the run's clock.
func realSleeps(t *tree) []string {
	var all []string
	for _, dir := range t.packages() {
		files := slices.DeleteFunc(t.in(dir), func(s *source) bool { return !s.test })
		openers := bubbleOpeners(files)
		for _, file := range files {
			if clock := file.local("time"); clock != "" {
				all = append(all, t.sleeps(file.syntax, clock, openers)...)
			}
		}
	}
	return all
}

// bubbleOpeners are the functions of a package's tests that open a bubble for
// others: what is handed to them runs inside.
func bubbleOpeners(files []*source) []string {
	openers := []string{"synctest.Test", "simcity.InProcess"}
	for _, file := range files {
		for _, decl := range file.syntax.Decls {
			function, ok := decl.(*ast.FuncDecl)
			if ok && function.Body != nil && opens(function.Body) {
				openers = append(openers, function.Name.Name)
			}
		}
	}
	return openers
}

func opens(body ast.Node) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		pkg, name := qualified(n)
		found = found || pkg == "synctest" && name == "Test"
		return !found
	})
	return found
}

// sleeps lists the real sleeps below a node.
func (t *tree) sleeps(below ast.Node, clock string, openers []string) []string {
	var all []string
	ast.Inspect(below, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && slices.Contains(openers, called(call)) {
			return false
		}
		if pkg, name := qualified(n); pkg == clock && name == "Sleep" || clock == "." && isIdent(n, "Sleep") {
			all = append(all, t.at(n.Pos(), "sleeps in real time: open a bubble with synctest.Test"))
		}
		return true
	})
	return all
}

func isIdent(n ast.Node, name string) bool {
	ident, ok := n.(*ast.Ident)
	return ok && ident.Name == name
}

// called is the name of a called function, such as synctest.Test or conduct.
func called(call *ast.CallExpr) string {
	if ident, ok := call.Fun.(*ast.Ident); ok {
		return ident.Name
	}
	if pkg, name := qualified(call.Fun); pkg != "" {
		return pkg + "." + name
	}
	return ""
}

func TestSkipsWithoutANameAreFound(t *testing.T) {
	t.Parallel()
	planted := plant(t, map[string]string{
		"agents/a_test.go": `package agents
func TestA(t *testing.T) {
	t.Skip()
	t.SkipNow()
	t.Skip("flaky")
	t.Skipf("no Postgres: %v", err)
	t.Run("x", func(t *testing.T) { t.Skip(reason) })
	t.Skip("no Chromium on this machine")
}`,
		"simcity/a.go": "package simcity\nfunc skip(t testing.TB) { t.Skip() }\n",
	})
	why := " skips a test without naming what is missing: its text says which of Postgres, Chromium, Supabase"
	require.Equal(t, []string{
		"agents/a_test.go:3:" + why, "agents/a_test.go:4:" + why, "agents/a_test.go:5:" + why, "agents/a_test.go:7:" + why,
	}, skips(planted))
}

func TestSleepsInRealTimeAreFound(t *testing.T) {
	t.Parallel()
	planted := plant(t, map[string]string{
		"agents/a_test.go": `package agents
import ("testing/synctest"; "time")
func TestA(t *testing.T) {
	time.Sleep(1)
	synctest.Test(t, func(t *testing.T) { time.Sleep(2) })
	inBubble(t, func() { time.Sleep(3) })
	t.Run("x", func(t *testing.T) { time.Sleep(4) })
	simcity.New(s).Target(simcity.InProcess(func() { time.Sleep(5) })).Run(t)
}
func inBubble(t *testing.T, do func()) {
	synctest.Test(t, func(*testing.T) { do() })
}`,
		"agents/b_test.go":  "package agents\nimport . \"time\"\nfunc nap() { Sleep(1) }\n",
		"agents/c_test.go":  "package agents\nimport \"time\"\nfunc nap() { wait := time.Sleep; wait(1) }\n",
		"agents/d_test.go":  "package agents\nimport \"time\"\nfunc nap() { time.Sleep(1) }\n",
		"chaos/a_test.go":   "package chaos\nimport \"time\"\nfunc TestA() { inBubble(t, func() { time.Sleep(1) }) }\n",
		"simcity/sleeps.go": "package simcity\nimport \"time\"\nfunc nap() { time.Sleep(1) }\n",
	})
	why := " sleeps in real time: open a bubble with synctest.Test"
	require.Equal(t, []string{
		"agents/a_test.go:4:" + why, "agents/a_test.go:7:" + why, "agents/b_test.go:3:" + why, "agents/c_test.go:3:" + why,
		"chaos/a_test.go:3:" + why,
	}, exemptions{"agents/d_test.go": "only called in bubbles"}.spared(realSleeps(planted)))
}
