package scenarios

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

// stage is how long demand stays at one level while the city grows.
const stage = 6 * time.Hour

// GrowthCurve is a city that grows: 48 simulated hours, in which customers come
// 2, 2.5 and 3 times as often as at first from minute 360, 720 and 1080 on, as
// the runbook has it. The rule "stages" reports operations, p99 and the cache's
// hit rate for every six hours.
func GrowthCurve() simcity.Scenario { return GrowthOver(nil, 2, 2.5, 3) }

// GrowthDoubling is [GrowthCurve] with demand that doubles every six simulated
// hours, three times: 2, 4 and 8 times as many customers as at first.
func GrowthDoubling() simcity.Scenario {
	s := GrowthOver(nil, 2, 4, 8)
	s.Name = "growth_doubling"
	return s
}

// GrowthOver is [GrowthCurve] over another binding of the marketplace, with other
// factors of the first demand, each for six simulated hours and the last one to
// the end. Each step is a command that changes customerSpawnRate.
func GrowthOver(market agents.Marketplace, factors ...float64) simcity.Scenario {
	s := BaselineOver(market)
	s.Name = "growth_curve"
	s.Doc = "Demand grows in steps of six hours; the service must stay as fast at its height as at the start."
	s.Duration = 48 * time.Hour
	s.Policies.MaxConcurrentAgents = 1000
	for i, factor := range factors {
		s.Commands = append(s.Commands, simcity.Command{
			Kind: simcity.ChangePolicies, At: time.Duration(i+1) * stage,
			Policies: json.RawMessage(fmt.Sprintf(`{"customerSpawnRate":%g}`, s.Policies.CustomerSpawnRate*factor)),
		})
	}
	_ = invariants.Catalogue
	return s
}
