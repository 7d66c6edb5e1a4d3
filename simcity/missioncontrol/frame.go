package missioncontrol

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// appendFrame adds one server-sent event. data is JSON of one line, and id below 0
// none.
func appendFrame(b []byte, name string, id int64, data []byte) []byte {
	if id >= 0 {
		b = strconv.AppendInt(append(b, "id: "...), id, 10)
		b = append(b, '\n')
	}
	b = append(append(b, "event: "...), name...)
	b = append(append(b, "\ndata: "...), data...)
	return append(b, "\n\n"...)
}

// eventRow is an event as the store keeps it.
func eventRow(e simcity.Event, observed time.Time) telemetry.Event {
	row := telemetry.Event{
		Index: e.Index, At: e.At, Actor: e.Actor, Type: e.Type, Payload: telemetry.Safe(e.Payload),
		ObservedAt: observed, Before: hex.EncodeToString(e.Before[:]), After: hex.EncodeToString(e.After[:]),
	}
	if e.Type == simcity.EventViolation {
		row.Context = row.Payload
	}
	return row
}

// state is what a snapshot's state tells; see package telemetry.
type state struct {
	At         time.Duration `json:"at,string"`
	Citizens   int           `json:"citizens"`
	Operations int64         `json:"operations,string"`
	Steady     bool          `json:"steady"`
	Faults     []string      `json:"faults,omitempty"`
}

// snapshotRow is a snapshot as the store keeps it.
func snapshotRow(s *simcity.Snapshot, observed time.Time) telemetry.Snapshot {
	return telemetry.Snapshot{
		Index: s.Index, Metrics: encode(s), CreatedAt: observed,
		State: encode(state{s.At, s.Citizens, s.Operations, s.Steady, s.Faults}),
	}
}

// encode is v as JSON. What cannot be told is null: figures alone may be so, and
// the engine keeps out those that are no numbers.
func encode(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return text
}

// appendRows adds the frames of an event and of the snapshot after it.
func appendRows(b []byte, e *telemetry.Event, snapshot []byte) []byte {
	b = appendFrame(b, "event", e.Index, encode(e))
	if snapshot != nil {
		b = appendFrame(b, "snapshot", e.Index, snapshot)
	}
	return b
}

// appendSkip adds the frame for a reader that goes on after a snapshot and misses
// the events from its cursor to there.
func appendSkip(b []byte, cursor int64, s *shot) []byte {
	data := s.data
	if data == nil {
		data = encode(telemetry.Snapshot{Index: s.index})
	}
	told := append(bytes.TrimSuffix(data[:len(data):len(data)], []byte("}")), `,"skippedFrom":"`...)
	told = append(strconv.AppendInt(told, cursor, 10), `","skippedTo":"`...)
	told = append(strconv.AppendInt(told, s.index, 10), `"}`...)
	return appendFrame(b, "snapshot", s.index, told)
}
