package telemetry

import (
	"time"

	"github.com/bookiji/simcity/simcity"
)

// A Throughput is how many operations of a run ended in each twelfth of the simulated time
// that was asked for, as far as the run came. Summaries keep it as "throughput".
type Throughput []int64

const throughputParts = 12

// After is the throughput after one more event, of a run that takes so long. It may write to
// the memory of t.
func (t Throughput) After(kind string, at, duration time.Duration) Throughput {
	part := min(int(at/max(duration/throughputParts, 1)), throughputParts-1)
	for len(t) <= part {
		t = append(t, 0)
	}
	if kind == simcity.EventOperation {
		t[part]++
	}
	return t
}
