package tidy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fenced returns the nth block, from 0, of the README that is fenced as kind.
func fenced(t *testing.T, readme, kind string, nth int) string {
	t.Helper()
	blocks := strings.Split("\n"+readme, "\n```")
	for i := 1; i < len(blocks); i += 2 { // every second part is inside
		if text, ok := strings.CutPrefix(blocks[i], kind+"\n"); ok {
			if nth == 0 {
				return text
			}
			nth--
		}
	}
	require.Fail(t, "README.md has no such block", "%q", kind)
	return ""
}

const readmesRule = `
func TestServed(t *testing.T) {
	simcity.New(simcity.Scenario{Name: "served", Duration: time.Hour}).Target(simcity.InProcess(newShop)).
		Populate(simcity.Population{Name: "shopper", Agent: simcity.AgentFunc(shopper), Arrivals: agents.Burst{N: 10}}).
		Check(mostAreServed).Run(t)
}
`

// The README's first test is compiled and run in a module of its own, as a
// newcomer would, and fails in the words that the README shows.
func TestReadmesFirstTestSaysWhatTheReadmeSays(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)

	shop := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(shop, name), []byte(text), 0o600))
	}
	write("go.mod", strings.Replace(string(module), "module github.com/bookiji/simcity", "module example.com/shop", 1)+
		"\nrequire github.com/bookiji/simcity v0.0.0\nreplace github.com/bookiji/simcity => "+root+"\n")
	write("go.sum", string(sums))
	write("shop_test.go", fenced(t, string(readme), "go", 0))
	write("rule_test.go", "package shop\n\nimport (\n\"fmt\"\n\"testing\"\n\"time\"\n\n\"github.com/bookiji/simcity/agents\"\n\"github.com/bookiji/simcity/simcity\"\n)\n"+
		fenced(t, string(readme), "go", 1)+readmesRule)

	command := exec.Command("go", "test", "-mod=mod", "-count=1", ".")
	command.Dir = shop
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	output, err := command.CombinedOutput()
	require.Error(t, err, "the README's app has a bug: %s", output)

	require.Contains(t, string(output), "most_are_served was not checked: 10 samples, needs 20", "the README's rule counts its own")

	var said []string
	for line := range strings.Lines(string(output)) {
		said = append(said, strings.TrimSpace(line))
	}
	for line := range strings.Lines(fenced(t, string(readme), "", 0)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "all about it:") { // a path of the machine
			continue
		}
		require.Contains(t, strings.Join(said, "\n"), line)
	}
}
