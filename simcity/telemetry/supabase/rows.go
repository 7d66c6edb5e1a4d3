package supabase

import (
	"encoding/json"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// beginning is the row of a run that begins. All rows of one request have the same
// keys, which bulk inserts demand, so that nothing is omitted.
type beginning struct {
	ID              string          `json:"id"`
	Tier            string          `json:"tier"`
	Scenario        string          `json:"scenario"`
	Clock           string          `json:"clock"`
	Seed            int64           `json:"seed"`
	Concurrency     int             `json:"concurrency"`
	MaxEvents       int64           `json:"max_events"`
	DurationSeconds int64           `json:"duration_seconds"`
	StartedAt       *string         `json:"started_at"`
	FailEventIndex  int64           `json:"fail_event_index"`
	Policies        json.RawMessage `json:"policies"`
	Commands        json.RawMessage `json:"commands"`
}

// ending is what is told of a run that has ended.
type ending struct {
	DurationSecondsActual float64         `json:"duration_seconds_actual"`
	EndedAt               *string         `json:"ended_at"`
	Result                string          `json:"result"`
	Pass                  bool            `json:"pass"`
	FailInvariant         *string         `json:"fail_invariant"`
	FailEventIndex        int64           `json:"fail_event_index"`
	FailForensic          json.RawMessage `json:"fail_forensic"`
	Digest                *string         `json:"digest"`
	EventCount            int64           `json:"event_count"`
	Commands              json.RawMessage `json:"commands"`
	Summary               json.RawMessage `json:"summary"`
}

// runRow is a run that is read.
type runRow struct {
	ID                    string          `json:"id"`
	Tier                  string          `json:"tier"`
	Scenario              string          `json:"scenario"`
	Clock                 string          `json:"clock"`
	Seed                  int64           `json:"seed"`
	Concurrency           int             `json:"concurrency"`
	MaxEvents             int64           `json:"max_events"`
	DurationSeconds       int64           `json:"duration_seconds"`
	DurationSecondsActual *float64        `json:"duration_seconds_actual"`
	StartedAt             *time.Time      `json:"started_at"`
	EndedAt               *time.Time      `json:"ended_at"`
	Result                *string         `json:"result"`
	Pass                  *bool           `json:"pass"`
	FailInvariant         *string         `json:"fail_invariant"`
	FailEventIndex        *int64          `json:"fail_event_index"`
	FailForensic          json.RawMessage `json:"fail_forensic"`
	Digest                *string         `json:"digest"`
	EventCount            *int64          `json:"event_count"`
	Policies              json.RawMessage `json:"policies"`
	Commands              json.RawMessage `json:"commands"`
	Summary               json.RawMessage `json:"summary"`
}

func (r *runRow) run() telemetry.Run {
	failed := int64(-1)
	if r.FailEventIndex != nil {
		failed = *r.FailEventIndex
	}
	return telemetry.Run{
		ID: r.ID, Tier: r.Tier, Scenario: r.Scenario, Clock: r.Clock, Seed: uint64(r.Seed), Concurrency: r.Concurrency, MaxEvents: r.MaxEvents,
		DurationSeconds: r.DurationSeconds, DurationSecondsActual: given(r.DurationSecondsActual), StartedAt: when(r.StartedAt), EndedAt: when(r.EndedAt),
		Result: given(r.Result), Pass: given(r.Pass), FailInvariant: given(r.FailInvariant), FailEventIndex: failed, FailForensic: document(r.FailForensic),
		Digest: given(r.Digest), EventCount: given(r.EventCount), Policies: document(r.Policies), Commands: document(r.Commands), Summary: document(r.Summary),
	}
}

// eventRow is an event, written or read.
type eventRow struct {
	RunID          string          `json:"run_id"`
	Index          int64           `json:"event_index"`
	Type           string          `json:"event_type"`
	Payload        json.RawMessage `json:"event_payload"`
	Actor          string          `json:"actor"`
	SimulatedNanos int64           `json:"simulated_nanos"`
	ObservedAt     time.Time       `json:"observed_at"`
	Before         string          `json:"state_digest_before"`
	After          string          `json:"state_digest_after"`
	Context        json.RawMessage `json:"invariant_context"`
}

func newEventRow(runID string, e *telemetry.Event) eventRow {
	return eventRow{
		RunID: runID, Index: e.Index, Type: e.Type, Payload: jsonOr(e.Payload), Actor: e.Actor, SimulatedNanos: int64(e.At),
		ObservedAt: telemetry.Micro(e.ObservedAt), Before: e.Before, After: e.After, Context: e.Context,
	}
}

func (r *eventRow) event() telemetry.Event {
	return telemetry.Event{
		Index: r.Index, At: time.Duration(r.SimulatedNanos), Actor: r.Actor, Type: r.Type, Payload: r.Payload,
		ObservedAt: telemetry.Micro(r.ObservedAt), Before: r.Before, After: r.After, Context: document(r.Context),
	}
}

// snapshotRow is a snapshot, written or read.
type snapshotRow struct {
	RunID     string          `json:"run_id"`
	Index     int64           `json:"event_index"`
	Metrics   json.RawMessage `json:"metrics"`
	State     json.RawMessage `json:"state_summary"`
	CreatedAt time.Time       `json:"created_at"`
}

// liveRow is a live row, written or read.
type liveRow struct {
	RunID          string          `json:"run_id"`
	Status         string          `json:"status"`
	LastEventIndex int64           `json:"last_event_index"`
	HeartbeatAt    time.Time       `json:"last_heartbeat_at"`
	Metrics        json.RawMessage `json:"last_metrics"`
	Message        *string         `json:"last_message"`
}

// jsonOr is a document, {} for none.
func jsonOr(text json.RawMessage) json.RawMessage {
	if len(text) == 0 {
		return json.RawMessage("{}")
	}
	return text
}
