package redis

import (
	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// Kinds are the faults of this package, for scenario.Faults, so that commands can
// inject them by name; they strike the server that the host offers.
func Kinds() []simcity.FaultKind {
	return []simcity.FaultKind{
		chaos.KindOf[Flush]("The cache loses keys."),
		chaos.KindOf[DropConnections]("The server ends all connections."),
		chaos.KindOf[Pause]("The server keeps everybody waiting."),
	}
}
