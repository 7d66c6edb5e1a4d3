package missioncontrol

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// A summaryView is what is known of a run, whether it goes on or has ended.
type summaryView struct {
	RunID           string                `json:"runId"`
	Scenario        string                `json:"scenario"`
	Seed            uint64                `json:"seed,string"`
	Clock           string                `json:"clock"`
	Status          string                `json:"status"`
	Verdict         string                `json:"verdict"`
	Reasons         []string              `json:"reasons"`
	StartedAt       time.Time             `json:"startedAt"`
	EndedAt         time.Time             `json:"endedAt,omitzero"`
	Simulated       time.Duration         `json:"simulated,string"`
	DurationMinutes float64               `json:"durationMinutes"`
	Events          int64                 `json:"events,string"`
	Citizens        int64                 `json:"citizens,string"`
	Operations      int64                 `json:"operations,string"`
	Digest          string                `json:"digest"`
	Violations      any                   `json:"violations"`
	Invariants      []invariantView       `json:"invariants"`
	Findings        []simcity.Finding     `json:"findings"`
	Faults          []simcity.FaultWindow `json:"faults"`
	Commands        []simcity.Command     `json:"commands"`
	Policies        json.RawMessage       `json:"policies"` // now, or at the end
	Metrics         *simcity.Snapshot     `json:"metrics"`
	LastEvents      []simcity.Event       `json:"lastEvents"`
	Repro           repro                 `json:"repro"`
}

// An invariantView is how one invariant fares.
type invariantView struct {
	Name       string             `json:"name"`
	Doc        string             `json:"doc"`
	When       string             `json:"when"`
	Severity   string             `json:"severity"`
	Status     string             `json:"status"`
	Violations int64              `json:"violations"`
	Judgement  *simcity.Judgement `json:"judgement"`
}

// open is the status of an invariant that is not judged yet.
const open = "open"

// A repro is how a run is repeated.
type repro struct {
	// Curl is the whole command line, with the token in TOKEN; Start is the body that it posts.
	Curl  string          `json:"curl"`
	Start json.RawMessage `json:"start"`
	// Test repeats it in a test of the same scenario.
	Test string `json:"test"`
}

// summary is GET /api/simcity/summary.
func (h *Handler) summary(_ http.ResponseWriter, r *http.Request) (answer, error) {
	if _, err := query(r, "runId"); err != nil {
		return answer{}, err
	}
	id, err := h.runID(r)
	if err != nil {
		return answer{}, err
	}
	v, err := h.summarize(r, id)
	return answer{data: v}, err
}

func (h *Handler) summarize(r *http.Request, id string) (*summaryView, error) {
	row, err := h.config.Store.Run(r.Context(), id)
	if err != nil {
		return nil, err
	}
	v := &summaryView{
		RunID: row.ID, Scenario: row.Scenario, Seed: row.Seed, Clock: row.Clock, Status: statusRunning, StartedAt: row.StartedAt, EndedAt: row.EndedAt,
		DurationMinutes: float64(row.DurationSeconds) / 60, Policies: row.Policies, Repro: h.repro(r, &row),
		Reasons: []string{}, Violations: []any{}, Invariants: []invariantView{}, Findings: []simcity.Finding{},
		Faults: []simcity.FaultWindow{}, Commands: []simcity.Command{}, LastEvents: []simcity.Event{},
	}
	s := h.session(id)
	switch {
	case s != nil && s.fillLive(v):
		return v, nil
	case s != nil: // its result tells more than the store keeps
		v.EndedAt = s.ended
		v.fill(s.result)
	case row.Ended():
		res, err := resultOf(&row)
		if err != nil {
			return nil, err
		}
		res.Verdict = simcity.Verdict(row.Result) // a history that is not whole cannot have passed
		v.fill(res)
	default:
		v.Simulated = 0 // another process makes it
	}
	h.describe(v)
	return v, nil
}

// fill tells the result of a run.
func (v *summaryView) fill(res *simcity.Result) {
	v.Status, v.Verdict = statusCompleted, string(res.Verdict)
	if res.Verdict == simcity.Stopped {
		v.Status = statusStopped
	}
	v.Reasons = append(v.Reasons, res.Reasons...)
	v.Simulated, v.Events, v.Citizens, v.Operations, v.Digest = res.Simulated, res.Events, res.Citizens, res.Operations, res.Digest.String()
	v.Violations = append([]simcity.Violation{}, res.Violations...)
	v.Findings, v.Faults = append(v.Findings, res.Findings...), append(v.Faults, res.Faults...)
	v.Commands, v.Metrics, v.Policies = append(v.Commands, res.Commands...), res.Metrics, encode(res.Policies)
	if res.Verdict != simcity.Pass {
		v.LastEvents = append(v.LastEvents, res.LastEvents...)
	}
	for i := range res.Invariants {
		inv := &res.Invariants[i]
		v.Invariants = append(v.Invariants, invariantView{
			Name: inv.Name, When: inv.When.String(), Severity: inv.Severity.String(), Status: string(inv.Status), Violations: inv.Violations, Judgement: &inv.Judgement,
		})
	}
	if res.Repro != "" {
		v.Repro.Test = res.Repro
	}
}

// fillLive tells a run that goes on, and is false when it has ended.
func (s *session) fillLive(v *summaryView) bool {
	live := s.view()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.result != nil {
		return false
	}
	v.Status, v.Simulated, v.Events = live.Status, live.At, s.fold.next
	v.Violations = append([]liveViolation{}, s.fold.violations...)
	v.Policies, v.Metrics = encode(s.fold.policies), s.fold.metrics
	if m := s.fold.metrics; m != nil {
		v.Citizens, v.Operations = m.Born, m.Operations
	}
	for _, fault := range s.fold.active() {
		window := simcity.FaultWindow{Actor: fault.Actor, Kind: fault.Kind, Begun: fault.Begun, Active: true}
		_ = json.Unmarshal(fault.Parameters, &window.Parameters)
		v.Faults = append(v.Faults, window)
	}
	v.Invariants = s.invariants()
	return true
}

// invariants are those of a run that goes on, as they stand; the caller holds mu.
func (s *session) invariants() []invariantView {
	all := make([]invariantView, 0, len(s.scenario.Invariants))
	for i, inv := range s.scenario.Invariants {
		told := invariantView{Name: inv.Name, Doc: inv.Doc, When: inv.When.String(), Severity: inv.Severity.String(), Status: open, Violations: s.fold.violated[inv.Name]}
		if i < len(s.stands) {
			told.Judgement = s.stands[i].Judgement
			told.Violations = max(told.Violations, s.stands[i].Violations)
		}
		if told.Violations > 0 {
			told.Status = string(simcity.Violated)
		}
		all = append(all, told)
	}
	return all
}

// describe adds what the scenario says of its invariants.
func (h *Handler) describe(v *summaryView) {
	scenario, err := h.scenario(v.Scenario)
	if err != nil {
		return // one of another process, or of before
	}
	for i := range v.Invariants {
		for _, inv := range scenario.Invariants {
			if inv.Name == v.Invariants[i].Name {
				v.Invariants[i].Doc = inv.Doc
			}
		}
	}
}

// repro tells how to repeat a run.
func (h *Handler) repro(r *http.Request, row *telemetry.Run) repro {
	body := struct {
		Seed            uint64          `json:"seed,string"`
		Scenario        string          `json:"scenario"`
		Policies        json.RawMessage `json:"policies,omitempty"`
		DurationMinutes float64         `json:"durationMinutes"`
		Clock           string          `json:"clock,omitempty"`
	}{row.Seed, row.Scenario, h.changes(row), float64(row.DurationSeconds) / 60, ""}
	if row.Clock == clockPaced || row.Clock == clockVirtual {
		body.Clock = row.Clock
	}
	start := encode(body)
	if h.config.Tests != nil {
		return repro{Test: h.reproOfTest(row)}
	}
	return repro{
		Start: start,
		Curl: fmt.Sprintf(`curl -X POST -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '%s' '%s/api/simcity/start'`,
			strings.ReplaceAll(string(start), "'", `'\''`), strings.ReplaceAll(h.base(r), "'", `%27`)),
		Test: fmt.Sprintf("SIMCITY_SEED=%d go test ./... -run SimCity", row.Seed),
	}
}

// reproOfTest is how a run is repeated that goes on in a test.
func (h *Handler) reproOfTest(row *telemetry.Run) string {
	return fmt.Sprintf("SIMCITY_SEED=%d go test -run '^%s$'", row.Seed, h.config.Tests.State().Test)
}

// changes are the policies with which a run began that are not the scenario's.
func (h *Handler) changes(row *telemetry.Run) json.RawMessage {
	scenario, err := h.scenario(row.Scenario)
	if err != nil || len(row.Policies) == 0 {
		return row.Policies
	}
	var began, usual map[string]json.RawMessage
	if json.Unmarshal(row.Policies, &began) != nil || json.Unmarshal(encode(scenario.Policies), &usual) != nil {
		return row.Policies
	}
	changed := make(map[string]json.RawMessage)
	for name, value := range began {
		if string(value) != string(usual[name]) {
			changed[name] = value
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return encode(changed)
}
