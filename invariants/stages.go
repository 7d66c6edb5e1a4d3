package invariants

import (
	"fmt"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// stageLimit is how many stages are told apart; the last one lasts until the end.
const stageLimit = 100

// Stages is "stages": it breaks nothing and tells how the city fared in each
// stage of that length, for runs in which the load changes; zero means six
// hours. Got is one line per stage: operations, 99th percentile of their
// Latency, share that failed, cache hit rate if the target's figures tell it;
// Value is the number of stages. At end, warning, needs 1 operation.
func Stages(every time.Duration) simcity.Invariant {
	if every <= 0 {
		every = 6 * time.Hour
	}
	return simcity.Invariant{
		Name: "stages", Doc: "tells how the city fared, " + brief(every) + " by " + brief(every),
		When: simcity.AtEnd, Severity: simcity.Warning,
		Begin: func(*simcity.World) simcity.Check {
			s := &stages{
				every: every, now: stage{latency: simcity.NewTrend()},
				hits: rise{name: CacheHits}, misses: rise{name: CacheMisses},
			}
			return simcity.Check{Operation: s.operation, Tick: s.tick, Judge: s.judge}
		},
	}
}

type stages struct {
	every        time.Duration
	done         []string
	now          stage
	all          int64
	hits, misses rise
}

// A stage is what happened in it so far.
type stage struct {
	latency       *simcity.Trend
	all, failed   int64
	hits, lookups float64
}

func (s *stages) operation(op *simcity.Operation) *simcity.Breach {
	s.advance(op.End)
	s.all++
	s.now.all++
	if op.Outcome == simcity.Failed {
		s.now.failed++
	}
	s.now.latency.Record(op.Latency)
	return nil
}

// tick takes what rose since the last one. A tick at the very end of a stage
// belongs to it.
func (s *stages) tick(snapshot *simcity.Snapshot) *simcity.Breach {
	s.advance(snapshot.At - 1)
	hits, misses := s.hits.since(snapshot), s.misses.since(snapshot)
	s.now.hits += hits
	s.now.lookups += hits + misses
	return nil
}

// advance ends the stages that are over at a time.
func (s *stages) advance(at time.Duration) {
	for at >= s.every*time.Duration(len(s.done)+1) && len(s.done) < stageLimit-1 {
		s.done = append(s.done, s.line(s.every*time.Duration(len(s.done)+1)))
		s.now.latency.Reset()
		s.now = stage{latency: s.now.latency}
	}
}

// line tells of the stage under way, which ends at a time.
func (s *stages) line(end time.Duration) string {
	span := fmt.Sprintf("%s-%s: ", brief(s.every*time.Duration(len(s.done))), brief(end))
	if len(s.done) == stageLimit-1 {
		span = fmt.Sprintf("from %s: ", brief(end-s.every))
	}
	if s.now.all == 0 {
		return span + "no operations"
	}
	cache := ""
	if s.now.lookups > 0 {
		cache = fmt.Sprintf(", %.0f %% cache hits", 100*s.now.hits/s.now.lookups)
	}
	return fmt.Sprintf("%s%d operations, p99 %v, %s failed%s", span, s.now.all,
		s.now.latency.Percentile(99).Round(time.Millisecond), percent(share(s.now.failed, s.now.all)), cache)
}

func (s *stages) judge() simcity.Judgement {
	lines := append([]string(nil), s.done...)
	if s.now.all > 0 {
		lines = append(lines, s.line(s.every*time.Duration(len(s.done)+1)))
	}
	return simcity.Judgement{
		Got: strings.Join(lines, "\n"), Want: "no bound", Value: float64(len(lines)), Samples: s.all, Needs: 1,
	}
}
