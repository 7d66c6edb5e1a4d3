package simcity

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"time"
)

// The types of events that the engine writes.
const (
	EventRunStarted    = "run.started"
	EventRunEnded      = "run.ended"
	EventCitizenBorn   = "citizen.born"
	EventCitizenEnded  = "citizen.ended"
	EventOperation     = "operation"
	EventTick          = "tick"
	EventCommand       = "command"
	EventFaultInjected = "fault.injected"
	EventFaultReverted = "fault.reverted"
	EventViolation     = "violation"
	EventFinding       = "finding"
	EventNote          = "note"
)

// A Digest is a position in the chain of digests: it stands for everything that
// happened up to an event.
type Digest [16]byte

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText writes the digest in hexadecimal.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads it.
func (d *Digest) UnmarshalText(text []byte) error {
	_, err := hex.Decode(d[:], text)
	return err
}

// An Event is one row of what happened.
type Event struct {
	// Index counts the events of the run from 0.
	Index int64 `json:"index"`
	// At is the simulated time since the run began.
	At    time.Duration `json:"at"`
	Actor string        `json:"actor"`
	Type  string        `json:"type"`
	// Payload is a JSON object; its fields depend on Type.
	Payload json.RawMessage `json:"payload"`
	// Before and After chain the events: After is the digest of Before and of
	// this event.
	Before Digest `json:"before"`
	After  Digest `json:"after"`
}

// retained is how many events a log keeps in memory. Older ones have been
// delivered to the watchers and are gone.
const retained = 256

// eventLog is the run's append-only log: it chains digests, hands each event to
// the watchers and keeps the last few. Its ring reuses its buffers, so a run
// allocates nothing per event unless somebody watches.
type eventLog struct {
	next     int64
	digest   Digest
	ring     [retained]Event
	watch    []func(Event)
	appended func(time.Duration)
	scratch  []byte
}

// append adds an event whose payload is written by fill into a reused buffer.
func (l *eventLog) append(at time.Duration, actor, kind string, fill func([]byte) []byte) *Event {
	e := &l.ring[l.next%retained]
	payload := e.Payload[:0]
	if fill == nil {
		payload = append(payload, "{}"...)
	} else {
		payload = fill(payload)
	}
	*e = Event{Index: l.next, At: at, Actor: actor, Type: kind, Payload: payload, Before: l.digest}
	e.After = l.chain(e)
	l.digest = e.After
	if l.appended != nil {
		l.appended(at)
	}
	l.next++
	if len(l.watch) > 0 {
		copied := *e
		copied.Payload = append(json.RawMessage(nil), payload...)
		for _, watch := range l.watch {
			watch(copied)
		}
	}
	return e
}

// chain digests the event after all before it. Lengths go in, so that no two
// events share an encoding.
func (l *eventLog) chain(e *Event) Digest {
	b := append(l.scratch[:0], e.Before[:]...)
	b = binary.AppendVarint(b, e.Index)
	b = binary.AppendVarint(b, int64(e.At))
	for _, text := range [...]string{e.Actor, e.Type} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	b = append(b, e.Payload...)
	l.scratch = b
	sum := sha256.Sum256(b)
	return Digest(sum[:16])
}

// last returns up to n of the latest events, oldest first.
func (l *eventLog) last(n int64) []Event {
	n = min(n, l.next, retained)
	events := make([]Event, 0, n)
	for i := l.next - n; i < l.next; i++ {
		e := l.ring[i%retained]
		e.Payload = append(json.RawMessage(nil), e.Payload...)
		events = append(events, e)
	}
	return events
}
