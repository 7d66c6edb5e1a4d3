package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A series is one figure of the curve.
type series struct {
	name  string
	value func(p *Point) float64
	text  func(most float64) string
	// counter: it counts from the beginning on, and only grows.
	counter bool
	// steps: it is a count, which holds until it changes.
	steps bool
	// sampled tells whether a point has something of it. What no point has is left
	// out. Default: all points have.
	sampled func(p Point) bool
}

// figures are what is drawn, in this order.
var figures = []series{
	{name: "citizens", value: func(p *Point) float64 { return float64(p.Citizens) }, text: plainNumber, steps: true},
	{name: "operations", value: func(p *Point) float64 { return float64(p.Operations) }, text: plainNumber, counter: true, steps: true},
	{name: "errors", value: func(p *Point) float64 { return float64(p.Errors) }, text: plainNumber, counter: true, steps: true, sampled: func(p Point) bool { return p.Errors > 0 }},
	{name: "p95", value: func(p *Point) float64 { return float64(p.P95) }, text: latency, sampled: operated},
	{name: "p99", value: func(p *Point) float64 { return float64(p.P99) }, text: latency, sampled: operated},
	{name: "tick drift", value: func(p *Point) float64 { return p.DriftMillis }, text: drift, sampled: func(p Point) bool { return p.DriftMillis > 0 }},
}

func operated(p Point) bool { return p.Operations > 0 }

// drawable are the figures of which the curve has samples.
func (s *Summary) drawable() []series {
	return slices.DeleteFunc(slices.Clone(figures), func(c series) bool {
		return c.sampled != nil && !slices.ContainsFunc(s.Curve, c.sampled)
	})
}

func plainNumber(v float64) string { return fmt.Sprintf("%.0f", v) }
func latency(v float64) string     { return fmt.Sprintf("%.1f ms", v/1e6) }
func drift(v float64) string       { return fmt.Sprintf("%.3g ms per second", v) }

// values are the figures of a series at each point.
func (c series) values(points []Point) []float64 {
	values := make([]float64, len(points))
	for i := range points {
		values[i] = c.value(&points[i])
	}
	return values
}

// sparklines draws the curve as text: a line per figure, counters as how many more
// there were in each column, and a line for the faults.
func (s *Summary) sparklines(width int) string {
	if len(s.Curve) < 2 {
		return ""
	}
	column := Seconds(time.Duration(int64(s.end()) / int64(width)).Round(time.Second))
	var b strings.Builder
	for _, c := range s.drawable() {
		values := s.over(c.values(s.Curve), width)
		if c.counter {
			values = differences(values)
		}
		most := slices.Max(values)
		fmt.Fprintf(&b, "%-10s %s up to %s", c.name, spark(values, most), c.text(most))
		if c.counter {
			fmt.Fprintf(&b, " in %s", column)
		}
		b.WriteByte('\n')
	}
	if line := s.struck(width); line != "" {
		fmt.Fprintf(&b, "%-10s %s\n", "faults", line)
	}
	fmt.Fprintf(&b, "%-10s 0%*s\n", "", width-1, s.end())
	return b.String()
}

// end is when the curve ends.
func (s *Summary) end() Seconds { return max(s.Curve[len(s.Curve)-1].At, 1) }

// over spreads the values of the curve's points over columns of equal time: a
// column shows its highest value, or that before it.
func (s *Summary) over(values []float64, width int) []float64 {
	columns := make([]float64, width)
	filled := make([]bool, width)
	for i, p := range s.Curve {
		at := s.column(p.At, width)
		if !filled[at] || values[i] > columns[at] {
			columns[at], filled[at] = values[i], true
		}
	}
	for i := 1; i < width; i++ {
		if !filled[i] {
			columns[i] = columns[i-1]
		}
	}
	return columns
}

// differences are how much each value is more than the one before.
func differences(values []float64) []float64 {
	more := slices.Clone(values)
	for i := 1; i < len(values); i++ {
		more[i] = max(0, values[i]-values[i-1])
	}
	return more
}

// column is the one that ends at a time or after it.
func (s *Summary) column(at Seconds, width int) int {
	return min(max(int(math.Ceil(float64(at)/float64(s.end())*float64(width)))-1, 0), width-1)
}

// spark draws values from 0 to most with eighths of a block.
func spark(values []float64, most float64) string {
	blocks := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, v := range values {
		level := 0
		if most > 0 {
			level = min(max(int(v/most*float64(len(blocks))), 0), len(blocks)-1)
		}
		b.WriteRune(blocks[level])
	}
	return b.String()
}

// struck draws when faults were active, or nothing without faults.
func (s *Summary) struck(width int) string {
	if len(s.Faults) == 0 {
		return ""
	}
	columns := []rune(strings.Repeat("·", width))
	for _, f := range s.Faults {
		end := f.Ended
		if f.Active {
			end = s.end()
		}
		for i := s.column(f.Begun, width); i <= s.column(end, width); i++ {
			columns[i] = '█'
		}
	}
	return string(columns)
}
