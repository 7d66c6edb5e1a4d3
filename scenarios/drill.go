package scenarios

import (
	"time"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/simcity"
)

// VendorSLADrill tests whether requests reach their vendors in time: 50 simulated
// hours, three working days, with twice the demand of [Baseline] and crowds that
// book at one instant each morning and afternoon. Vendors answer within 100 open
// minutes if the app shows them their requests at once, so a late answer is the
// app's doing.
func VendorSLADrill() simcity.Scenario { return VendorSLADrillOver(nil) }

// VendorSLADrillOver is [VendorSLADrill] over another binding of the marketplace.
func VendorSLADrillOver(market agents.Marketplace) simcity.Scenario {
	s := BaselineOver(market)
	s.Name = "vendor_sla_drill"
	s.Doc = "Fifty hours of doubled demand: nine of ten requests must be answered within two open hours."
	s.Duration = 50 * time.Hour
	s.Policies.CustomerSpawnRate *= 2
	s.Policies.MaxConcurrentAgents = 400
	s.Populations = append(s.Populations,
		rush("morning", market, agents.Burst{N: 24, At: 9 * time.Hour, Every: 24 * time.Hour}),
		rush("afternoon", market, agents.Burst{N: 24, At: 15 * time.Hour, Every: 24 * time.Hour}),
	)
	return s
}
