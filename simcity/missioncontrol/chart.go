package missioncontrol

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// A chart is lines over simulated time, in a box of 1000 by 160 with room for words
// to its left and below.
type chart struct {
	Title   string
	Note    string
	Lines   []line
	Times   []tick // along the bottom
	Levels  []tick // along the side
	Bounds  []tick
	Bands   []band
	Flags   []tick
	Orders  []tick // commands
	Tallest bool   // the first, in which faults have names
}

// A line is one figure.
type line struct {
	Name   string
	Class  string
	Points string
	Most   string
}

// A tick is a place with a word.
type tick struct {
	At   float64
	Text string
}

// A band is the window of a fault.
type band struct {
	Kind     string
	X, Width float64
}

// Roomy tells whether the band is wide enough for its name.
func (b band) Roomy() bool { return b.Width > 7*float64(len(b.Kind)) }

const (
	chartWidth, chartHeight = 1000.0, 160.0
	// chartPoints is how many snapshots a chart shows at most.
	chartPoints = 500
)

// A figure is where a line of the report comes from: a figure of the snapshots of a
// reading, or else its counts of that name.
type figure struct {
	name  string
	value func(*simcity.Snapshot) (float64, bool)
}

// charts are those of the report.
var charts = []struct {
	title  string
	lines  []figure
	write  func(float64) string
	bounds map[string]float64 // rules that bound it, and the factor to the chart's unit
	steps  bool               // a value holds until the next one
	note   string             // what a reader should know of it on the virtual clock
}{
	{"Bookings and cancellations", []figure{{name: "bookings"}, {name: "cancellations"}}, plainNumber, nil, true, ""},
	{"Latency, ms", []figure{
		{name: "p95", value: func(s *simcity.Snapshot) (float64, bool) { return s.Latency.P95.Seconds() * 1000, s.Latency.Count > 0 }},
		{name: "p99", value: func(s *simcity.Snapshot) (float64, bool) { return s.Latency.P99.Seconds() * 1000, s.Latency.Count > 0 }},
	}, plainNumber, map[string]float64{"api_p95_response_time": 1, "api_p99_response_time": 1}, false, "simulated: only waits and faults take time"},
	{"Cache hit rate", []figure{{name: "hits of lookups", value: cacheShare}}, percentText, map[string]float64{"cache_hit_rate": 1}, false, ""},
	{"Citizens", []figure{{name: "citizens"}}, plainNumber, nil, true, ""},
	{"Operations, conflicts and errors", []figure{{name: "operations"}, {name: "conflicts"}, {name: "errors"}}, plainNumber, nil, true, ""},
}

func plainNumber(v float64) string { return fmt.Sprintf("%.4g", v) }

func percentText(v float64) string { return fmt.Sprintf("%.3g %%", 100*v) }

func cacheShare(s *simcity.Snapshot) (float64, bool) {
	hits, misses := s.Gauges["cache_hits_total"], s.Gauges["cache_misses_total"]
	return hits / max(hits+misses, 1), hits+misses > 0
}

// draw draws the lines that have samples, and the charts that have lines.
func (v *reportView) draw(r *reading) []chart {
	end := max(v.Summary.Simulated, r.end, 1)
	x := func(at time.Duration) float64 { return float64(at) / float64(end) * chartWidth }
	marks := v.marks(r, x, end)
	var all []chart
	for _, spec := range charts {
		c := marks
		c.Title, c.Tallest = spec.title, len(all) == 0
		if v.Summary.Clock == clockVirtual {
			c.Note = spec.note
		}
		points := make([][][2]float64, len(spec.lines))
		highest, known := 0.0, false
		for i, f := range spec.lines {
			points[i] = r.points(f, x)
			for _, p := range points[i] {
				highest, known = max(highest, p[1]), true
			}
		}
		if !known {
			continue
		}
		bounds := v.bounds(spec.bounds)
		for _, value := range bounds {
			highest = max(highest, value)
		}
		top := niceAbove(highest)
		for i, f := range spec.lines {
			if len(points[i]) > 0 {
				c.Lines = append(c.Lines, drawLine(f.name, i, points[i], top, spec.write, spec.steps))
			}
		}
		for _, rule := range sorted(bounds) {
			c.Bounds = append(c.Bounds, tick{chartHeight * (1 - bounds[rule]/top), rule + " " + spec.write(bounds[rule])})
		}
		c.Levels = []tick{{chartHeight, "0"}, {chartHeight / 2, spec.write(top / 2)}, {0, spec.write(top)}}
		all = append(all, c)
	}
	return all
}

// marks is a chart with what all have: times, faults, flags and commands.
func (v *reportView) marks(r *reading, x func(time.Duration) float64, end time.Duration) chart {
	var c chart
	for i := range 7 {
		at := end * time.Duration(i) / 6
		c.Times = append(c.Times, tick{x(at), clockText(at)})
	}
	for _, fault := range v.Summary.Faults {
		until := fault.Ended
		if fault.Active {
			until = end
		}
		c.Bands = append(c.Bands, band{fault.Kind, x(fault.Begun), x(until) - x(fault.Begun)})
	}
	for _, violation := range v.Violations {
		c.Flags = append(c.Flags, tick{x(violation.At), violation.Invariant})
	}
	for _, m := range r.moments {
		if m.Kind == "command" {
			c.Orders = append(c.Orders, tick{x(m.At), m.Text})
		}
	}
	return c
}

// bounds are the bounds of rules as far as they said them, in a chart's unit.
func (v *reportView) bounds(factors map[string]float64) map[string]float64 {
	found := make(map[string]float64)
	for i := range v.Summary.Invariants {
		inv := &v.Summary.Invariants[i]
		if factor := factors[inv.Name]; factor > 0 && inv.Judgement != nil && inv.Judgement.Bound > 0 {
			found[inv.Name] = inv.Judgement.Bound * factor
		}
	}
	return found
}

// points are the points of a figure, x already in the chart.
func (r *reading) points(f figure, x func(time.Duration) float64) [][2]float64 {
	if f.value == nil {
		return r.countPoints(f.name, x)
	}
	var all [][2]float64
	for i := range r.shots {
		if value, known := f.value(&r.shots[i]); known {
			all = append(all, [2]float64{x(r.shots[i].At), value})
		}
	}
	return all
}

// countPoints are those of a count, at the beginning of each span and at the end.
func (r *reading) countPoints(name string, x func(time.Duration) float64) [][2]float64 {
	counts := r.counts[name]
	if counts == nil {
		return nil
	}
	var all [][2]float64
	last := 0.0
	for i := range int(r.end/r.span) + 1 {
		last = 0
		if i < len(counts) {
			last = counts[i]
		}
		all = append(all, [2]float64{x(time.Duration(i) * r.span), last})
	}
	return append(all, [2]float64{x(r.end), last})
}

// drawLine draws the nth line of a chart, with steps where its values hold until
// the next one.
func drawLine(name string, n int, points [][2]float64, top float64, write func(float64) string, steps bool) line {
	var b strings.Builder
	most := 0.0
	for i, p := range points {
		if steps && i > 0 && p[1] != points[i-1][1] {
			fmt.Fprintf(&b, "%.1f,%.1f ", p[0], chartHeight*(1-points[i-1][1]/top))
		}
		fmt.Fprintf(&b, "%.1f,%.1f ", p[0], chartHeight*(1-p[1]/top))
		most = max(most, p[1])
	}
	return line{name, fmt.Sprintf("line-%d", n+1), strings.TrimSpace(b.String()), write(most)}
}

// niceAbove is a round number that is not below a value.
func niceAbove(v float64) float64 {
	if v <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 2, 5, 10} {
		if step*unit >= v {
			return step * unit
		}
	}
	return v
}

// thinned are the snapshots of a run, of a long one every second, fourth and so on.
func thinned(ctx context.Context, store telemetry.Store, id string) ([]simcity.Snapshot, error) {
	var kept []simcity.Snapshot
	every, seen := 1, 0
	for from := int64(0); ; {
		rows, err := store.Snapshots(ctx, id, from, telemetry.LimitMax)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			var s simcity.Snapshot
			if seen++; (seen-1)%every != 0 || json.Unmarshal(rows[i].Metrics, &s) != nil {
				continue
			}
			if kept = append(kept, s); len(kept) == chartPoints {
				kept, every = halved(kept), 2*every
			}
		}
		if len(rows) < telemetry.LimitMax {
			return kept, nil
		}
		from = rows[len(rows)-1].Index + 1
	}
}

func halved(all []simcity.Snapshot) []simcity.Snapshot {
	kept := all[:0]
	for i := 0; i < len(all); i += 2 {
		kept = append(kept, all[i])
	}
	return kept
}
