package simcity

import "time"

// A Point is the city at one moment of a run, for charts.
type Point struct {
	At         time.Duration `json:"at"`         // simulated time since the run began
	Citizens   int           `json:"citizens"`   // living then
	Operations int64         `json:"operations"` // so far
	Errors     int64         `json:"errors"`     // operations so far that ended in an error
	P95        time.Duration `json:"p95"`        // latency of all operations so far
	P99        time.Duration `json:"p99"`
	// DriftMillis is how late the tick came, in real milliseconds per real second;
	// 0 unless the clock is paced.
	DriftMillis float64 `json:"driftMillis,omitempty"`
}

// curveMost is how many points a curve has at most.
const curveMost = 240

// A curve is the points of a run: one per tick, of a long run one per second tick,
// fourth and so on, so that its size does not depend on the run's length.
type curve struct {
	points []Point
	every  int // ticks per point
	ticks  int
}

// take adds a tick's metrics.
func (c *curve) take(s *Snapshot) {
	c.every = max(c.every, 1)
	if c.ticks++; (c.ticks-1)%c.every != 0 {
		return
	}
	c.points = append(c.points, pointOf(s))
	if len(c.points) == curveMost {
		for i := range c.points[:curveMost/2] {
			c.points[i] = c.points[2*i]
		}
		c.points, c.every = c.points[:curveMost/2], 2*c.every
	}
}

// upTo is the whole curve, with the end of the run as its last point.
func (c *curve) upTo(end *Snapshot) []Point {
	points := append([]Point(nil), c.points...)
	if n := len(points); n > 0 && points[n-1].At >= end.At {
		points = points[:n-1]
	}
	return append(points, pointOf(end))
}

func pointOf(s *Snapshot) Point {
	return Point{
		At: s.At, Citizens: s.Citizens, Operations: s.Operations, Errors: s.Outcomes[Failed.String()],
		P95: s.Latency.P95, P99: s.Latency.P99, DriftMillis: s.DriftMillis,
	}
}

// drawn adds a tick to the run's curve.
func (r *run) drawn(s *Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.figures.curve.take(s)
}
