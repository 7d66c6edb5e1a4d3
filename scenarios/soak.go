package scenarios

import (
	"time"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/simcity"
)

// Soak is a week of [Baseline]: 168 simulated hours, 10 times compressed when it
// is paced. What piles up shows here: memory, sessions, rows that nobody
// compacts, caches that grow.
func Soak() simcity.Scenario { return SoakOver(nil) }

// SoakOver is [Soak] over another binding of the marketplace.
func SoakOver(market agents.Marketplace) simcity.Scenario {
	s := BaselineOver(market)
	s.Name = "soak"
	s.Doc = "A week of ordinary days: nothing may pile up."
	s.Duration = 7 * 24 * time.Hour
	s.Compression = 10
	s.Policies.TickSpeedMs = 30_000 // five simulated minutes, as elsewhere
	s.Policies.MaxConcurrentAgents = 200
	return s
}
