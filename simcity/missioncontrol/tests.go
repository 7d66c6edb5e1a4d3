package missioncontrol

import (
	"errors"
	"net/http"

	"github.com/bookiji/simcity/simcity"
)

// Tests are the tests of this process, whose runs a Handler shows: see
// [Config.Tests].
type Tests interface {
	// State tells how they stand. Called for each status that is asked for, so that
	// it tells as well that somebody looks.
	State() TestState
	// Continue lets the test go on that waits for those who look, or says why it
	// does not.
	Continue() error
}

// The phases of a test that is shown.
const (
	TestRuns = "running"
	TestHeld = "held" // its run has ended, and it waits for those who look
)

// A TestState is how tests stand.
type TestState struct {
	Test  string `json:"test"`
	Phase string `json:"phase"`
	// SecondsLeft is how long a held test waits at most, from now on, if nobody is
	// heard of.
	SecondsLeft float64 `json:"secondsLeft"`
}

// Attach makes the reporter of a run that somebody else starts, at a speed: the run
// is shown as if it had been started here. next is told as well, unless it is nil.
func (h *Handler) Attach(scenario simcity.Scenario, running *simcity.Running, speed float64, next simcity.Reporter) simcity.Reporter {
	return &desk{Handler: h, scenario: scenario, compression: speed, running: running, next: next}
}

// attach makes the session of a run that goes on already the latest one.
func (h *Handler) attach(s *session, running *simcity.Running) {
	h.mu.Lock()
	s.steeredBy(running)
	h.latest = s
	h.waiting.Add(1)
	h.mu.Unlock()
	go func() {
		defer h.waiting.Done()
		s.await()
		h.forget()
	}()
}

// known are the scenarios that runs here can have.
func (h *Handler) known() []simcity.Scenario {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.config.Tests != nil && h.latest != nil {
		return []simcity.Scenario{h.latest.scenario}
	}
	return h.config.Scenarios
}

// proceed is POST /api/simcity/continue.
func (h *Handler) proceed(w http.ResponseWriter, r *http.Request) (answer, error) {
	if err := decodeBody(w, r, h.config.BodyBytes); err != nil {
		return answer{}, err
	}
	err := errors.New("no test waits: the runs here are not those of go test")
	if h.config.Tests != nil {
		err = h.config.Tests.Continue()
	}
	if err != nil {
		return answer{}, &failure{status: http.StatusConflict, Code: "refused", Message: err.Error()}
	}
	return answer{data: h.config.Tests.State()}, nil
}

// A tee tells two recorders.
type tee struct{ first, second simcity.Recorder }

// Record tells both of an event.
func (t tee) Record(e simcity.Event, snapshot *simcity.Snapshot) {
	t.first.Record(e, snapshot)
	t.second.Record(e, snapshot)
}

// End ends both.
func (t tee) End(res *simcity.Result) error {
	return errors.Join(t.first.End(res), t.second.End(res))
}
