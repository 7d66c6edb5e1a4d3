package tidy

import (
	"go/ast"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// missingParts are what a machine may lack, and thus the only reasons to skip.
var missingParts = []string{"Postgres", "Chromium", "Supabase", "Redis", "PgBouncer", "Node", "npm", "namespaces", "Go of release"}

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

// realSleeps finds tests that sleep in real time. A sleep is fine in what is
// handed to a function that opens a bubble, written down there or by its name,
// and so in the host of a simulation, which lives on the run's clock.
func realSleeps(t *tree) []string {
	var all []string
	for _, dir := range t.packages() {
		files := slices.DeleteFunc(t.in(dir), func(s *source) bool { return !s.test })
		openers := bubbleOpeners(files)
		inside := handedTo(openers, files)
		for _, file := range files {
			clock := file.local("time")
			for _, decl := range file.syntax.Decls {
				if clock != "" && !slices.Contains(inside, functionName(decl)) {
					all = append(all, t.sleeps(decl, clock, openers)...)
				}
			}
		}
	}
	return all
}

// bubbleOpeners are the functions that run in a bubble what is handed to them:
// those of the libraries, and a package's helpers that call one of them.
func bubbleOpeners(files []*source) []string {
	openers := []string{"synctest.Test", "simcity.InProcess"}
	for known := 0; known < len(openers); {
		known = len(openers)
		for _, file := range files {
			for _, decl := range file.syntax.Decls {
				name := functionName(decl)
				if name != "" && !slices.Contains(openers, name) && len(callsOf(openers, decl)) > 0 {
					openers = append(openers, name)
				}
			}
		}
	}
	return openers
}

// handedTo are the names that some call hands to one of these functions.
func handedTo(functions []string, files []*source) []string {
	var names []string
	for _, file := range files {
		for _, call := range callsOf(functions, file.syntax) {
			for _, argument := range call.Args {
				if ident, ok := argument.(*ast.Ident); ok {
					names = append(names, ident.Name)
				}
			}
		}
	}
	return names
}

// callsOf lists the calls of these functions below a node.
func callsOf(functions []string, below ast.Node) []*ast.CallExpr {
	var calls []*ast.CallExpr
	ast.Inspect(below, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && slices.Contains(functions, called(call)) {
			calls = append(calls, call)
		}
		return true
	})
	return calls
}

// functionName is the name of a declared function, empty for methods and all
// else.
func functionName(decl ast.Decl) string {
	if function, ok := decl.(*ast.FuncDecl); ok && function.Recv == nil {
		return function.Name.Name
	}
	return ""
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
	why := " skips a test without naming what is missing: its text says which of Postgres, Chromium, Supabase, Redis, PgBouncer, Node, npm, namespaces, Go of release"
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
}
func inSlowBubble(t *testing.T, do func()) { inBubble(t, do) }
func TestB(t *testing.T) {
	inSlowBubble(t, func() { time.Sleep(6) })
	inSlowBubble(t, nap)
	outside(t, doze)
}
func nap()  { time.Sleep(7) }
func doze() { time.Sleep(8) }
func (h *host) inBubble(do func()) { time.Sleep(9) }
`,
		"agents/b_test.go":  "package agents\nimport . \"time\"\nfunc idle() { Sleep(1) }\n",
		"agents/c_test.go":  "package agents\nimport \"time\"\nfunc hold() { wait := time.Sleep; wait(1) }\n",
		"agents/d_test.go":  "package agents\nimport \"time\"\nfunc rest() { time.Sleep(1) }\n",
		"chaos/a_test.go":   "package chaos\nimport \"time\"\nfunc TestA() { inBubble(t, func() { time.Sleep(1) }) }\n",
		"simcity/sleeps.go": "package simcity\nimport \"time\"\nfunc nap() { time.Sleep(1) }\n",
	})
	why := " sleeps in real time: open a bubble with synctest.Test"
	require.Equal(t, []string{
		"agents/a_test.go:4:" + why, "agents/a_test.go:7:" + why, "agents/a_test.go:20:" + why,
		"agents/a_test.go:21:" + why, "agents/b_test.go:3:" + why, "agents/c_test.go:3:" + why,
		"chaos/a_test.go:3:" + why,
	}, exemptions{"agents/d_test.go": "only called in bubbles"}.spared(realSleeps(planted)))
}
