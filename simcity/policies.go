package simcity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Policies are the settings that may change during a run. Their names, meaning
// and defaults are those of Bookiji's operations runbook. Start from
// [DefaultPolicies] and change fields; a [Scenario] whose Policies are the zero
// value uses the defaults.
type Policies struct {
	// SkinFee is the commitment fee in units of the currency. Default 1.00.
	SkinFee float64 `json:"skinFee"`
	// RefundsEnabled says whether citizens expect a refund. Default true.
	RefundsEnabled bool `json:"refundsEnabled"`
	// VendorOpenHours is when vendors arrive and answer, in hours of the day on
	// the simulated clock (UTC). Default 8 to 18.
	VendorOpenHours OpenHours `json:"vendorOpenHours"`
	// CustomerPatienceThreshold is how many ticks a customer waits for an answer
	// or a free slot before giving up. Default 10.
	CustomerPatienceThreshold int `json:"customerPatienceThreshold"`
	// RescheduleChance and CancelChance are probabilities per booking, 0 to 1.
	// Defaults 0.35 and 0.15.
	RescheduleChance float64 `json:"rescheduleChance"`
	CancelChance     float64 `json:"cancelChance"`
	// MaxConcurrentAgents is how many citizens may live at once. Default 50.
	MaxConcurrentAgents int `json:"maxConcurrentAgents"`
	// TickSpeedMs is the length of a tick in real milliseconds of a paced run;
	// multiplied by the scenario's compression it is the tick's simulated
	// length. Default 3000: five simulated minutes at 100x.
	TickSpeedMs int `json:"tickSpeedMs"`
	// CustomerSpawnRate and VendorSpawnRate are the expected arrivals per tick.
	// Below 1 that is a probability. Defaults 0.3 and 0.1.
	CustomerSpawnRate float64 `json:"customerSpawnRate"`
	VendorSpawnRate   float64 `json:"vendorSpawnRate"`
}

// tick is the simulated length of a tick.
func (p Policies) tick(compression float64) time.Duration {
	return time.Duration(float64(p.TickSpeedMs) * float64(time.Millisecond) * compression)
}

// OpenHours is a span of the day, From before To, in hours from 0 to 24.
type OpenHours struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// UnmarshalJSON reads the fields given and refuses others.
func (o *OpenHours) UnmarshalJSON(text []byte) error {
	var fields map[string]int
	if err := json.Unmarshal(text, &fields); err != nil {
		return &FieldError{Field: "policies.vendorOpenHours", Value: string(text), Allowed: `an object such as {"from": 8, "to": 18}`, Fix: "give whole hours"}
	}
	for name, value := range fields {
		switch name {
		case "from":
			o.From = value
		case "to":
			o.To = value
		default:
			return &FieldError{Field: "policies.vendorOpenHours." + name, Value: value, Allowed: "from, to", Fix: "use one of the known names"}
		}
	}
	return nil
}

// Contains reports whether the clock time of t lies within the hours.
func (o OpenHours) Contains(t time.Time) bool {
	return t.Hour() >= o.From && t.Hour() < o.To
}

// DefaultPolicies returns the runbook's defaults.
func DefaultPolicies() Policies {
	return Policies{
		SkinFee:                   1.00,
		RefundsEnabled:            true,
		VendorOpenHours:           OpenHours{From: 8, To: 18},
		CustomerPatienceThreshold: 10,
		RescheduleChance:          0.35,
		CancelChance:              0.15,
		MaxConcurrentAgents:       50,
		TickSpeedMs:               3000,
		CustomerSpawnRate:         0.3,
		VendorSpawnRate:           0.1,
	}
}

// Limits of policies. Beyond them a run would exhaust the machine or stand still.
const (
	maxAgents   = 1_000_000
	maxSpawn    = 100_000
	maxTickMs   = 3_600_000
	maxSkinFee  = 1_000_000
	maxPatience = 1_000_000
)

// Validate reports the first field that cannot work, by its name.
func (p Policies) Validate() error {
	checks := []struct {
		field string
		value float64
		low   float64
		high  float64
	}{
		{"skinFee", p.SkinFee, 0, maxSkinFee},
		{"vendorOpenHours.from", float64(p.VendorOpenHours.From), 0, 23},
		{"vendorOpenHours.to", float64(p.VendorOpenHours.To), float64(p.VendorOpenHours.From) + 1, 24},
		{"customerPatienceThreshold", float64(p.CustomerPatienceThreshold), 1, maxPatience},
		{"rescheduleChance", p.RescheduleChance, 0, 1},
		{"cancelChance", p.CancelChance, 0, 1},
		{"maxConcurrentAgents", float64(p.MaxConcurrentAgents), 1, maxAgents},
		{"tickSpeedMs", float64(p.TickSpeedMs), 1, maxTickMs},
		{"customerSpawnRate", p.CustomerSpawnRate, 0, maxSpawn},
		{"vendorSpawnRate", p.VendorSpawnRate, 0, maxSpawn},
	}
	for _, c := range checks {
		if !(c.value >= c.low && c.value <= c.high) { // also refuses NaN
			return &FieldError{
				Field: "policies." + c.field, Value: c.value,
				Allowed: fmt.Sprintf("%v to %v", c.low, c.high),
				Fix:     "start from simcity.DefaultPolicies() and change single fields",
			}
		}
	}
	return nil
}

// With returns the policies after a change given as JSON, as commands
// give it: {"cancelChance": 0.3}. Unknown names, wrong
// types and values out of range are errors, and then nothing changes.
func (p Policies) With(change json.RawMessage) (Policies, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(change, &fields); err != nil || fields == nil {
		return p, &FieldError{Field: "policies", Value: string(change), Allowed: "a JSON object", Fix: `give the fields to change, such as {"cancelChance": 0.3}`}
	}
	known := policyNames()
	for name := range fields {
		if !slices.Contains(known, name) {
			return p, &FieldError{
				Field: "policies." + name, Value: string(fields[name]),
				Allowed: strings.Join(known, ", "), Fix: "use one of the known names",
			}
		}
	}
	changed := p
	strict := json.NewDecoder(bytes.NewReader(change))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&changed); err != nil {
		var field *FieldError
		if errors.As(err, &field) {
			return p, field
		}
		return p, &FieldError{Field: "policies", Value: string(change), Allowed: "values of the right type", Fix: err.Error()}
	}
	if err := changed.Validate(); err != nil {
		return p, err
	}
	return changed, nil
}

func policyNames() []string {
	encoded, _ := json.Marshal(DefaultPolicies())
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(encoded, &fields)
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// A FieldError says which setting cannot work, what it was, what is allowed and
// how to mend it.
type FieldError struct {
	Field   string
	Value   any
	Allowed string
	Fix     string
}

func (e *FieldError) Error() string {
	text := fmt.Sprintf("simcity: %s is %v", e.Field, e.Value)
	if e.Allowed != "" {
		text += "; allowed: " + e.Allowed
	}
	if e.Fix != "" {
		text += "; fix: " + e.Fix
	}
	return text
}
