package missioncontrol

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// The clocks of a start call.
const (
	clockVirtual = "virtual"
	clockPaced   = "paced"
)

// minutesMost is the longest time that a call gives, in minutes: a year.
const minutesMost = 366 * 24 * 60

const seedMost = 1<<63 - 1

// A plan is the body of a start call, with what the call left out.
type plan struct {
	scenario        string
	seed            uint64
	policies        json.RawMessage
	durationMinutes float64
	clock           string
	compression     float64 // -1: the scenario's
}

func (h *Handler) readPlan(w http.ResponseWriter, r *http.Request) (plan, error) {
	p := plan{seed: 1, compression: -1}
	err := decodeBody(w, r, h.config.BodyBytes, p.fields()...)
	if err == nil && p.clock != "" && p.clock != clockPaced && p.clock != clockVirtual {
		err = wrong("clock", quote(p.clock), "virtual, paced", "leave it out for the one that fits the target")
	}
	if err == nil && p.clock == clockPaced && p.compression == 0 {
		err = wrong("compression", 0, "a number above 0 for a paced run", "leave it out for the scenario's, or run flat out with clock virtual")
	}
	return p, err
}

func (p *plan) fields() []field {
	return []field{
		integer("seed", false, 0, seedMost, &p.seed), text("scenario", true, &p.scenario), object("policies", false, &p.policies),
		number("durationMinutes", false, 0, minutesMost, true, &p.durationMinutes),
		text("clock", false, &p.clock), number("compression", false, 0, factorMost, false, &p.compression),
	}
}

// simulation makes the run that the plan means, without a reporter.
func (h *Handler) simulation(p *plan) (*simcity.Simulation, simcity.Scenario, error) {
	scenario, err := h.scenario(p.scenario)
	if err != nil {
		return nil, scenario, err
	}
	if p.policies != nil {
		if scenario.Policies, err = scenario.Policies.With(p.policies); err != nil {
			return nil, scenario, asWrong(err, nil, "policies")
		}
	}
	if p.durationMinutes > 0 {
		scenario.Duration = time.Duration(p.durationMinutes * float64(time.Minute))
	}
	if p.compression < 0 {
		p.compression = scenario.Compression
	}
	if p.clock == "" {
		p.clock = h.fittingClock(scenario)
	}
	s := h.simulate(scenario, p.clock, p.compression).Seed(p.seed)
	if err := s.Validate(); err != nil {
		return nil, scenario, asWrong(err, map[string]string{"Target": "clock", "Clock factor": "compression"}, p.culprit())
	}
	return s, scenario, nil
}

// culprit is the field that makes a scenario impossible which is sound as it is.
func (p *plan) culprit() string {
	if p.durationMinutes > 0 {
		return "durationMinutes"
	}
	return "scenario"
}

func (h *Handler) simulate(scenario simcity.Scenario, clock string, compression float64) *simcity.Simulation {
	s := simcity.New(scenario).Target(h.config.Target)
	if clock == clockPaced {
		s.Clock(simcity.Paced(compression))
	} else {
		s.Speed(compression)
	}
	if h.config.Prepare != nil {
		h.config.Prepare(s)
	}
	return s
}

// fittingClock is virtual where the target can live on it: such a run can pause and
// repeats exactly.
func (h *Handler) fittingClock(scenario simcity.Scenario) string {
	var field *simcity.FieldError
	err := simcity.New(scenario).Target(h.config.Target).Validate()
	if errors.As(err, &field) && field.Field == "Target" {
		return clockPaced
	}
	return cmp.Or(h.config.Clock, clockVirtual)
}

// started is what start answers.
type started struct {
	RunID           string           `json:"runId"`
	Scenario        string           `json:"scenario"`
	Seed            uint64           `json:"seed,string"`
	Clock           string           `json:"clock"`
	Compression     float64          `json:"compression"`
	DurationMinutes float64          `json:"durationMinutes"`
	Policies        simcity.Policies `json:"policies"`
	StartedAt       time.Time        `json:"startedAt"`
	Links           links            `json:"links"`
}

type links struct {
	Summary string `json:"summary"`
	Stream  string `json:"stream"`
	Report  string `json:"report"`
}

// start is POST /api/simcity/start.
func (h *Handler) start(w http.ResponseWriter, r *http.Request) (answer, error) {
	if h.config.Tests != nil {
		return answer{}, &failure{status: http.StatusConflict, Code: "refused", Message: "the runs here are those of go test; run the test again to start one"}
	}
	p, err := h.readPlan(w, r)
	if err != nil {
		return answer{}, err
	}
	simulation, scenario, err := h.simulation(&p)
	if err != nil {
		return answer{}, err
	}
	s, err := h.begin(&desk{Handler: h, scenario: scenario, compression: p.compression}, simulation)
	if err != nil {
		return answer{}, err
	}
	runs := "api/ops/simcity/runs/" + s.info.ID
	return answer{http.StatusCreated, &started{
		s.info.ID, s.info.Scenario, s.info.Seed, s.info.Clock, p.compression, s.info.Duration.Minutes(), s.info.Policies, s.info.StartedAt.UTC(),
		links{"api/simcity/summary?runId=" + s.info.ID, runs + "/stream", runs + "/report"},
	}}, nil
}

// begin starts the run unless another one goes on.
func (h *Handler) begin(d *desk, simulation *simcity.Simulation) (*session, error) {
	h.mu.Lock()
	busy := h.starting || h.latest != nil && !h.latest.over()
	var other string
	if h.latest != nil {
		other = h.latest.info.ID
	}
	switch {
	case h.closed:
		h.mu.Unlock()
		return nil, &failure{status: http.StatusServiceUnavailable, Code: "closed", Message: "Mission Control is shutting down"}
	case busy:
		h.mu.Unlock()
		return nil, &failure{status: http.StatusConflict, Code: "run_active", Message: "another run goes on; stop it, or wait for its end", RunID: other}
	}
	h.starting = true
	h.waiting.Add(1)
	h.mu.Unlock()

	running, err := simulation.Report(d).Start(h.life)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.starting = false
	if err != nil {
		h.waiting.Done()
		return nil, &failure{status: http.StatusServiceUnavailable, Code: "store_unavailable", Message: strings.TrimPrefix(err.Error(), "simcity: ")}
	}
	s := d.session
	s.steeredBy(running)
	h.latest = s
	go func() {
		defer h.waiting.Done()
		s.await()
		h.forget()
	}()
	return s, nil
}

// forget keeps the default store small.
func (h *Handler) forget() {
	if h.own == nil {
		return
	}
	runs, err := h.own.Runs(context.Background(), telemetry.RunFilter{Limit: h.config.MemoryRuns + 1})
	if err == nil && len(runs) > h.config.MemoryRuns {
		oldest := runs[len(runs)-1]
		_, _ = h.own.Purge(context.Background(), telemetry.PurgePolicy{Before: oldest.EndedAt.Add(1)}) // memory does not fail
	}
}
