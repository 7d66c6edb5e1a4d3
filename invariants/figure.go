package invariants

import "github.com/bookiji/simcity/simcity"

// figure is a named figure of a snapshot, a gauge or else a counter.
func figure(s *simcity.Snapshot, name string) (float64, bool) {
	if value, ok := s.Gauges[name]; ok {
		return value, true
	}
	count, ok := s.Counters[name]
	return float64(count), ok
}

// A rise follows a counter of the target from tick to tick. One that falls was
// reset, and counts from zero again, as Prometheus' increase() does.
type rise struct {
	name  string
	last  float64
	known bool
}

// since is how much the counter rose since the last look, 0 at the first.
func (r *rise) since(s *simcity.Snapshot) float64 {
	value, ok := figure(s, r.name)
	if !ok {
		return 0
	}
	rose := value - r.last
	if rose < 0 {
		rose = value
	}
	if !r.known {
		rose = 0
	}
	r.last, r.known = value, true
	return rose
}
