package scenarios

import (
	"time"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

// DisasterMix is a bad day: six simulated hours from 8:00 with 150 agents, in
// which a cache invalidation storm strikes at minute 30, the refresh of the
// search view is paused at minute 90 and row-level security is misconfigured at
// minute 180, the latter for an hour in which the service must notice and heal
// itself. Intruders look for what is not theirs all day.
//
// Between the faults the service must be as good as ever, and within 15 minutes
// of each it must have recovered. The host offers the hooks of package chaos that
// its three faults need; see [chaos.Offer].
func DisasterMix() simcity.Scenario { return DisasterMixOver(nil) }

// DisasterMixOver is [DisasterMix] over another binding of the marketplace.
func DisasterMixOver(market agents.Marketplace) simcity.Scenario {
	policies := simcity.DefaultPolicies()
	policies.MaxConcurrentAgents = 150
	policies.CustomerSpawnRate = 4
	return simcity.Scenario{
		Name:        "disaster_mix",
		Doc:         "Three of the runbook's faults in six hours: the service must heal, and nobody may be harmed meanwhile.",
		Start:       time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC),
		Duration:    6 * time.Hour,
		Compression: 100,
		Policies:    policies,
		Populations: []simcity.Population{
			vendors("vendor", market, agents.Burst{N: 16}),
			vendors("newcomer", market, agents.Burst{N: 1, At: 20 * time.Minute, Every: 20 * time.Minute}),
			customers("crowd", market, agents.Burst{N: 100, At: 2 * time.Minute}),
			customers("customer", market, agents.CustomersPerTick()),
			rush("rush", market, agents.Burst{N: 16, At: 15 * time.Minute, Every: time.Hour}),
			intruders("intruder", market, agents.Burst{N: 3, At: 5 * time.Minute}),
		},
		Injections: []simcity.Injection{
			{Fault: chaos.CacheInvalidationStorm{}.Fault(), At: 30 * time.Minute, For: 30 * time.Minute},
			{Fault: chaos.PauseMVRefresh{PauseDuration: time.Hour}.Fault(), At: 90 * time.Minute, For: time.Hour},
			{Fault: chaos.RLSMisconfig{MisconfigType: chaos.DisabledTable}.Fault(), At: 180 * time.Minute, For: time.Hour},
		},
		Faults:        chaos.Kinds(),
		RecoveryGrace: 15 * time.Minute,
		Invariants: []simcity.Invariant{
			invariants.APIP95(0), invariants.APIP99(0), invariants.APIErrorRate(0),
			invariants.CacheHitRate(0),
			invariants.Limits(0),
			invariants.ZeroDoubleBookings(), invariants.CapacityConservation(),
			invariants.OfferedSlotsAreFree(0), invariants.MoneyConservation(), invariants.IdempotentRetries(),
			invariants.BookingFunnel(0), invariants.VendorSLA(invariants.SLA{}),
			invariants.SearchFreshness(0),
			invariants.TenantIsolation(0), invariants.RecoveryTime(0),
			invariants.TickDrift(0), invariants.MemoryUsage(0),
		},
		Collectors: []simcity.Collector{invariants.Prometheus("/metrics")},
	}
}

func intruders(name string, market agents.Marketplace, arrivals simcity.Arrivals) simcity.Population {
	p := agents.Intruders(arrivals)
	p.Name = name
	p.Agent = agents.Intruder{Market: market, Every: time.Minute}
	return p
}
