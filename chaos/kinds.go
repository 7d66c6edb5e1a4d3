package chaos

import "github.com/bookiji/simcity/simcity"

// Kinds are the faults of this package, for scenario.Faults, so that commands can
// inject them by name.
func Kinds() []simcity.FaultKind {
	return []simcity.FaultKind{
		KindOf[CacheInvalidationStorm]("Again and again a share of the cache is dropped."),
		KindOf[PauseMVRefresh]("Materialized views are not refreshed."),
		KindOf[RLSMisconfig]("One user's data is open to others."),
		KindOf[RateLimitBurst]("Each client sends many times as much."),
		KindOf[ClockSkew]("The host's clock is wrong."),
		KindOf[Latency]("Requests are slow."),
		KindOf[Errors]("Requests are answered with an error status."),
		KindOf[ConnectionReset]("Connections break."),
		KindOf[Timeout]("Requests hang until their clients give up."),
		KindOf[SlowBody]("Bodies of answers trickle in."),
		KindOf[TruncatedBody]("Bodies of answers break off."),
		KindOf[DuplicateDelivery]("Requests are delivered twice."),
		KindOf[Reordered]("Requests overtake one another."),
		KindOf[WebhookTwice]("Webhooks are delivered twice."),
		KindOf[WebhookLate]("Webhooks are delivered late."),
		KindOf[SeamLatency]("A dependency of the host is slow."),
		KindOf[SeamErrors]("Calls to a dependency of the host fail."),
		KindOf[PausedDependency]("A dependency of the host does not answer."),
	}
}
