package simcity

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// An Outcome says how the target answered an operation.
type Outcome uint8

const (
	// OK: the target did what was asked.
	OK Outcome = iota
	// Conflict: somebody else was first. Expected in a busy city, not an error.
	Conflict
	// Rejected: the target refused by its rules (validation, quota, payment).
	Rejected
	// Failed: the target broke: 5xx, no answer, nonsense. This is what error
	// rates count.
	Failed
)

var outcomeNames = []string{"ok", "conflict", "rejected", "error"}

func (o Outcome) String() string { return nameOf(outcomeNames, o) }

// MarshalText writes the outcome's name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads the outcome's name.
func (o *Outcome) UnmarshalText(text []byte) error { return parseName(outcomeNames, o, text) }

// ClassifyStatus is the default classification of a response: 2xx and 3xx are
// OK, 409 is a Conflict, other 4xx are Rejected, the rest Failed. A host that
// says "already booked" by 400 or 500 gives its own word with
// [Simulation.Classify].
func ClassifyStatus(response *http.Response, _ []byte) Outcome {
	switch status := response.StatusCode; {
	case status >= 200 && status < 400:
		return OK
	case status == http.StatusConflict:
		return Conflict
	case status >= 400 && status < 500:
		return Rejected
	default:
		return Failed
	}
}

// An Operation is one call by a citizen. The history of operations, in the
// order of their ends, is the input of every safety check: what clients were
// told, not what the host says of itself.
type Operation struct {
	// Number counts the operations of the run from 1.
	Number int64 `json:"number"`
	// Citizen is the id of who called, Population its population.
	Citizen    string `json:"citizen"`
	Population string `json:"population"`
	// Device is 0, or the number of the citizen's device where it did several
	// things at once: see [Citizen.Together].
	Device int `json:"device,omitempty"`
	// Name is the verb: "search", "book".
	Name string `json:"name"`
	// Input is what was asked, for readers and history checks.
	Input any `json:"input,omitempty"`
	// Output is what the answer said, likewise.
	Output any `json:"output,omitempty"`
	// Start and End are simulated times since the run began.
	Start time.Duration `json:"start"`
	End   time.Duration `json:"end"`
	// Latency is on the host's clock: simulated under a Virtual clock, real under
	// the others. It counts to End from when the operation was meant to begin, which
	// is Start unless the citizen was kept waiting: the date for which it slept, or
	// was to arrive, if it could not act then. Under [Scenario.ClosedLoop] and a
	// Stepped clock it counts from Start.
	Latency time.Duration `json:"latency"`
	// Status is the HTTP status of the last response, 0 if there was none.
	Status int `json:"status,omitempty"`
	// Outcome is the worst classification of the operation's responses; the
	// operation's function may overwrite it.
	Outcome Outcome `json:"outcome"`
	// Err is the error text of an operation that failed without an answer.
	Err string `json:"error,omitempty"`
	// Facts are what the citizen now knows to be so, in domain terms.
	Facts []Fact `json:"facts,omitempty"`
	// Steady is false when a fault was active, or had ended too recently.
	Steady bool `json:"steady"`

	classified bool
	said       string // the beginning of the last answer that was not OK
	cut        bool   // a request of it was cut short by the end of the run
	brokeOff   bool   // the body of an answer did
}

// MarshalJSON writes the operation. What is no JSON in Input or Output is
// written as Go prints it: a record of a failure must never fail itself.
func (op *Operation) MarshalJSON() ([]byte, error) {
	type plain Operation
	safe := plain(*op)
	safe.Input, safe.Output = readable(op.Input), readable(op.Output)
	return json.Marshal(&safe)
}

func readable(value any) any {
	if value == nil {
		return nil
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%+v", value)
	}
	return json.RawMessage(encoded)
}

// Client names who did one thing after the other: the citizen, or one device of
// it, such as customer/7/2.
func (op *Operation) Client() string {
	if op.Device == 0 {
		return op.Citizen
	}
	return op.Citizen + "/" + itoa(op.Device)
}

// Learn adds facts that follow from the target's answer.
func (op *Operation) Learn(facts ...Fact) { op.Facts = append(op.Facts, facts...) }

// answered notes a response of the target. The worst one wins.
func (op *Operation) answered(status int, outcome Outcome) {
	op.Status = status
	if !op.classified || outcome > op.Outcome {
		op.Outcome = outcome
	}
	op.classified = true
}

// A FactKind says what a [Fact] states.
type FactKind uint8

// The kinds of facts. Times and amounts are the target's own words.
const (
	// Offered: the availability page shows Resource from Start to End with Left
	// of Capacity free.
	Offered FactKind = iota + 1
	// Held: claim ID on Resource from Start to End is acknowledged to Holder; it
	// lapses at Until unless it is confirmed.
	Held
	// Confirmed: claim ID is acknowledged for good.
	Confirmed
	// Moved: claim ID now is on Resource from Start to End.
	Moved
	// Released: claim ID is given back.
	Released
	// Refused: Resource from Start to End was refused as taken.
	Refused
	// Charged and Refunded: Amount for claim ID from or to Holder; Of is the
	// payment's id.
	Charged
	Refunded
	// Reported: the target reports Amount as its total of Of ("charged",
	// "refunded") for Holder, or for everybody if Holder is empty.
	Reported
	// Asked and Answered: request ID waits for an answer by Holder, or has got it.
	Asked
	Answered
	// Referred: the target accepted ID, which refers to Of although nothing of
	// that name exists.
	Referred
	// Redeemed: Holder used the limited thing Of (a promotion code) once.
	Redeemed
	// Repeated: a retry with idempotency key ID was answered. Same tells whether
	// the answer equals the first one; Detail says how it differs.
	Repeated
	// Entered and Completed: Holder began, or reached the goal of, the funnel Of.
	Entered
	Completed
	// Saw: Holder was shown ID, which belongs to Of.
	Saw
	// Denied: Holder asked for ID, which is not its own, and was shown nothing: a
	// look that was answered right.
	Denied
	// Sought: Holder looked for ID, which has been there since Start. Same tells
	// whether it was found.
	Sought
)

var factNames = []string{
	"", "offered", "held", "confirmed", "moved", "released", "refused", "charged", "refunded",
	"reported", "asked", "answered", "referred", "redeemed", "repeated", "entered", "completed", "saw",
	"denied", "sought",
}

func (k FactKind) String() string { return nameOf(factNames, k) }

// MarshalText writes the kind's name.
func (k FactKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the kind's name.
func (k *FactKind) UnmarshalText(text []byte) error { return parseName(factNames, k, text) }

// A Fact is one thing that a citizen knows from the target's answer, in terms
// that invariants of any marketplace understand. Which fields count is said at
// each [FactKind].
type Fact struct {
	Kind     FactKind  `json:"kind"`
	ID       string    `json:"id,omitempty"`
	Resource string    `json:"resource,omitempty"`
	Spelling string    `json:"spelling,omitempty"` // how the client wrote resource and time, if that may differ
	Holder   string    `json:"holder,omitempty"`
	Of       string    `json:"of,omitempty"`
	Detail   string    `json:"detail,omitempty"`
	Start    time.Time `json:"start,omitzero"`
	End      time.Time `json:"end,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	Capacity int       `json:"capacity,omitempty"` // 0 and 1: exclusive
	Left     int       `json:"left,omitempty"`
	Amount   int64     `json:"amount,omitempty"` // in the smallest unit of the currency
	Same     bool      `json:"same,omitempty"`
}

// appendTo writes the fact's short form for events.
func (f *Fact) appendTo(b []byte) []byte {
	b = append(b, `{"kind":"`...)
	b = append(b, f.Kind.String()...)
	b = append(b, '"')
	for _, field := range [...]struct{ name, value string }{
		{"id", f.ID}, {"resource", f.Resource}, {"spelling", f.Spelling}, {"holder", f.Holder},
		{"of", f.Of}, {"detail", f.Detail},
	} {
		if field.value != "" {
			b = append(b, `,"`...)
			b = append(b, field.name...)
			b = append(b, `":`...)
			b = appendString(b, field.value)
		}
	}
	for _, field := range [...]struct {
		name  string
		value time.Time
	}{{"start", f.Start}, {"end", f.End}, {"until", f.Until}} {
		if !field.value.IsZero() {
			b = append(b, `,"`...)
			b = append(b, field.name...)
			b = append(b, `":"`...)
			b = field.value.UTC().AppendFormat(b, time.RFC3339Nano)
			b = append(b, '"')
		}
	}
	for _, field := range [...]struct {
		name  string
		value int64
	}{{"capacity", int64(f.Capacity)}, {"left", int64(f.Left)}, {"amount", f.Amount}} {
		if field.value != 0 {
			b = append(b, `,"`...)
			b = append(b, field.name...)
			b = append(b, `":`...)
			b = appendInt(b, field.value)
		}
	}
	if f.Same {
		b = append(b, `,"same":true`...)
	}
	return append(b, '}')
}

// payload is the operation as an event tells it.
func (op *Operation) payload(b []byte) []byte {
	b = append(b, `{"number":`...)
	b = appendInt(b, op.Number)
	b = append(b, `,"operation":`...)
	b = appendString(b, op.Name)
	b = append(b, `,"outcome":"`...)
	b = append(b, op.Outcome.String()...)
	b = append(b, '"')
	if op.Device != 0 {
		b = append(b, `,"device":`...)
		b = appendInt(b, int64(op.Device))
	}
	if op.Status != 0 {
		b = append(b, `,"status":`...)
		b = appendInt(b, int64(op.Status))
	}
	b = append(b, `,"startNanos":`...)
	b = appendInt(b, int64(op.Start))
	if op.Err != "" {
		b = append(b, `,"error":`...)
		b = appendString(b, op.Err)
	}
	if text, ok := op.Input.(string); ok {
		b = append(b, `,"input":`...)
		b = appendString(b, text)
	}
	for i := range op.Facts {
		if i == 0 {
			b = append(b, `,"facts":[`...)
		} else {
			b = append(b, ',')
		}
		b = op.Facts[i].appendTo(b)
	}
	if len(op.Facts) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}

func appendInt(b []byte, n int64) []byte {
	return strconv.AppendInt(b, n, 10)
}

// appendString appends s as a JSON string. Plain ASCII, the usual case, is
// copied; everything else goes through encoding/json.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			encoded, _ := json.Marshal(s)
			return append(b, encoded...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
