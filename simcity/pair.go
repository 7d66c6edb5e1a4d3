package simcity

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// A Pair is one seed lived twice: with its faults, and without. Citizens draw
// from streams of their own, so that what differs is what the faults did.
type Pair struct{ With, Without *Result }

// SimulatePair is [Simulation.Simulate] twice: as the simulation is, and with
// neither injections, schedules nor commands that inject faults. The second run
// is called <scenario>_without_faults. Like Simulate it judges nothing: look at
// both verdicts.
func (s *Simulation) SimulatePair(t testing.TB) *Pair {
	t.Helper()
	calm := *s
	calm.scenario = s.scenario.withoutFaults()
	return &Pair{With: s.Simulate(t), Without: calm.Simulate(t)}
}

func (s Scenario) withoutFaults() Scenario {
	kinds := map[string]bool{}
	for _, in := range s.Injections {
		kinds[in.Fault.Kind] = true
	}
	for _, schedule := range s.Schedules {
		for _, kind := range schedule.Kinds() {
			kinds[kind] = true
		}
	}
	s.AllowEmpty = slices.DeleteFunc(slices.Clone(s.AllowEmpty), func(name string) bool { return kinds[name] })
	s.Commands = slices.DeleteFunc(slices.Clone(s.Commands), func(c Command) bool { return c.Kind == InjectFault })
	s.Name += "_without_faults"
	s.Injections, s.Schedules = nil, nil
	return s
}

// A Difference is a figure that the faults changed.
type Difference struct {
	Figure  string  `json:"figure"`
	With    float64 `json:"with"`
	Without float64 `json:"without"`
	Unit    string  `json:"unit,omitempty"`
}

func (d Difference) String() string {
	unit := d.Unit
	if unit != "" {
		unit = " " + unit
	}
	return fmt.Sprintf("%s %s with faults, %s without%s", d.Figure, short(d.With), short(d.Without), unit)
}

func short(f float64) string {
	if f == float64(int64(f)) {
		return fmt.Sprint(int64(f))
	}
	return fmt.Sprintf("%.3f", f)
}

// Differences are the figures that differ, in a fixed order: operations and
// their outcomes, latency, then the named metrics.
func (p *Pair) Differences() []Difference {
	with, without := p.With.Metrics, p.Without.Metrics
	all := []Difference{{"operations", float64(with.Operations), float64(without.Operations), ""}}
	for _, name := range outcomeNames {
		all = append(all, Difference{"outcome " + name, float64(with.Outcomes[name]), float64(without.Outcomes[name]), ""})
	}
	all = append(all, trendDifferences("latency", with.Latency, without.Latency)...)
	all = append(all, differences(with.Counters, without.Counters, func(n int64) float64 { return float64(n) })...)
	all = append(all, differences(with.Gauges, without.Gauges, func(f float64) float64 { return f })...)
	all = append(all, differences(with.Rates, without.Rates, Rate.Share)...)
	for _, name := range bothKeys(with.Trends, without.Trends) {
		all = append(all, trendDifferences(name, with.Trends[name], without.Trends[name])...)
	}
	return slices.DeleteFunc(all, func(d Difference) bool { return d.With == d.Without })
}

func trendDifferences(name string, with, without TrendSummary) []Difference {
	millis := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return []Difference{
		{name + " p50", millis(with.P50), millis(without.P50), "ms"},
		{name + " p95", millis(with.P95), millis(without.P95), "ms"},
		{name + " p99", millis(with.P99), millis(without.P99), "ms"},
	}
}

func differences[V any](with, without map[string]V, figure func(V) float64) []Difference {
	var all []Difference
	for _, name := range bothKeys(with, without) {
		all = append(all, Difference{Figure: name, With: figure(with[name]), Without: figure(without[name])})
	}
	return all
}

func bothKeys[V any](a, b map[string]V) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(names)
	return slices.Compact(names)
}

// String is the pair for people: both verdicts, then what differs.
func (p *Pair) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "simcity: scenario %s with seed %d is %s with faults, %s without\n", p.With.Scenario, p.With.Seed, p.With.Verdict, p.Without.Verdict)
	for _, run := range []struct {
		how string
		*Result
	}{{"with faults", p.With}, {"without", p.Without}} {
		for _, reason := range run.Reasons {
			fmt.Fprintf(&b, "  %s: %s\n", run.how, reason)
		}
	}
	for _, w := range p.With.Faults {
		fmt.Fprintf(&b, "  %s\n", w)
	}
	for _, d := range p.Differences() {
		fmt.Fprintf(&b, "  %s\n", d)
	}
	return b.String()
}
