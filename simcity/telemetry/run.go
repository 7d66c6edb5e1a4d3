package telemetry

import (
	"encoding/json"
	"time"
)

// A Run is the row of a run in simcity_runs. Times are in UTC and kept to the
// microsecond; a field of a run that has not ended is zero.
type Run struct {
	ID       string `json:"id"` // a UUID
	Tier     string `json:"tier"`
	Scenario string `json:"scenario"`
	Clock    string `json:"clock"`
	// Seed is kept in a signed column of 64 bits; all values survive.
	Seed uint64 `json:"seed,string"`
	// Concurrency is how many citizens may live at once.
	Concurrency int `json:"concurrency"`
	// MaxEvents is the limit of events of a run that has one, else 0.
	MaxEvents int64 `json:"maxEvents,string"`
	// DurationSeconds is the simulated time that was asked for,
	// DurationSecondsActual how far simulated time came. How long that took in
	// reality is EndedAt less StartedAt.
	DurationSeconds       int64     `json:"durationSeconds"`
	DurationSecondsActual float64   `json:"durationSecondsActual,omitzero"`
	StartedAt             time.Time `json:"startedAt"`
	EndedAt               time.Time `json:"endedAt,omitzero"`
	// Result is PASS, FAIL, STOPPED or INCONCLUSIVE, empty while the run goes on.
	Result string `json:"result,omitempty"`
	Pass   bool   `json:"pass"`
	// FailInvariant is the first invariant that was violated critically, and
	// FailEventIndex its event, or -1.
	FailInvariant  string `json:"failInvariant,omitempty"`
	FailEventIndex int64  `json:"failEventIndex,string"`
	// FailForensic is the whole result of a run that did not pass, last events
	// included, else empty.
	FailForensic json.RawMessage `json:"failForensic,omitempty"`
	// Digest stands for all events, and EventCount says how many there are: with
	// both, [Verify] knows whether a history is whole.
	Digest     string `json:"digest,omitempty"`
	EventCount int64  `json:"eventCount,string"`
	// Policies are those that the run began with, Commands those that steered it.
	Policies json.RawMessage `json:"policies,omitempty"`
	Commands json.RawMessage `json:"commands,omitempty"`
	// Summary is the result without its last events and without what the host
	// logged, and the run's [Throughput].
	Summary json.RawMessage `json:"summary,omitempty"`
}

// Ended tells whether the run has ended.
func (r *Run) Ended() bool { return r.Result != "" }

// A RunFilter says which runs are wanted. Fields that are zero leave all in.
type RunFilter struct {
	Scenario string
	Result   string
	Seed     *uint64
	// Before leaves the runs that began earlier, to page on: the StartedAt of the
	// last run of a page. With BeforeID, that run's ID, runs that began in the
	// same microsecond are told apart.
	Before   time.Time
	BeforeID string
	// Limit is how many runs at most, from 1 to 1000. Others are taken for the
	// nearest of these, but 0 means 100.
	Limit int
}

// Limits of what one call reads.
const (
	LimitDefault = 100
	LimitMax     = 1000
)

// Limit brings the limit of a reading call into its bounds: from 1 to 1000, and
// 0 means 100. Stores call it.
func Limit(limit int) int {
	if limit == 0 {
		return LimitDefault
	}
	return min(max(limit, 1), LimitMax)
}

// Matches tells whether the filter leaves a run in, its limit apart.
func (f RunFilter) Matches(run *Run) bool {
	switch {
	case f.Scenario != "" && f.Scenario != run.Scenario,
		f.Result != "" && f.Result != run.Result,
		f.Seed != nil && *f.Seed != run.Seed:
		return false
	case f.Before.IsZero():
		return true
	}
	before := Micro(f.Before)
	return run.StartedAt.Before(before) || run.StartedAt.Equal(before) && run.ID < f.BeforeID
}

// Micro is a time as stores keep it: in UTC, to the microsecond.
func Micro(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
