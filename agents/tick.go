package agents

import (
	"context"
	"math"

	"github.com/bookiji/simcity/simcity"
)

// PerTick is the runbook's own model: every tick some citizens arrive. A rate
// below 1 is the probability of one arrival; above, the whole part arrives
// surely and the fraction is the probability of one more. When the city is
// full nobody comes, which is not counted as a dropped arrival: the model is
// closed, unlike all others of this package.
type PerTick struct {
	// Rate is arrivals per tick under the policies in force. Required.
	Rate func(simcity.Policies) float64
	// OpenHours lets citizens arrive within policies' vendorOpenHours only.
	OpenHours bool
}

// CustomersPerTick is the runbook's spawning of customers: customerSpawnRate,
// day and night.
func CustomersPerTick() PerTick {
	return PerTick{Rate: func(p simcity.Policies) float64 { return p.CustomerSpawnRate }}
}

// VendorsPerTick is the runbook's spawning of vendors: vendorSpawnRate, within
// open hours.
func VendorsPerTick() PerTick {
	return PerTick{Rate: func(p simcity.Policies) float64 { return p.VendorSpawnRate }, OpenHours: true}
}

// Arrive implements [simcity.Arrivals].
func (p PerTick) Arrive(ctx context.Context, g *simcity.Gate) error {
	for {
		if err := g.NextTick(ctx); err != nil {
			return err
		}
		policies := g.Policies()
		whole, fraction := math.Modf(p.Rate(policies))
		n := int(whole)
		if g.Rand().Float64() < fraction { // drawn every tick, whatever the rest decides
			n++
		}
		if p.OpenHours && !policies.VendorOpenHours.Contains(g.Now()) {
			continue
		}
		for ; n > 0 && !g.Full(); n-- {
			g.Spawn()
		}
	}
}

// Validate reports a missing rate.
func (p PerTick) Validate() error {
	if p.Rate == nil {
		return &simcity.FieldError{Field: "PerTick.Rate", Value: "nil", Allowed: "a function", Fix: "use agents.CustomersPerTick or agents.VendorsPerTick"}
	}
	return nil
}
