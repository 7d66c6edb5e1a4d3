package simcity

import (
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Metrics are the named figures of a run: counters, gauges, rates and trends. Hosts, agents, collectors and faults
// may add their own; names are lower case with underscores. Safe for concurrent
// use.
type Metrics struct {
	mu       sync.Mutex
	counters map[string]int64
	gauges   map[string]float64
	trends   map[string]*Trend
	rates    map[string]Rate
	sources  map[string][]string // names of gauges by who told them
}

func newMetrics() *Metrics {
	return &Metrics{
		counters: make(map[string]int64),
		gauges:   make(map[string]float64),
		trends:   make(map[string]*Trend),
		rates:    make(map[string]Rate),
		sources:  make(map[string][]string),
	}
}

// Add counts n more of name.
func (m *Metrics) Add(name string, n int64) {
	m.mu.Lock()
	m.counters[name] += n
	m.mu.Unlock()
}

// Set makes value the current one of name.
func (m *Metrics) Set(name string, value float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.set(name, value)
}

// set makes value the current one of name; the caller holds mu.
func (m *Metrics) set(name string, value float64) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		delete(m.gauges, name) // JSON cannot tell it
		return
	}
	m.gauges[name] = value
}

// Count adds one try to the rate of name: how often something was so.
func (m *Metrics) Count(name string, so bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rate := m.rates[name]
	rate.Tries++
	if so {
		rate.So++
	}
	m.rates[name] = rate
}

// A Rate is how often something was so, of all tries.
type Rate struct {
	So    int64 `json:"so"`
	Tries int64 `json:"tries"`
}

// Share is the rate from 0 to 1, and 0 without tries.
func (r Rate) Share() float64 {
	if r.Tries == 0 {
		return 0
	}
	return float64(r.So) / float64(r.Tries)
}

// Replace makes figures the current ones of a source, such as a page of metrics,
// and drops what the source told before and does not tell now.
func (m *Metrics) Replace(source string, figures map[string]float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := m.sources[source]
	for _, name := range names {
		if _, again := figures[name]; !again {
			delete(m.gauges, name)
		}
	}
	names = slices.Grow(names[:0], len(figures))
	for name, value := range figures {
		m.set(name, value)
		names = append(names, name)
	}
	m.sources[source] = names
}

// Record adds a duration to the distribution of name.
func (m *Metrics) Record(name string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	trend := m.trends[name]
	if trend == nil {
		trend = NewTrend()
		m.trends[name] = trend
	}
	trend.Record(d)
}

// A Trend is a distribution of durations in an HdrHistogram: three significant
// digits from one microsecond to one hour, nearest-rank percentiles, integer
// counts, so that neither merges nor digests depend on order. Longer durations
// count as one hour. Not safe for concurrent use.
type Trend struct {
	histogram *hdrhistogram.PackedHistogram
}

const trendMax = time.Hour

// NewTrend returns an empty trend.
func NewTrend() *Trend {
	return &Trend{histogram: hdrhistogram.NewPacked(1, trendMax.Microseconds(), 3)}
}

// Record adds d; negative durations count as zero.
func (t *Trend) Record(d time.Duration) {
	_ = t.histogram.RecordValue(min(max(d, 0), trendMax).Microseconds()) // in range by construction
}

// Count is the number of samples.
func (t *Trend) Count() int64 { return t.histogram.TotalCount() }

// Percentile is the nearest-rank percentile, q from 0 to 100.
func (t *Trend) Percentile(q float64) time.Duration {
	return time.Duration(t.histogram.ValueAtPercentile(q)) * time.Microsecond
}

// Reset forgets all samples.
func (t *Trend) Reset() { t.histogram.Reset() }

// Summary of the trend as it is now. It reads the histogram once, since one is taken
// with every snapshot: figure by figure it took a tenth of a run with telemetry.
func (t *Trend) Summary() TrendSummary {
	micros := t.histogram.ValueAtPercentilesSlice([]float64{50, 95, 99, 100})
	at := func(i int) time.Duration { return time.Duration(micros[i]) * time.Microsecond }
	return TrendSummary{Count: t.Count(), P50: at(0), P95: at(1), P99: at(2), Max: at(3)}
}

// A TrendSummary is a distribution in five figures.
type TrendSummary struct {
	Count int64         `json:"count"`
	P50   time.Duration `json:"p50"`
	P95   time.Duration `json:"p95"`
	P99   time.Duration `json:"p99"`
	Max   time.Duration `json:"max"`
}

// A Snapshot is the metrics at an event index.
type Snapshot struct {
	Index int64         `json:"index"`
	At    time.Duration `json:"at"` // simulated time since the run began
	// Settled is the simulated time before which every operation that began is known
	// to the rules: At, or the start of the oldest that is under way. Who was first in
	// the target may be told second, so that a rule decides of a moment when it is
	// settled. At the end of a run it is the largest Duration, or the start of the
	// first operation that the end cut short.
	Settled    time.Duration           `json:"-"`
	Citizens   int                     `json:"citizens"` // living now
	Born       int64                   `json:"born"`
	Operations int64                   `json:"operations"`
	Outcomes   map[string]int64        `json:"outcomes"`
	Latency    TrendSummary            `json:"latency"`
	Counters   map[string]int64        `json:"counters,omitempty"`
	Gauges     map[string]float64      `json:"gauges,omitempty"`
	Rates      map[string]Rate         `json:"rates,omitempty"`
	Trends     map[string]TrendSummary `json:"trends,omitempty"`
	// Drift is how late ticks come, in real milliseconds per real second; 0
	// unless the clock is paced.
	DriftMillis float64  `json:"driftMillis"`
	Paced       bool     `json:"paced,omitempty"`
	Steady      bool     `json:"steady"`
	Faults      []string `json:"faults,omitempty"`
}

// Gauge is a gauge by its name, and NaN if nobody has told one of that name, which
// package invariants takes for no data.
func (s *Snapshot) Gauge(name string) float64 {
	value, told := s.Gauges[name]
	if !told {
		return math.NaN()
	}
	return value
}

func (m *Metrics) copyInto(s *Snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.Counters = maps.Clone(m.counters)
	s.Gauges = maps.Clone(m.gauges)
	s.Rates = maps.Clone(m.rates)
	if len(m.trends) > 0 {
		s.Trends = make(map[string]TrendSummary, len(m.trends))
	}
	for name, trend := range m.trends {
		s.Trends[name] = trend.Summary()
	}
}
