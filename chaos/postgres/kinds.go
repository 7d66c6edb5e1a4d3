package postgres

import (
	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// Kinds are the faults of this package, for scenario.Faults, so that commands can
// inject them by name; they strike the database that the host offers.
//
// PAUSE_MV_REFRESH and RLS_MISCONFIG are not among them: commands know those from
// [chaos.Kinds], where they go through the host's hooks. Offer [RefreshHook] and
// [RLSHook] as such, and they are the faults of this package:
//
//	chaos.Offer(w, chaos.Hooks{
//		PauseRefresh:    postgres.RefreshHook(db, ""),
//		MisconfigureRLS: postgres.RLSHook(db, "messages"),
//	})
func Kinds() []simcity.FaultKind {
	return []simcity.FaultKind{
		chaos.KindOf[PoolExhaustion]("The host's pool has no connections left."),
		chaos.KindOf[DropConnections]("The server ends connections."),
		chaos.KindOf[FailStatements]("Writes to a table fail."),
		chaos.KindOf[LockTable]("A table is locked against everybody."),
	}
}
