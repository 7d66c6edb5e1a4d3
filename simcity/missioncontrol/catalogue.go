package missioncontrol

import (
	"net/http"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// statusAnswer is what status answers.
type statusAnswer struct {
	Running bool     `json:"running"`
	Run     *runView `json:"run"`
	Last    *runView `json:"last"`
	// Test is the test whose runs these are; null: they are started here.
	Test *TestState `json:"test"`
	Now  time.Time  `json:"now"`
}

// status is GET /api/simcity/status.
func (h *Handler) status(_ http.ResponseWriter, r *http.Request) (answer, error) {
	if _, err := query(r); err != nil {
		return answer{}, err
	}
	a := statusAnswer{Now: now().UTC()}
	h.mu.Lock()
	s := h.latest
	h.mu.Unlock()
	if s != nil {
		over, v := s.over(), s.view()
		if over {
			a.Last = &v
		} else {
			a.Running, a.Run = true, &v
		}
	}
	if h.config.Tests != nil {
		state := h.config.Tests.State()
		a.Test = &state
	}
	return answer{data: a}, nil
}

// policiesAnswer is what policies answers.
type policiesAnswer struct {
	RunID    *string          `json:"runId"`
	Policies simcity.Policies `json:"policies"`
	Fields   []policyField    `json:"fields"`
}

// A policyField describes one policy. Minimum and Maximum are what can work; a
// slider shows less.
type policyField struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"` // number, integer, boolean
	Minimum *float64 `json:"minimum,omitempty"`
	Maximum *float64 `json:"maximum,omitempty"`
	Default any      `json:"default"`
	Doc     string   `json:"doc"`
}

func policyFields() []policyField {
	d := simcity.DefaultPolicies()
	between := func(name, kind string, low, high float64, standard any, doc string) policyField {
		return policyField{name, kind, &low, &high, standard, doc}
	}
	return []policyField{
		between("customerSpawnRate", "number", 0, 100_000, d.CustomerSpawnRate, "expected customers per tick"),
		between("vendorSpawnRate", "number", 0, 100_000, d.VendorSpawnRate, "expected vendors per tick"),
		between("maxConcurrentAgents", "integer", 1, 1_000_000, d.MaxConcurrentAgents, "citizens who may live at once"),
		between("rescheduleChance", "number", 0, 1, d.RescheduleChance, "probability per booking that it is moved"),
		between("cancelChance", "number", 0, 1, d.CancelChance, "probability per booking that it is cancelled"),
		between("customerPatienceThreshold", "integer", 1, 1_000_000, d.CustomerPatienceThreshold, "ticks that a customer waits"),
		between("skinFee", "number", 0, 1_000_000, d.SkinFee, "commitment fee in units of the currency"),
		{Name: "refundsEnabled", Type: "boolean", Default: d.RefundsEnabled, Doc: "whether citizens expect a refund"},
		between("vendorOpenHours.from", "integer", 0, 23, d.VendorOpenHours.From, "hour of the day from which vendors answer"),
		between("vendorOpenHours.to", "integer", 1, 24, d.VendorOpenHours.To, "hour of the day until which vendors answer"),
		between("tickSpeedMs", "integer", 1, 3_600_000, d.TickSpeedMs, "length of a tick in real milliseconds of a paced run"),
	}
}

// policies is GET /api/simcity/policies.
func (h *Handler) policies(_ http.ResponseWriter, r *http.Request) (answer, error) {
	if _, err := query(r); err != nil {
		return answer{}, err
	}
	a := policiesAnswer{Policies: simcity.DefaultPolicies(), Fields: policyFields()}
	h.mu.Lock()
	s := h.latest
	h.mu.Unlock()
	if s != nil {
		v := s.view()
		a.RunID, a.Policies = &v.RunID, v.Policies
	}
	return answer{data: a}, nil
}

// A scenarioView describes a scenario.
type scenarioView struct {
	Name            string           `json:"name"`
	Doc             string           `json:"doc"`
	DurationMinutes float64          `json:"durationMinutes"`
	Compression     float64          `json:"compression"`
	Policies        simcity.Policies `json:"policies"`
	Populations     []string         `json:"populations"`
	Invariants      []ruleView       `json:"invariants"`
	Injections      []injectionView  `json:"injections"`
	Faults          []kindView       `json:"faults"`
}

type ruleView struct {
	Name     string `json:"name"`
	Doc      string `json:"doc"`
	When     string `json:"when"`
	Severity string `json:"severity"`
}

type injectionView struct {
	Kind       string         `json:"kind"`
	AtMinutes  float64        `json:"atMinutes"`
	ForMinutes float64        `json:"forMinutes"`
	Parameters map[string]any `json:"parameters"`
}

type kindView struct {
	Kind       string                   `json:"kind"`
	Doc        string                   `json:"doc"`
	Parameters []simcity.FaultParameter `json:"parameters"`
}

// scenarios is GET /api/simcity/scenarios.
func (h *Handler) scenarios(_ http.ResponseWriter, r *http.Request) (answer, error) {
	if _, err := query(r); err != nil {
		return answer{}, err
	}
	all := []scenarioView{}
	for _, s := range h.known() {
		all = append(all, describe(h.config.equip(s)))
	}
	return answer{data: struct {
		Scenarios []scenarioView `json:"scenarios"`
	}{all}}, nil
}

func describe(s simcity.Scenario) scenarioView {
	v := scenarioView{
		Name: s.Name, Doc: s.Doc, DurationMinutes: s.Duration.Minutes(), Compression: s.Compression, Policies: s.Policies,
		Populations: []string{}, Invariants: []ruleView{}, Injections: []injectionView{}, Faults: []kindView{},
	}
	for _, p := range s.Populations {
		v.Populations = append(v.Populations, p.Name)
	}
	for _, inv := range s.Invariants {
		v.Invariants = append(v.Invariants, ruleView{inv.Name, inv.Doc, inv.When.String(), inv.Severity.String()})
	}
	for _, in := range s.Injections {
		v.Injections = append(v.Injections, injectionView{in.Fault.Kind, in.At.Minutes(), in.For.Minutes(), in.Fault.Parameters})
	}
	for _, kind := range s.Faults {
		v.Faults = append(v.Faults, kindView{kind.Kind, kind.Doc, append([]simcity.FaultParameter{}, kind.Parameters...)})
	}
	return v
}
