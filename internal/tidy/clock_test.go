package tidy

import (
	"go/ast"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// clockHolders are the files in which clock and streams live.
var clockHolders = exemptions{
	"internal/conductor/clock.go":            "the three clocks themselves",
	"internal/cputime/cputime_other.go":      "the best there is where the system does not tell processor time",
	"simcity/bubble.go":                      "a run's wall time, from outside the bubble",
	"simcity/watchdog.go":                    "likewise: how long nothing has moved",
	"simcity/pacer.go":                       "whoever watches a run lives on real time",
	"simcity/limits.go":                      "requests to a target elsewhere are limited in real time",
	"simcity/line.go":                        "a request to a target elsewhere has its deadline in real time",
	"simcity/phases.go":                      "what requests to a target elsewhere wait for is real time",
	"simcity/missioncontrol/clock.go":        "a control plane lives in real time, outside of runs",
	"simcity/cmd/simcity/clock.go":           "a command is called on some real date",
	"simcity/play.go":                        "a test's deadline is in real time",
	"simcity/reporter.go":                    "a run's id and its real date: no part of what a seed repeats",
	"simcity/shrink.go":                      "shrinking ends after so much real time",
	"simcity/sweep.go":                       "seeds per second are of real time",
	"simcity/sweeper.go":                     "a worker process has limits in real time",
	"simcity/run.go":                         "the host's clock, for latencies, and the date on which a run begins",
	"simcity/report/notify/clock.go":         "services are called in real time, after the run",
	"simcity/telemetry/clock.go":             "delivery happens in real time, outside of the run",
	"simcity/telemetry/runner/clock.go":      "leases are in real time, outside of all runs",
	"simcity/testhooks/clock.go":             "leases are in real time: whoever renews them may be dead",
	"chaos/remote/clock.go":                  "likewise, on the other side",
	"simcity/wind.go":                        "under a Stepped clock handlers end in real time, which is waited for",
	"simcity/missioncontrol/testui/clock.go": "who looks at tests lives on real time",
}

// clockReaders are the functions of time that read the wall clock or wait for
// it.
var clockReaders = []string{"Now", "Sleep", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}

// streamMakers are the names of math/rand that draw nothing from the numbers
// that all share.
var streamMakers = []string{"New", "NewPCG", "NewChaCha8", "NewSource", "NewZipf", "Rand", "PCG", "ChaCha8", "Source", "Source64", "Zipf"}

// wallClock finds uses of the wall clock and of random numbers that all share.
// Tests and the examples' host apps are free to use them.
func wallClock(t *tree) []string {
	var all []string
	for _, file := range t.files {
		if file.test || within(file.dir, "examples/...") {
			continue
		}
		clock, dice := file.local("time"), []string{file.local("math/rand"), file.local("math/rand/v2")}
		if clock == "." || slices.Contains(dice, ".") {
			all = append(all, t.at(file.syntax.Name.Pos(), "takes over all names of time or math/rand: import it under a name, so that its use is seen"))
		}
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			pkg, name := qualified(n)
			switch {
			case pkg == "":
			case pkg == clock && slices.Contains(clockReaders, name):
				all = append(all, t.at(n.Pos(), "time.%s: the run's clock is asked instead, so that a seed replays", name))
			case slices.Contains(dice, pkg) && !slices.Contains(streamMakers, name):
				all = append(all, t.at(n.Pos(), "rand.%s: each citizen draws from its own stream, so that a seed replays", name))
			}
			return true
		})
	}
	return all
}

// qualified splits a name such as time.Now, and returns nothing for other nodes.
func qualified(n ast.Node) (pkg, name string) {
	selector, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	left, ok := selector.X.(*ast.Ident)
	if !ok {
		return "", ""
	}
	return left.Name, selector.Sel.Name
}

func TestWallClockAndSharedRandomNumbersAreFound(t *testing.T) {
	t.Parallel()
	planted := plant(t, map[string]string{
		"simcity/a.go": `package simcity
import (
	wall "time"
	"math/rand/v2"
)
var began = wall.Now()
func wait(r *rand.Rand) {
	wall.Sleep(wall.Second)
	later := wall.NewTimer
	_, _ = rand.IntN(3), later
	_ = rand.New(rand.NewPCG(1, 2)).IntN(3) + r.IntN(3)
}`,
		"agents/a.go":           "package agents\nimport . \"time\"\nvar now = Now()\n",
		"agents/b.go":           "package agents\nimport \"math/rand\"\nvar n = rand.Int()\n",
		"agents/a_test.go":      "package agents\nimport \"time\"\nvar began = time.Now()\n",
		"examples/booking/a.go": "package booking\nimport \"time\"\nvar began = time.Now()\n",
		"simcity/clock.go":      "package simcity\nimport \"time\"\nvar began = time.Now()\n",
		"simcity/idle.go":       "package simcity\n",
	})
	require.Equal(t, []string{
		"agents/a.go:1: takes over all names of time or math/rand: import it under a name, so that its use is seen",
		"agents/b.go:3: rand.Int: each citizen draws from its own stream, so that a seed replays",
		"simcity/a.go:6: time.Now: the run's clock is asked instead, so that a seed replays",
		"simcity/a.go:8: time.Sleep: the run's clock is asked instead, so that a seed replays",
		"simcity/a.go:9: time.NewTimer: the run's clock is asked instead, so that a seed replays",
		"simcity/a.go:10: rand.IntN: each citizen draws from its own stream, so that a seed replays",
		"simcity/idle.go: exempted for nothing: take it off the list",
	}, exemptions{"simcity/clock.go": "the clock", "simcity/idle.go": "once"}.spared(wallClock(planted)))
}
