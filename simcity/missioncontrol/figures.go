package missioncontrol

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// An exposition is figures in the text format of Prometheus.
type exposition struct{ strings.Builder }

// figure begins one, of a kind such as gauge.
func (x *exposition) figure(name, kind, help string) {
	fmt.Fprintf(x, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// sample adds a value with labels given in pairs.
func (x *exposition) sample(name string, value float64, labels ...string) {
	x.WriteString(name)
	for i := 0; i < len(labels); i += 2 {
		x.WriteString(cmp.Or(strings.Repeat(",", min(i, 1)), "{") + labels[i] + `="` + labelText.Replace(labels[i+1]) + `"`)
	}
	if len(labels) > 0 {
		x.WriteByte('}')
	}
	x.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

var labelText = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// one is a figure with one sample and no labels.
func (x *exposition) one(name, kind, help string, value float64) {
	x.figure(name, kind, help)
	x.sample(name, value)
}

// figures is GET /metrics.
func (h *Handler) figures(w http.ResponseWriter, _ *http.Request) error {
	h.mu.Lock()
	s := h.latest
	h.mu.Unlock()
	x := &exposition{}
	running := 0.0
	if s != nil && !s.over() {
		running = 1
	}
	x.one("simcity_running", "gauge", "Whether a run goes on.", running)
	x.one("simcity_streams", "gauge", "Open streams.", float64(h.streams.Load()))
	if s != nil {
		x.run(s.view())
		x.invariants(s.rules())
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(x.String())) // a client that has gone cannot be told
	return nil
}

func (x *exposition) run(v runView) {
	x.figure("simcity_run_info", "gauge", "The run that goes on, or the last one.")
	x.sample("simcity_run_info", 1, "run_id", v.RunID, "scenario", v.Scenario, "seed", strconv.FormatUint(v.Seed, 10), "clock", v.Clock, "status", v.Status, "verdict", v.Verdict)
	x.one("simcity_simulated_seconds", "gauge", "Simulated time since the run began.", v.At.Seconds())
	x.one("simcity_events_total", "counter", "Events of the run.", float64(v.LastEventIndex+1))
	x.one("simcity_violated_invariants", "gauge", "Invariants that were violated.", float64(v.Violations))
	x.figure("simcity_fault_active", "gauge", "Faults that are active.")
	for _, fault := range v.Faults {
		x.sample("simcity_fault_active", 1, "kind", fault.Kind, "actor", fault.Actor)
	}
	if v.Metrics != nil {
		x.metrics(v.Metrics)
	}
}

// rules are the invariants as they stand, or were judged at the end.
func (s *session) rules() []invariantView {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.result == nil {
		return s.invariants()
	}
	var v summaryView
	v.fill(s.result)
	return v.Invariants
}

// invariants are their violations, and value and bound where a rule says them.
func (x *exposition) invariants(all []invariantView) {
	x.figure("simcity_invariant_violations_total", "counter", "Violations of each invariant.")
	for _, inv := range all {
		x.sample("simcity_invariant_violations_total", float64(inv.Violations), "invariant", inv.Name, "severity", inv.Severity)
	}
	x.figure("simcity_invariant_value", "gauge", "What each invariant is judged by, in its own unit.")
	for _, inv := range all {
		if inv.Judgement != nil && inv.Judgement.Samples > 0 {
			x.sample("simcity_invariant_value", inv.Judgement.Value, "invariant", inv.Name)
		}
	}
	x.figure("simcity_invariant_bound", "gauge", "The bound of each invariant, in its own unit.")
	for _, inv := range all {
		if inv.Judgement != nil && inv.Judgement.Samples > 0 {
			x.sample("simcity_invariant_bound", inv.Judgement.Bound, "invariant", inv.Name)
		}
	}
}

func (x *exposition) metrics(m *simcity.Snapshot) {
	x.one("simcity_citizens", "gauge", "Citizens who live now.", float64(m.Citizens))
	x.one("simcity_citizens_born_total", "counter", "Citizens so far.", float64(m.Born))
	x.figure("simcity_operations_total", "counter", "Operations by outcome.")
	for _, name := range sorted(m.Outcomes) {
		x.sample("simcity_operations_total", float64(m.Outcomes[name]), "outcome", name)
	}
	x.figure("simcity_latency_seconds", "summary", "Latency of operations on the run's clock.")
	x.trend("simcity_latency_seconds", m.Latency)
	if m.Paced {
		x.one("simcity_tick_drift_ratio", "gauge", "How late ticks come, in real seconds per real second.", m.DriftMillis/1000)
	}
	x.figure("simcity_counter_total", "counter", "Counters that host, agents and faults added.")
	for _, name := range sorted(m.Counters) {
		x.sample("simcity_counter_total", float64(m.Counters[name]), "name", name)
	}
	x.figure("simcity_gauge", "gauge", "Gauges, those of the host's own metrics page among them.")
	for _, name := range sorted(m.Gauges) {
		x.sample("simcity_gauge", m.Gauges[name], "name", name)
	}
	x.figure("simcity_rate", "gauge", "Rates, 0 to 1.")
	for _, name := range sorted(m.Rates) {
		x.sample("simcity_rate", m.Rates[name].Share(), "name", name)
	}
	x.figure("simcity_trend_seconds", "summary", "Distributions of durations.")
	for _, name := range sorted(m.Trends) {
		x.trend("simcity_trend_seconds", m.Trends[name], "name", name)
	}
}

// trend adds the count of a summary, and its percentiles if it has samples. Its sum is
// not known.
func (x *exposition) trend(name string, t simcity.TrendSummary, labels ...string) {
	quantiles := []struct {
		quantile string
		value    time.Duration
	}{{"0.5", t.P50}, {"0.95", t.P95}, {"0.99", t.P99}, {"1", t.Max}}
	if t.Count == 0 {
		quantiles = nil
	}
	for _, q := range quantiles {
		x.sample(name, q.value.Seconds(), append(slices.Clone(labels), "quantile", q.quantile)...)
	}
	x.sample(name+"_count", float64(t.Count), labels...)
}

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
