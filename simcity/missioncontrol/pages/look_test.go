package pages_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/parts"
)

// axe is the text of axe-core, fetched from npm at test time: nothing of third
// parties is kept here.
func axe(t *testing.T) string {
	text, err := fetchAxe()
	if err != nil {
		parts.Demand(t, "npm", err)
		t.Skipf("axe-core is not to be had from npm: %v", err)
	}
	return text
}

var fetchAxe = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "axe")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	command := exec.Command("npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", dir, "axe-core@4.14.1")
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	return string(text), err
})

// A state is a page in a condition that people see.
type state struct{ name, url, prepare string }

// Every page and state, light and dark, narrow and wide, has no violation that
// axe knows of, and none scrolls sideways. The pictures are looked at by a person.
func TestEveryPageAndStateIsAccessible(t *testing.T) {
	t.Parallel()
	startChromium(t)
	script := axe(t)
	all := recordings(t)
	ended := newServer(t, false, 0, all[1], all[0], all[2])
	going := newServer(t, true, 6000, all[3], all[1], all[0])
	small := newServer(t, false, 0, all[4])
	for _, s := range []state{
		{"dashboard-live", going.URL + dashboardPath, `document.querySelector("#charts .overlay").click()`},
		{"dashboard-policies", going.URL + dashboardPath, `document.querySelectorAll("#policies details, details.data").forEach((d) => d.open = true)`},
		{"dashboard-ended", small.URL + dashboardPath, `0`},
		{"dashboard-start", ended.URL + dashboardPath, `document.querySelector("#start").click()`},
		{"dashboard-stop", going.URL + dashboardPath, `document.querySelector("#stop").click()`},
		{"mission-forensics", ended.URL + missionPath, `document.querySelectorAll("details:not(.data)").forEach((d) => d.open = true)`},
		{"mission-state", ended.URL + missionPath + "?tab=state&t=12000&run=" + all[0].row.ID, `document.querySelectorAll("#state details").forEach((d) => d.open = true)`},
		{"mission-diff", ended.URL + missionPath + "?vs=" + all[0].row.ID + "&run=" + all[1].row.ID, `0`},
		{"mission-help", small.URL + missionPath, `document.querySelector("#help-button").click()`},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := open(t, s.url, 1440, 900, "light")
			p.settle()
			ask[any](p, s.prepare)
			ask[any](p, script+"; true")
			p.requireAccessible(s.name, 1440, "light")
			p.requireAccessible(s.name, 1440, "dark")
			p.requireAccessible(s.name, 375, "light") // in the dark its colours are the wide one's
		})
	}
}

// rules are what is asked of a page: all of it where it is wide and light, where it
// is dark what colours change, and where it is narrow what shapes do.
func rules(width int64, scheme string) string {
	switch {
	case scheme == "dark":
		return `runOnly: ["color-contrast", "link-in-text-block"]`
	case width == 375:
		return `rules: { "color-contrast": { enabled: false } }`
	}
	return ""
}

// requireAccessible looks at the page in one width and scheme.
func (p *tab) requireAccessible(name string, width int64, scheme string) {
	p.t.Helper()
	p.look(width, 900, scheme)
	p.settle()
	name = fmt.Sprintf("%s-%d-%s", name, width, scheme)
	require.LessOrEqual(p.t, ask[float64](p, "document.documentElement.scrollWidth"), float64(width), "%s scrolls sideways", name)
	p.shot(name)
	violations := ask[[]string](p, fmt.Sprintf(`axe.run({ resultTypes: ["violations"], preload: false, %s }).then((r) => r.violations.map((v) => v.id + ": " + v.help + "\n    " + v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160) + " " + (n.any[0]?.message || "")).join("\n    ")))`, rules(width, scheme)))
	require.Empty(p.t, violations, "%s:\n%s", name, strings.Join(violations, "\n"))
}

// settle waits until what was asked for is drawn: two frames.
func (p *tab) settle() {
	p.t.Helper()
	ask[any](p, `new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(r, 50))))`)
}
