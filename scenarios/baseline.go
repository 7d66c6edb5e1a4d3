package scenarios

import (
	"time"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

// foundingVendors have their shop when the city opens, so that the first
// customer finds something to book.
const foundingVendors = 8

// Baseline is an ordinary day: 20 simulated hours from midnight, 100 times
// compressed when it is paced, with the runbook's default policies, no faults,
// and the whole catalogue of invariants. Customers and further vendors arrive
// per tick, as customerSpawnRate and vendorSpawnRate say.
//
// The app is reached by [agents.REST]; an app with other routes is driven with
// [BaselineOver].
func Baseline() simcity.Scenario { return BaselineOver(nil) }

// BaselineOver is [Baseline] over another binding of the marketplace. Nil means
// agents.REST{}.
func BaselineOver(market agents.Marketplace) simcity.Scenario {
	return simcity.Scenario{
		Name:        "baseline",
		Doc:         "An ordinary day of the marketplace: no faults, default policies, every rule of the catalogue.",
		Duration:    20 * time.Hour,
		Compression: 100,
		Policies:    simcity.DefaultPolicies(),
		Populations: []simcity.Population{
			vendors("vendor", market, agents.Burst{N: foundingVendors}),
			vendors("newcomer", market, agents.VendorsPerTick()),
			customers("customer", market, agents.CustomersPerTick()),
			rush("rush", market, agents.Burst{N: 16, At: 8 * time.Hour, Every: 3 * time.Hour}),
		},
		Invariants: invariants.Catalogue(),
		Collectors: []simcity.Collector{invariants.Prometheus("/metrics")},
	}
}

func vendors(name string, market agents.Marketplace, arrivals simcity.Arrivals) simcity.Population {
	p := agents.Vendors(arrivals)
	p.Name = name
	p.Agent = agents.Vendor{Market: market}
	return p
}

func customers(name string, market agents.Marketplace, arrivals simcity.Arrivals) simcity.Population {
	p := agents.Customers(arrivals)
	p.Name = name
	p.Agent = agents.Customer{Market: market, VisitsMax: 8, LifeMax: 12 * time.Hour}
	return p
}

// rush is customers who come at the same instant and do not stop to think, as
// when tickets go on sale. They are how races are met: others seldom share an
// instant. They leave when they have their booking or have given up.
func rush(name string, market agents.Marketplace, arrivals simcity.Arrivals) simcity.Population {
	p := agents.Customers(arrivals)
	p.Name = name
	p.Agent = agents.Customer{
		Market: market, VisitsMax: 1, LifeMax: 3 * time.Hour,
		ThinkTime: agents.ThinkTime{Median: time.Nanosecond},
		Habits:    agents.Habits{Herd: 0.5},
	}
	p.Resident = true
	return p
}
