package simcity

import (
	"fmt"
	"math"
	"time"
)

// When says at what times an [Invariant] must hold.
type When uint8

const (
	// Always: one breach, at any time, is a violation for ever.
	Always When = iota
	// Steady: judged on what happens outside fault windows and the grace after
	// them. It must hold before the first fault and again after recovery.
	Steady
	// AtEnd: its Judge is asked once, when the run has ended. A breach that its
	// Operation or Tick returns is a violation then and there.
	AtEnd
)

var whenNames = []string{"always", "steady", "at end"}

func (w When) String() string { return nameOf(whenNames, w) }

// MarshalText writes the name.
func (w When) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads the name.
func (w *When) UnmarshalText(text []byte) error { return parseName(whenNames, w, text) }

// Severity says what a violation does.
type Severity uint8

const (
	// Critical fails the run.
	Critical Severity = iota
	// Warning is reported.
	Warning
)

var severityNames = []string{"critical", "warning"}

func (s Severity) String() string { return nameOf(severityNames, s) }

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name.
func (s *Severity) UnmarshalText(text []byte) error { return parseName(severityNames, s, text) }

// An Invariant is a rule that the city must keep. It is a plain value that many
// runs may share: what one run must remember lives in the [Check] that Begin
// makes for it. Package invariants has a catalogue and makers of your own.
type Invariant struct {
	// Name is unique within a scenario, in snake_case. Required.
	Name string
	// Doc says the rule in one sentence.
	Doc string
	// When it must hold. Default Always.
	When When
	// Severity of a violation. Default Critical.
	Severity Severity
	// Begin makes the check of one run. Required.
	Begin func(*World) Check
}

// A Check is an invariant at work in one run: functions that are called in the
// order of the events, one at a time, and may keep state without locks. Nil
// functions are left out, but one of them must be there.
type Check struct {
	// Operation sees each operation as it ends. A breach it returns is a
	// violation at that operation. Steady invariants see steady operations only.
	// Without a Judge each one that it is shown is a sample: a rule about some of
	// them alone has to count those itself.
	Operation func(*Operation) *Breach
	// Tick sees the metrics once per tick.
	Tick func(*Snapshot) *Breach
	// Judge sums up: at the end of the run, and for Steady invariants at the end
	// of each steady phase.
	Judge func() Judgement
	// Restart forgets the samples: a new steady phase begins. Optional.
	Restart func()
	// Anytime says that Judge may be called after every tick: it changes nothing and
	// asks nobody. Then whoever watches a run sees how the rule stands; else the end
	// tells it.
	Anytime bool
}

func (c *Check) empty() bool { return c.Operation == nil && c.Tick == nil && c.Judge == nil }

// A Breach is what an invariant has against what it saw.
type Breach struct {
	// Got and Want say it in words of the domain, with units.
	Got  string `json:"got"`
	Want string `json:"want"`
	// Detail says what leads a reader to the cause. Optional.
	Detail string `json:"detail,omitempty"`
	// Picture is an HTML page that shows it, which is kept as a file beside the
	// run's bundle. It is no part of the digest. Optional.
	Picture string `json:"-"`
}

func (b *Breach) String() string {
	text := fmt.Sprintf("got %s, want %s", b.Got, b.Want)
	if b.Detail != "" {
		text += " (" + b.Detail + ")"
	}
	return text
}

// A Judgement sums up an invariant. What had fewer Samples than it Needs was
// not checked, and what was not checked never passes.
type Judgement struct {
	Got     string  `json:"got"`
	Want    string  `json:"want"`
	Value   float64 `json:"value"` // Got as a number, for charts
	Bound   float64 `json:"bound"` // Want as a number
	Samples int64   `json:"samples"`
	Needs   int64   `json:"needs"`
	// Exempt says why the rule does not apply to this run. Then it needs nothing.
	Exempt string  `json:"exempt,omitempty"`
	Breach *Breach `json:"breach,omitempty"`
}

// enough reports whether the rule had what it needs: one sample at the least.
func (j *Judgement) enough() bool { return j.Exempt != "" || j.Samples >= max(j.Needs, 1) }

// numbersOnly replaces what JSON cannot tell: a value that is no number, or
// infinite, is told by Got and Want alone.
func (j *Judgement) numbersOnly() {
	for _, value := range []*float64{&j.Value, &j.Bound} {
		if math.IsNaN(*value) || math.IsInf(*value, 0) {
			*value = 0
		}
	}
}

// A Violation is one breach, with where and when.
type Violation struct {
	Invariant string        `json:"invariant"`
	Severity  Severity      `json:"severity"`
	At        time.Duration `json:"at"`    // simulated time since the run began
	Index     int64         `json:"index"` // of the event that tells it
	Breach
	// Operation is the first one that offends, if it was one.
	Operation *Operation `json:"operation,omitempty"`
	// Faults names those active at the time.
	Faults []string `json:"faults,omitempty"`
	// PictureFile is where the bundle keeps the picture, if there is one.
	PictureFile string `json:"pictureFile,omitempty"`
}
