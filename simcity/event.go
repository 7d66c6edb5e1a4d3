package simcity

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sync/atomic"
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
	if len(text) != 2*len(d) {
		return fmt.Errorf("simcity: a digest has %d characters, not %d", 2*len(d), len(text))
	}
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
	record   *cadence // of a run with telemetry, or nil
	appended func(time.Duration)
	scratch  []byte
	broken   string      // how a watcher failed
	silent   atomic.Bool // the run was given up: nobody is told what it still does
}

// append adds an event whose payload is written by fill into a reused buffer.
func (l *eventLog) append(at time.Duration, actor, kind string, fill func([]byte) []byte) *Event {
	e := &l.ring[l.next%retained]
	b := append(l.scratch[:0], l.digest[:]...)
	b = binary.AppendVarint(b, l.next)
	b = binary.AppendVarint(b, int64(at))
	for _, text := range [...]string{actor, kind} { // with lengths, so that no two events share an encoding
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	head := len(b)
	if fill == nil {
		b = append(b, "{}"...)
	} else {
		b = fill(b)
	}
	l.scratch = b
	sum := sha256.Sum256(b)
	*e = Event{
		Index: l.next, At: at, Actor: actor, Type: kind, Payload: append(e.Payload[:0], b[head:]...),
		Before: l.digest, After: Digest(sum[:16]),
	}
	l.digest = e.After
	if l.appended != nil {
		l.appended(at)
	}
	l.next++
	if (len(l.watch) > 0 || l.record != nil) && !l.silent.Load() {
		l.deliver(e)
	}
	return e
}

// deliver hands a copy of e to the watchers. One that panics ends the watching,
// and the run is told at its end: here it could not be, since this may be the
// telling of a finding.
func (l *eventLog) deliver(e *Event) {
	defer func() {
		if value := recover(); value != nil {
			l.watch, l.record = nil, nil
			l.broken = fmt.Sprintf("panic in a function given to Watch, or in a Recorder: %v\n%s", value, debug.Stack())
		}
	}()
	copied := *e
	copied.Payload = append(json.RawMessage(nil), e.Payload...)
	for _, watch := range l.watch {
		watch(copied)
	}
	if l.record != nil {
		l.record.take(copied)
	}
}

// compact takes the white space out of JSON, so that the same command is the
// same event however it was written.
func compact(text json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return text
	}
	return b.Bytes()
}

// last returns up to n events, oldest first: those up to the first that is marked, of
// those in memory, or else the latest.
func (l *eventLog) last(n int64, marked func(*Event) bool) []Event {
	oldest := max(0, l.next-retained)
	end := oldest
	for end < l.next {
		end++
		if marked(&l.ring[(end-1)%retained]) {
			break
		}
	}
	events := make([]Event, 0, n)
	for i := max(oldest, end-n); i < end; i++ {
		e := l.ring[i%retained]
		e.Payload = bytes.Clone(e.Payload)
		events = append(events, e)
	}
	return events
}
