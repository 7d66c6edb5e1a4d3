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
)

// A sweepSummary groups a sweep's failures by signature and compares them with
// those of the sweep before.
type sweepSummary struct {
	Seeds    int
	Planned  int
	Passed   int
	Failed   int
	Late     bool    // go test's deadline came near
	Rate     float64 // seeds per second of real time
	Groups   []failureGroup
	Resolved []failureGroup // of the sweep before, and not of this one
	Reached  map[string]int64
	Repro    func(seed uint64) string
	History  error // why the comparison could not be kept
}

// A failureGroup is the seeds that failed in one way.
type failureGroup struct {
	Signature string  `json:"signature"`
	Verdict   Verdict `json:"verdict"`
	Seeds     int     `json:"seeds"`
	First     uint64  `json:"first,string"`
	Reason    string  `json:"reason"`
	New       bool    `json:"-"`
}

func (s *sweep) summary() *sweepSummary {
	sum := &sweepSummary{
		Seeds: len(s.done), Planned: len(s.seeds), Rate: s.rate(), Reached: make(map[string]int64),
		Repro: s.play.repro,
	}
	groups := map[string]*failureGroup{}
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
			g = &failureGroup{Signature: out.Signature, Verdict: out.Verdict, First: out.Seed, Reason: out.Reason}
			groups[out.Signature] = g
		}
		g.Seeds++
	}
	for _, g := range groups {
		sum.Groups = append(sum.Groups, *g)
	}
	slices.SortFunc(sum.Groups, func(a, b failureGroup) int {
		return cmp.Or(cmp.Compare(rankOf(a.Verdict), rankOf(b.Verdict)), cmp.Compare(b.Seeds, a.Seeds), cmp.Compare(a.Signature, b.Signature))
	})
	ran := make(map[uint64]bool, len(s.done))
	for _, out := range s.done {
		ran[out.Seed] = true
	}
	sum.Late = s.late
	sum.compare(s.historyFile(), func(seed uint64) bool { return ran[seed] })
	return sum
}

// compare tells new failures from ongoing ones by what the sweep before left in
// the file, and leaves there what the next one needs. A failure is resolved when
// its first seed was run and none fails in that way any more.
func (sum *sweepSummary) compare(path string, ran func(seed uint64) bool) {
	var before []failureGroup
	if text, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(text, &before) // what cannot be read makes everything new
	}
	known := map[string]bool{}
	for _, g := range before {
		known[g.Signature] = true
	}
	now := map[string]bool{}
	for i, g := range sum.Groups {
		sum.Groups[i].New = !known[g.Signature]
		now[g.Signature] = true
	}
	keep := slices.Clone(sum.Groups)
	for _, g := range before {
		switch {
		case now[g.Signature]:
		case ran(g.First):
			sum.Resolved = append(sum.Resolved, g)
		default:
			keep = append(keep, g)
		}
	}
	text, err := json.MarshalIndent(keep, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o777)
	}
	if err == nil {
		err = os.WriteFile(path, text, 0o666)
	}
	sum.History = err
}

// historyFile keeps the failures of a test's last sweep.
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
	return filepath.Join(dir, "simcity", "sweeps", fmt.Sprintf("%s-%s.json", name, placeOfWork()))
}

// String is the summary for people.
func (sum *sweepSummary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "simcity sweep: %s, %d passed, %d failed in %s, %.1f seeds/s", counted(sum.Seeds, "seed"), sum.Passed, sum.Failed, counted(len(sum.Groups), "way"), sum.Rate)
	switch {
	case sum.Late:
		fmt.Fprintf(&b, "; stopped before go test's -timeout, %d were planned: give it more time", sum.Planned)
	case sum.Seeds < sum.Planned:
		fmt.Fprintf(&b, "; stopped early, %d were planned", sum.Planned)
	}
	for _, g := range sum.Groups {
		state := "ongoing"
		if g.New {
			state = "NEW"
		}
		fmt.Fprintf(&b, "\n  %-8s %4dx  %s\n                 %s", state, g.Seeds, g.Signature, sum.Repro(g.First))
	}
	for _, g := range sum.Resolved {
		fmt.Fprintf(&b, "\n  resolved       %s (seed %d of the sweep before)", g.Signature, g.First)
	}
	for _, name := range slices.Sorted(maps.Keys(sum.Reached)) {
		if n := sum.Reached[name]; n == 0 {
			fmt.Fprintf(&b, "\n  never reached  %s", name)
		} else {
			fmt.Fprintf(&b, "\n  reached %6dx %s", n, name)
		}
	}
	if sum.History != nil {
		fmt.Fprintf(&b, "\n  the next sweep cannot be compared with this one: %v", sum.History)
	}
	return b.String()
}

// first is the summary's first line.
func (sum *sweepSummary) first() string {
	line, _, _ := strings.Cut(sum.String(), "\n")
	return strings.TrimPrefix(line, "simcity ")
}

// defaults of what a seed of a sweep may use.
const (
	defaultSeedTime   = 5 * time.Minute
	defaultSeedMemory = 4 << 30
)
