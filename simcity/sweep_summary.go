package simcity

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bookiji/simcity/internal/locks"
)

// A Sweep is what became of many seeds: failures are grouped by signature and
// compared with those of the sweep before.
type Sweep struct {
	Seeds   int     `json:"seeds"` // that were run
	Planned int     `json:"planned"`
	Passed  int     `json:"passed"`
	Failed  int     `json:"failed"`
	Late    bool    `json:"late,omitempty"`    // go test's deadline came near
	Stopped string  `json:"stopped,omitempty"` // by which signal
	Rate    float64 `json:"rate"`              // seeds per second of real time
	// Groups are the failures, the worst and most frequent first.
	Groups []FailureGroup `json:"groups,omitempty"`
	// Resolved are those of the sweeps before that did not come again and whose first
	// seed passed, where a seed makes the same run again.
	Resolved []FailureGroup   `json:"resolved,omitempty"`
	Reached  map[string]int64 `json:"reached,omitempty"`
	// Note says what the seeds cannot show, if there is something.
	Note string `json:"note,omitempty"`

	chance  bool     // a seed need not do the same again
	unseen  []string // of those that did not come again either, but may
	history error    // why the comparison could not be kept
}

// A FailureGroup is the seeds that failed in one way, see [Result.Signature].
type FailureGroup struct {
	Signature string  `json:"signature"`
	Verdict   Verdict `json:"verdict"`
	Seeds     int     `json:"seeds"`
	First     uint64  `json:"first,string"` // seed
	Reason    string  `json:"reason"`       // of the first seed
	// New: the sweep before had none like it.
	New bool `json:"new,omitempty"`
	// Repro is the command that repeats the first seed.
	Repro string `json:"repro,omitempty"`
}

func (s *sweep) summary() *Sweep {
	sum := &Sweep{Seeds: len(s.done), Planned: len(s.seeds), Rate: s.rate(), Reached: make(map[string]int64)}
	groups := map[string]*FailureGroup{}
	for _, out := range s.done {
		for name, times := range out.Reached {
			sum.Reached[name] += times
		}
		if out.Verdict == Pass {
			sum.Passed++
			continue
		}
		sum.Failed++
		g := groups[out.Signature]
		if g == nil {
			g = &FailureGroup{Signature: out.Signature, Verdict: out.Verdict, First: out.Seed, Reason: out.Reason, Repro: s.play.repro(out.Seed)}
			groups[out.Signature] = g
		}
		g.Seeds++
	}
	for _, g := range groups {
		sum.Groups = append(sum.Groups, *g)
	}
	slices.SortFunc(sum.Groups, func(a, b FailureGroup) int {
		return cmp.Or(cmp.Compare(rankOf(a.Verdict), rankOf(b.Verdict)), cmp.Compare(b.Seeds, a.Seeds), cmp.Compare(a.Signature, b.Signature))
	})
	verdicts := make(map[uint64]Verdict, len(s.done))
	for _, out := range s.done {
		verdicts[out.Seed] = out.Verdict
	}
	sum.Late, sum.Stopped, sum.Note, sum.chance = s.late, s.signal, s.note(), !s.play.simulation.repeats()
	sum.compare(s.historyFile(), verdicts)
	return sum
}

// note tells of seeds that differ only by what the citizens do, since nobody can be
// overtaken inside of the app.
func (s *sweep) note() string {
	simulation := s.play.simulation
	lived := slices.ContainsFunc(s.done, func(out outcome) bool { return out.Operations > 0 })
	seams := locks.Active() && !simulation.overlaid.off || slices.ContainsFunc(s.done, func(out outcome) bool { return out.Seams })
	if !lived || seams || simulation.clock.inner.Name() != "virtual" || simulation.explore.Order == Free {
		return ""
	}
	return "no seam inside the app was passed by any seed: the seeds differ by what citizens do, and requests overlap only where the app itself sleeps or waits, so that races within them barely show; " + seamsFix
}

// compare tells new failures from ongoing ones by what the sweep before left in
// the file, and leaves there what the next one needs. A failure is resolved when
// its first seed, which repeats, passed and none fails in that way any more.
func (sum *Sweep) compare(path string, verdicts map[uint64]Verdict) {
	var before []FailureGroup
	if text, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(text, &before) // what cannot be read makes everything new
	}
	known := map[string]bool{}
	for i, g := range before {
		before[i].New = false
		known[g.Signature] = true
	}
	now := map[string]bool{}
	for i, g := range sum.Groups {
		sum.Groups[i].New = !known[g.Signature]
		now[g.Signature] = true
	}
	keep := slices.Clone(sum.Groups)
	for _, g := range before {
		switch verdict, ran := verdicts[g.First]; {
		case now[g.Signature]:
		case verdict == Pass && !sum.chance:
			sum.Resolved = append(sum.Resolved, g)
		case verdict == Pass:
			keep = append(keep, g)
			sum.unseen = append(sum.unseen, fmt.Sprintf("%s (its seed %d passed, but such a run does not repeat)", g.Signature, g.First))
		case ran:
			keep = append(keep, g)
			sum.unseen = append(sum.unseen, fmt.Sprintf("%s (its seed %d failed in another way)", g.Signature, g.First))
		default:
			keep = append(keep, g)
			sum.unseen = append(sum.unseen, fmt.Sprintf("%s (its seed %d was not run)", g.Signature, g.First))
		}
	}
	text, err := json.MarshalIndent(keep, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o777)
	}
	if err == nil {
		err = os.WriteFile(path, text, 0o666)
	}
	sum.history = err
}

// historyFile keeps the failures of a test's last sweep of the same kind: what
// another one could not find is not resolved.
func (s *sweep) historyFile() string {
	if path := s.play.settings.sweepHistory; path != "" {
		return path
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	name := strings.NewReplacer("/", "-", " ", "-").Replace(s.play.t.Name()) + "-" + s.play.simulation.scenario.Name
	if s.ordinal > 1 {
		name += "-" + itoa(s.ordinal)
	}
	if mode := s.play.settings.exploreMode; mode != "" {
		name += "-" + mode
	}
	if locks.Active() {
		name += "-overlay"
	}
	return filepath.Join(dir, "simcity", "sweeps", fmt.Sprintf("%s-%s.json", name, placeOfWork()))
}

// String is the summary for people.
func (sum *Sweep) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "simcity sweep: %s, %d passed, %d failed in %s, %.1f seeds/s", counted(sum.Seeds, "seed"), sum.Passed, sum.Failed, counted(len(sum.Groups), "way"), sum.Rate)
	switch {
	case sum.Late:
		fmt.Fprintf(&b, "; stopped before go test's -timeout, %d were planned: give it more time", sum.Planned)
	case sum.Stopped != "":
		fmt.Fprintf(&b, "; %s, %d were planned", howStopped(sum.Stopped), sum.Planned)
	case sum.Seeds < sum.Planned:
		fmt.Fprintf(&b, "; stopped early, %d were planned", sum.Planned)
	}
	for _, g := range sum.Groups {
		state := "ongoing"
		if g.New {
			state = "NEW"
		}
		fmt.Fprintf(&b, "\n  %-8s %4dx  %s\n                 %s", state, g.Seeds, g.Signature, g.Repro)
	}
	for _, g := range sum.Resolved {
		fmt.Fprintf(&b, "\n  resolved       %s (its seed %d passed)", g.Signature, g.First)
	}
	for i, text := range sum.unseen {
		if i == unseenMax {
			fmt.Fprintf(&b, "\n  not seen       %d more", len(sum.unseen)-unseenMax)
			break
		}
		fmt.Fprintf(&b, "\n  not seen       %s", text)
	}
	for _, name := range slices.Sorted(maps.Keys(sum.Reached)) {
		if n := sum.Reached[name]; n == 0 {
			fmt.Fprintf(&b, "\n  never reached  %s", name)
		} else {
			fmt.Fprintf(&b, "\n  reached %6dx %s", n, name)
		}
	}
	if sum.Note != "" {
		fmt.Fprintf(&b, "\n  note           %s", sum.Note)
	}
	if sum.history != nil {
		fmt.Fprintf(&b, "\n  the next sweep cannot be compared with this one: %v", sum.history)
	}
	return b.String()
}

// unseenMax is how many failures of earlier sweeps are told that this one tells
// nothing of.
const unseenMax = 5

// first is the summary's first line.
func (sum *Sweep) first() string {
	line, _, _ := strings.Cut(sum.String(), "\n")
	return strings.TrimPrefix(line, "simcity ")
}

// defaults of what a seed of a sweep may use.
const (
	defaultSeedTime   = 5 * time.Minute
	defaultSeedMemory = 4 << 30
)
