package invariants

import (
	"time"

	"github.com/bookiji/simcity/simcity"
)

// TenantIsolationUnder and RecoveryTimeAfter are the rules in a city where these
// faults struck.
func TenantIsolationUnder(faults []simcity.FaultWindow, healing time.Duration, excused ...string) simcity.Invariant {
	return tenantIsolation(func(*simcity.World) []simcity.FaultWindow { return faults }, healing, excused)
}

func RecoveryTimeAfter(faults []simcity.FaultWindow, limit time.Duration, heals ...string) simcity.Invariant {
	return recoveryTime(func(*simcity.World) []simcity.FaultWindow { return faults }, limit, heals)
}

// Beyond are the rules that are not in the catalogue.
func Beyond() []simcity.Invariant {
	return []simcity.Invariant{Isolation(), TenantIsolation(0), RecoveryTime(0), Stages(0), Limits(0)}
}
