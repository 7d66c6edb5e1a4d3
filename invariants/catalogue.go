package invariants

import "github.com/bookiji/simcity/simcity"

// Catalogue is every rule that an ordinary day without faults can keep, with its
// default bounds, in the order of the manual. Names are unique. Rules about what a city does not do make its
// runs INCONCLUSIVE, so leave those out: a city without group classes has no use
// for [CapacityConservation].
func Catalogue() []simcity.Invariant {
	return []simcity.Invariant{
		APIP95(0),
		APIP99(0),
		APIErrorRate(0),
		BookingFunnel(0),
		VendorSLA(SLA{}),
		CacheHitRate(0),
		CacheInvalidationSpike(0),
		SearchFreshness(0),
		ZeroDoubleBookings(),
		NoDoubleBookingsByAlias(),
		CapacityConservation(),
		NoOrphanedReferences(""),
		OfferedSlotsAreFree(0),
		NoRefusalsWhileFree(),
		MoneyConservation(),
		QuotasRespected(Quotas{}),
		IdempotentRetries(),
		Overlaps(0),
		TickDrift(0),
		MemoryUsage(0),
	}
}
