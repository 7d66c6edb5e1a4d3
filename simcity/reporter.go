package simcity

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bookiji/simcity/internal/address"
)

// A Reporter is told of runs, to keep their history: package telemetry has one
// for each store.
type Reporter interface {
	// Begin announces a run. It is called outside of the run's bubble, before
	// anything happens. An error refuses the run.
	Begin(run RunInfo) (Recorder, error)
}

// A Recorder takes what one run tells.
type Recorder interface {
	// Record takes the events in order, each one exactly once, inside the run.
	// snapshot is the metrics right after the event where one is due, else nil:
	// after every tenth event, less often in long runs, and after each violation,
	// command, edge of a fault and at the end. Record may wait on a channel that
	// was made outside of the bubble, in Begin: simulated time stands still
	// meanwhile. It must neither sleep nor call the run.
	Record(event Event, snapshot *Snapshot)
	// End delivers what is left. It is called outside of the bubble. Its error
	// makes the run INCONCLUSIVE, for its history is not whole.
	End(res *Result) error
}

// A StandingRecorder is a [Recorder] for those who watch: it is told after each tick
// how the invariants stand, in the order of the scenario, inside the run. The digest
// does not know of it.
type StandingRecorder interface {
	Recorder
	Stand(standings []Standing)
}

// A Standing is how an invariant stands while the run goes on.
type Standing struct {
	Invariant  string
	Violations int64
	// Judgement is what the invariant would be judged by if the run ended now. A
	// breach in it is no violation yet. Nil where the end alone tells: see
	// [Check.Anytime].
	Judgement *Judgement
}

// RunInfo is what is known of a run when it begins.
type RunInfo struct {
	// ID is a random UUID. It is no part of the digest.
	ID        string        `json:"id"`
	Scenario  string        `json:"scenario"`
	Seed      uint64        `json:"seed,string"`
	Clock     string        `json:"clock"`
	Duration  time.Duration `json:"duration"` // simulated
	Policies  Policies      `json:"policies"`
	StartedAt time.Time     `json:"startedAt"` // real
}

// newRunID draws a UUID of version 4. It comes from the runtime's own random
// numbers, since crypto/rand follows the seed in tests, and two runs of one seed
// are two runs.
func newRunID() string {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(b[8:], rand.Uint64())
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	text := hex.EncodeToString(b[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

// announce tells the reporter of a run that is about to begin.
func (r *run) announce(reporter Reporter) error {
	if reporter == nil {
		return nil
	}
	recorder, err := reporter.Begin(RunInfo{
		ID: r.id, Scenario: r.scenario.Name, Seed: r.seed, Clock: r.clock.String(),
		Duration: r.scenario.Duration, Policies: r.scenario.Policies, StartedAt: time.Now(),
	})
	if err != nil {
		return fmt.Errorf("simcity: the run's telemetry could not begin: %w", err)
	}
	r.log.record = &cadence{recorder: recorder, snapshot: r.snapshotAt, step: snapshotStep}
	r.recorder = recorder
	return nil
}

// Every how many events a snapshot is recorded, and after how many snapshots
// that distance doubles.
const (
	snapshotStep   = 10
	snapshotsDense = 2000
)

// A cadence hands events to the recorder and decides after which events a snapshot is due.
type cadence struct {
	recorder Recorder
	snapshot func(at time.Duration) *Snapshot
	next     int64 // index at which one is due
	step     int64
	taken    int
}

func (c *cadence) take(e Event) {
	var s *Snapshot
	if e.Index >= c.next || slices.Contains(edges, e.Type) {
		s = c.snapshot(e.At)
		s.Index = e.Index
		c.next = e.Index + c.step
		if c.taken++; c.taken%snapshotsDense == 0 {
			c.step *= 2
		}
	}
	c.recorder.Record(e, s)
}

// edges are the types of events after which a snapshot is always recorded.
var edges = []string{EventViolation, EventCommand, EventFaultInjected, EventFaultReverted, EventRunEnded}

// deliver ends the run's telemetry.
func (r *run) deliver(res *Result) {
	if r.recorder == nil {
		return
	}
	if err := r.recorder.End(res); err != nil {
		f := Finding{Kind: FindingTelemetry, Severity: InconclusiveFinding, Text: fmt.Sprintf("the run's history is not whole: %v", err), At: res.Simulated, Index: res.Events}
		res.Findings = append(res.Findings, f)
		res.Reasons = append(res.Reasons, f.Text)
		if res.Verdict == Pass {
			res.Verdict = Inconclusive
		}
	}
}

// telemetry holds what opens reporters for SIMCITY_TELEMETRY, by scheme.
var telemetry = struct {
	sync.Mutex
	open map[string]func(dsn string) (Reporter, error)
}{open: make(map[string]func(string) (Reporter, error))}

// RegisterTelemetry makes a store available to SIMCITY_TELEMETRY under the word
// before its colon. Packages of stores call it when they are imported, as
// drivers of database/sql do. A scheme that is taken panics.
func RegisterTelemetry(scheme string, open func(dsn string) (Reporter, error)) {
	telemetry.Lock()
	defer telemetry.Unlock()
	if telemetry.open[scheme] != nil {
		panic("simcity: telemetry scheme " + scheme + " is registered twice")
	}
	telemetry.open[scheme] = open
}

// openTelemetry opens what SIMCITY_TELEMETRY names. Its value may hold a
// password, so that no error shows more than the scheme.
func openTelemetry(dsn string) (Reporter, error) {
	scheme, _, _ := strings.Cut(dsn, ":")
	telemetry.Lock()
	open := telemetry.open[scheme]
	known := slices.Sorted(maps.Keys(telemetry.open))
	telemetry.Unlock()
	if open == nil {
		allowed, shown := "nothing yet", scheme
		if len(known) > 0 {
			allowed = strings.Join(known, ", ")
		}
		stores := []string{"sqlite", "postgres", "postgresql", "supabase"}
		fix := "write sqlite:path, postgres://user:password@host/database or supabase"
		if near := nearest(scheme, append(known, stores...)); 2*distance(scheme, near) <= len(scheme) {
			fix = "correct the word before the colon: did you mean " + near + "?"
		}
		if path, ok := address.File(dsn); ok {
			shown, fix = path, "write sqlite:"+path
		} else if slices.Contains(stores, scheme) {
			fix = `link the store into the test: import _ "github.com/bookiji/simcity/simcity/telemetry/` + strings.TrimSuffix(scheme, "ql") + `"`
		} else if strings.ContainsFunc(scheme, func(c rune) bool { return c < 'a' || c > 'z' }) {
			shown = "(not shown)" // maybe host=... password=...
		}
		return nil, &FieldError{Field: envTelemetry, Value: shown, Allowed: allowed, Fix: fix}
	}
	reporter, err := open(dsn)
	if err != nil {
		return nil, fmt.Errorf("simcity: %s=%s:...: %w", envTelemetry, scheme, err)
	}
	return reporter, nil
}

// closeReporter closes a reporter that can be closed.
func closeReporter(reporter Reporter) error {
	if closer, ok := reporter.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
