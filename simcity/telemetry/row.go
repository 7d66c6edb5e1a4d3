package telemetry

import (
	"encoding/json"
	"time"
)

// An Event is a row of simcity_run_events.
type Event struct {
	// Index counts the events of the run from 0.
	Index int64 `json:"index,string"`
	// At is the simulated time since the run began, in nanoseconds.
	At    time.Duration `json:"at,string"`
	Actor string        `json:"actor"`
	Type  string        `json:"type"`
	// Payload is a JSON object, in the form that [Safe] describes.
	Payload json.RawMessage `json:"payload"`
	// ObservedAt is the real time of the event, to about a tenth of a second: no
	// real clock can be read inside of a run.
	ObservedAt time.Time `json:"observedAt"`
	// Before and After chain the events.
	Before string `json:"before"`
	After  string `json:"after"`
	// Context is what an event of a violation says of the invariant, else empty.
	Context json.RawMessage `json:"context,omitempty"`
}

// A Snapshot is a row of simcity_run_snapshots: the metrics right after an event.
type Snapshot struct {
	// Index is that of the event.
	Index   int64           `json:"index,string"`
	Metrics json.RawMessage `json:"metrics"` // a simcity.Snapshot
	// State sums up the city: simulated time, citizens, operations, whether it is
	// steady, active faults.
	State     json.RawMessage `json:"state"`
	CreatedAt time.Time       `json:"createdAt"`
}

// Live is the row of a run in simcity_run_live, renewed each second while the
// run goes on.
type Live struct {
	RunID string `json:"runId"`
	// Status is RUNNING, or how the run ended: COMPLETED or STOPPED. A run that
	// is RUNNING and whose heartbeat is old has died; see [ReplaySpill].
	Status string `json:"status"`
	// LastEventIndex is that of the last event delivered, or -1.
	LastEventIndex int64           `json:"lastEventIndex,string"`
	HeartbeatAt    time.Time       `json:"heartbeatAt"`
	Metrics        json.RawMessage `json:"metrics,omitempty"`
	Message        string          `json:"message,omitempty"`
}

// The statuses of live runs and of requests.
const (
	StatusPending   = "PENDING"
	StatusRunning   = "RUNNING"
	StatusStopped   = "STOPPED"
	StatusCompleted = "COMPLETED"
	StatusFailed    = "FAILED"
)

// A Batch is what one delivery brings for one run: events and snapshots in the
// order of their indexes, each of them possibly none.
type Batch struct {
	RunID     string
	Events    []Event
	Snapshots []Snapshot
	// Live replaces the run's live row unless that one is newer. Nil leaves it.
	Live *Live
}

// rows is how many rows a batch brings.
func (b *Batch) rows() int { return len(b.Events) + len(b.Snapshots) }
