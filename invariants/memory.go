package invariants

import (
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Figures of a target's memory, see [Prometheus].
const (
	ResidentMemory = "process_resident_memory_bytes"
	MemoryLimit    = "process_memory_limit_bytes"
)

// How this process's own memory is looked at.
const (
	memoryEvery = time.Minute // simulated time between two looks at most
	memoryTicks = 3           // looks in a row that are a breach
)

// MemoryUsage is "memory_usage": less than bound, a fraction, of the available
// memory is used. Zero means 0.8. If the target reports [ResidentMemory] and
// [MemoryLimit], those count; otherwise this process's resident memory against
// the smallest limit of its control groups (v2 memory.max, v1
// memory.limit_in_bytes), or the machine's memory. Three looks in a row at or
// above bound are a breach; this process is looked at no more than once per
// simulated minute. Always, critical, needs 3 looks; where the system has no
// /proc and the target reports nothing, the rule does not apply.
//
// A process's real memory differs from run to run. So that equal seeds keep
// equal digests, the numbers appear only in a breach and in the judgement.
func MemoryUsage(bound float64) simcity.Invariant { return memoryUsage(bound, os.DirFS("/")) }

func memoryUsage(bound float64, root fs.FS) simcity.Invariant {
	if bound == 0 {
		bound = 0.8
	}
	return simcity.Invariant{
		Name: "memory_usage", Doc: "less than " + percent(bound) + " of the available memory is used",
		When: simcity.Always,
		Begin: func(*simcity.World) simcity.Check {
			m := &memory{bound: bound, process: process{root: root}, nextLook: -forever}
			return simcity.Check{Tick: m.tick, Judge: m.judge, Anytime: true}
		},
	}
}

type memory struct {
	bound    float64
	process  process
	nextLook time.Duration
	inARow   int
	looks    int64
	peak     float64
	own      bool // this process was looked at, or had to be
}

func (m *memory) tick(s *simcity.Snapshot) *simcity.Breach {
	used, limit, whose := m.look(s)
	if limit <= 0 {
		return nil
	}
	m.looks++
	usage := used / limit
	m.peak = max(m.peak, usage)
	if usage < m.bound {
		m.inARow = 0
		return nil
	}
	m.inARow++
	if m.inARow != memoryTicks {
		return nil // too early, or told already
	}
	return &simcity.Breach{
		Got:    fmt.Sprintf("%s of %.0f MiB", percent(usage), limit/(1<<20)),
		Want:   "less than " + percent(m.bound),
		Detail: fmt.Sprintf("memory of %s, %d looks in a row", whose, memoryTicks),
	}
}

// look returns what is used and what there is, 0 if unknown.
func (m *memory) look(s *simcity.Snapshot) (used, limit float64, whose string) {
	used, reported := figure(s, ResidentMemory)
	limit, limited := figure(s, MemoryLimit)
	if reported && limited {
		return used, limit, "the target"
	}
	m.own = true
	if s.At < m.nextLook {
		return 0, 0, ""
	}
	m.nextLook = s.At + memoryEvery
	resident, ok := m.process.resident()
	if !ok {
		return 0, 0, ""
	}
	return resident, m.process.limit(), "this process"
}

func (m *memory) judge() simcity.Judgement {
	want := "less than " + percent(m.bound)
	if m.looks == 0 && m.own && !m.process.measurable() {
		return simcity.Judgement{Got: "not measurable on this system", Exempt: "not measurable", Want: want, Bound: m.bound}
	}
	return simcity.Judgement{
		Got: percent(m.peak) + " at most", Want: want, Value: m.peak, Bound: m.bound,
		Samples: m.looks, Needs: memoryTicks,
	}
}
