package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// Version of [Summary]. It is raised when a field changes its meaning or goes; new
// fields may come at any time, so a reader ignores what it does not know.
const Version = 1

// A Summary is a run, or a sweep of runs, as reports tell it: every report is made
// of it, and as JSON it is for other programs. It is safe to be shown: all texts
// are valid UTF-8 without controls, cut to a length, and secrets are concealed, see
// [Of]. Times are in seconds.
type Summary struct {
	// Version is that of the document, 1.
	Version int `json:"version"`
	// Test is the name of the test and Package its folder seen from the module's
	// root. File is where it calls Run, from the root of the repository, and Line there.
	Test    string `json:"test,omitempty"`
	Package string `json:"package,omitempty"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`

	// Verdict is PASS, FAIL, STOPPED or INCONCLUSIVE; Reasons say why it is not PASS.
	Verdict string   `json:"verdict"`
	Reasons []string `json:"reasons,omitempty"`
	// Signature is equal for runs that failed in the same way, empty for PASS.
	Signature string `json:"signature,omitempty"`

	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed,string"`
	// Clock is virtual, stepped or paced. Explored is how races were looked for.
	Clock    string `json:"clock"`
	Explored string `json:"explored,omitempty"`
	// Simulated is how far simulated time came, Wall how much real time that took.
	Simulated  Seconds `json:"simulatedSeconds"`
	Wall       Seconds `json:"wallSeconds"`
	Citizens   int64   `json:"citizens"`
	Operations int64   `json:"operations"`
	Events     int64   `json:"events"`
	// Outcomes counts operations as ok, conflict, rejected and error.
	Outcomes map[string]int64 `json:"outcomes,omitempty"`
	Latency  Latency          `json:"latency"`
	// Digest stands for all events: equal digests, equal runs.
	Digest string `json:"digest,omitempty"`
	// Verified: the run was made twice and did not differ.
	Verified bool `json:"verified,omitempty"`

	Invariants []Invariant `json:"invariants"`
	Violations []Violation `json:"violations,omitempty"`
	Findings   []Finding   `json:"findings,omitempty"`
	Faults     []Fault     `json:"faults,omitempty"`
	Curve      []Point     `json:"curve,omitempty"`
	Sweep      *Sweep      `json:"sweep,omitempty"`

	// Repro is the command that repeats the run, Bundle the path of its forensic bundle.
	Repro  string `json:"repro,omitempty"`
	Bundle string `json:"bundle,omitempty"`
}

// Latency of all operations, on the run's clock.
type Latency struct {
	P50 Seconds `json:"p50Seconds"`
	P95 Seconds `json:"p95Seconds"`
	P99 Seconds `json:"p99Seconds"`
	Max Seconds `json:"maxSeconds"`
}

// An Invariant is how one rule fared. Status is kept, violated or unchecked.
type Invariant struct {
	Name       string  `json:"name"`
	Doc        string  `json:"doc,omitempty"`
	When       string  `json:"when"`     // always, steady or at end
	Severity   string  `json:"severity"` // critical or warning
	Status     string  `json:"status"`
	Violations int64   `json:"violations"`
	Got        string  `json:"got"`
	Want       string  `json:"want"`
	Value      float64 `json:"value"` // Got as a number
	Bound      float64 `json:"bound"` // Want as a number
	Samples    int64   `json:"samples"`
	Needs      int64   `json:"needs"`
	Exempt     string  `json:"exempt,omitempty"` // why it does not apply
}

// Judged tells whether there is a judgement: not of a run that goes on.
func (inv Invariant) Judged() bool { return inv.Needs > 0 || inv.Samples > 0 || inv.Got != "" }

// A Violation is the first of one rule.
type Violation struct {
	Invariant string   `json:"invariant"`
	Severity  string   `json:"severity"`
	At        Seconds  `json:"atSeconds"` // simulated time since the run began
	Event     int64    `json:"event"`
	Got       string   `json:"got"`
	Want      string   `json:"want"`
	Detail    string   `json:"detail,omitempty"`
	Citizen   string   `json:"citizen,omitempty"`
	Operation string   `json:"operation,omitempty"` // name, outcome and status
	Faults    []string `json:"faults,omitempty"`    // active then
}

// A Finding is what the engine found. Severity is fail, inconclusive or note.
type Finding struct {
	Kind     string  `json:"kind"`
	Severity string  `json:"severity"`
	Actor    string  `json:"actor,omitempty"`
	At       Seconds `json:"atSeconds"`
	Text     string  `json:"text"`
	Stack    string  `json:"stack,omitempty"`
}

// A Fault is one that struck. Ended is 0 while it is active.
type Fault struct {
	Kind    string  `json:"kind"`
	Actor   string  `json:"actor"`
	Begun   Seconds `json:"begunSeconds"`
	Ended   Seconds `json:"endedSeconds,omitempty"`
	Active  bool    `json:"active,omitempty"`
	Touched int64   `json:"touched"`
}

// String tells when it struck and what it touched.
func (f Fault) String() string {
	until := "active"
	if !f.Active {
		until = "to " + f.Ended.String()
	}
	return fmt.Sprintf("fault %s from %s %s touched %d", f.Kind, f.Begun, until, f.Touched)
}

// A Point is the city at one moment, see [simcity.Point].
type Point struct {
	At          Seconds `json:"atSeconds"`
	Citizens    int     `json:"citizens"`
	Operations  int64   `json:"operations"`
	Errors      int64   `json:"errors"`
	P95         Seconds `json:"p95Seconds"`
	P99         Seconds `json:"p99Seconds"`
	DriftMillis float64 `json:"driftMillis,omitempty"`
}

// A Sweep is what became of many seeds.
type Sweep struct {
	Seeds    int     `json:"seeds"`
	Planned  int     `json:"planned"`
	Passed   int     `json:"passed"`
	Failed   int     `json:"failed"`
	Groups   []Group `json:"groups,omitempty"`
	Resolved []Group `json:"resolved,omitempty"` // of the sweep before
}

// A Group is the seeds that failed in one way.
type Group struct {
	Signature string `json:"signature"`
	Verdict   string `json:"verdict"`
	Seeds     int    `json:"seeds"`
	First     uint64 `json:"first,string"` // seed
	Reason    string `json:"reason"`       // of the first seed
	New       bool   `json:"new,omitempty"`
	Repro     string `json:"repro,omitempty"`
}

// Seconds is a duration that JSON tells as a number of seconds.
type Seconds time.Duration

// String is the duration as Go writes it, to a millisecond.
func (s Seconds) String() string { return time.Duration(s).Round(time.Millisecond).String() }

// MarshalJSON writes seconds, down to a nanosecond.
func (s Seconds) MarshalJSON() ([]byte, error) {
	text := fmt.Sprintf("%d.%09d", int64(s)/1e9, abs(int64(s)%1e9))
	if s < 0 && int64(s)/1e9 == 0 {
		text = "-" + text
	}
	return []byte(strings.TrimSuffix(strings.TrimRight(text, "0"), ".")), nil
}

func abs(n int64) int64 { return max(n, -n) }

// UnmarshalJSON reads seconds.
func (s *Seconds) UnmarshalJSON(text []byte) error {
	seconds, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return fmt.Errorf("report: %s is no number of seconds", text)
	}
	*s = Seconds(math.Round(seconds * 1e9))
	return nil
}

// WriteJSON writes the document.
func (s *Summary) WriteJSON(w io.Writer) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// Read reads a document of any version up to [Version], and ignores fields that it
// does not know.
func Read(r io.Reader) (*Summary, error) {
	var s Summary
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return nil, fmt.Errorf("report: it is not the JSON of a summary: %w", err)
	}
	if s.Version < 1 || s.Version > Version {
		return nil, &simcity.FieldError{Field: "version", Value: s.Version, Allowed: fmt.Sprintf("1 to %d", Version), Fix: "read it with the SimCity that wrote it, or a later one"}
	}
	return &s, nil
}

// place is a file of the test seen from the root of the repository, which is the
// module's or a folder above.
func place(file, module, repository string) string {
	for _, root := range []string{repository, module} {
		if below, err := filepath.Rel(root, file); root != "" && err == nil && filepath.IsLocal(below) {
			return filepath.ToSlash(below)
		}
	}
	return ""
}
