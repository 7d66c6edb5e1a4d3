package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A RunRequest is a row of simcity_run_requests: somebody asks for a run, and a
// runner that claims the request makes it.
type RunRequest struct {
	ID              string `json:"id"` // a UUID
	RequestedBy     string `json:"requestedBy"`
	Tier            string `json:"tier"`
	Scenario        string `json:"scenario"`
	Seed            uint64 `json:"seed,string"`
	Concurrency     int    `json:"concurrency"`
	MaxEvents       int64  `json:"maxEvents,string"`
	DurationSeconds int64  `json:"durationSeconds"`
	// Policies are changes to the scenario's policies, as a JSON object.
	Policies json.RawMessage `json:"policies,omitempty"`
	// Status is PENDING, RUNNING, STOPPED, COMPLETED or FAILED.
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"createdAt"`
	StartedAt time.Time `json:"startedAt,omitzero"`
	EndedAt   time.Time `json:"endedAt,omitzero"`
	RunID     string    `json:"runId,omitempty"`
	// Runner is who claimed it, until LeaseUntil unless the lease is renewed.
	Runner     string    `json:"runner,omitempty"`
	LeaseUntil time.Time `json:"leaseUntil,omitzero"`
	// StopAsked: whoever runs it shall end it.
	StopAsked bool   `json:"stopAsked"`
	Message   string `json:"message,omitempty"`
}

// Validate names the first field that no store can keep, or no runner obey.
func (r *RunRequest) Validate() error {
	refuse := func(field, fix string) error { return &OptionError{Field: "RunRequest." + field, Fix: fix} }
	switch {
	case !IsUUID(r.ID):
		return refuse("ID", fmt.Sprintf("%.64q is no UUID; give a new one to each request", r.ID))
	case r.CreatedAt.IsZero():
		return refuse("CreatedAt", "it is not set; give the present time, by which requests wait their turn")
	case r.Concurrency < 0, r.MaxEvents < 0, r.DurationSeconds < 0:
		return refuse("Concurrency, MaxEvents, DurationSeconds", fmt.Sprintf("%d, %d, %d: none may be negative, and 0 leaves it to the scenario", r.Concurrency, r.MaxEvents, r.DurationSeconds))
	case len(r.Policies) > 0 && json.Unmarshal(r.Policies, new(map[string]any)) != nil:
		return refuse("Policies", `they are no JSON object; write {"cancelChance": 0.25}`)
	}
	return nil
}

// IsUUID tells whether a text has the form of a UUID, as IDs of runs and requests
// have it.
func IsUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range []byte(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return true
}

// Errors of requests.
var (
	// ErrNoRequest is that of a request that the store does not know.
	ErrNoRequest = errors.New("telemetry: no such run request")
	// ErrLeaseLost is that of a runner that does not hold the request any more:
	// it came too late and another one took over, or the request has ended.
	ErrLeaseLost = errors.New("telemetry: the run request belongs to another runner")
)

// Requests is what a store can do that keeps run requests. A runner claims one,
// renews its lease while it works, and finishes it. What a dead runner left is
// claimed by another one when the lease is over. Times come from the caller, so
// that all of it can be tested.
type Requests interface {
	// AddRequest adds a PENDING request, if Validate lets it. One whose ID is there
	// stays as it is.
	AddRequest(ctx context.Context, request RunRequest) error
	// Request returns the request, or ErrNoRequest.
	Request(ctx context.Context, id string) (RunRequest, error)
	// RequestList lists the requests with a status, or all, the latest first.
	RequestList(ctx context.Context, status string, limit int) ([]RunRequest, error)
	// Claim gives the oldest request that is PENDING, or RUNNING with a lease
	// that is over, to the runner until now plus lease. It then is RUNNING. No two
	// runners get the same. Nil means that there is none.
	Claim(ctx context.Context, runner string, now time.Time, lease time.Duration) (*RunRequest, error)
	// Renew lengthens the runner's lease and notes which run it makes. The answer
	// says whether a stop was asked for. ErrLeaseLost ends the runner's work.
	Renew(ctx context.Context, id, runner, runID string, now time.Time, lease time.Duration) (RunRequest, error)
	// Finish ends the request: COMPLETED, STOPPED or FAILED, with a message.
	Finish(ctx context.Context, id, runner, status, message string, now time.Time) error
	// AskStop asks whoever runs it to end it. One that is PENDING is STOPPED at
	// once; one that has ended stays as it is.
	AskStop(ctx context.Context, id string, now time.Time) error
}
