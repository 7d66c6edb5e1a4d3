package invariants

import (
	"time"

	"github.com/bookiji/simcity/simcity"
)

// epoch is the simulated date at which a run begins when there is no World to
// ask, as in tests that feed a check by hand: 1 January 2000, 00:00 UTC.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// forever is an end that nobody has seen yet.
const forever = time.Duration(1<<63 - 1)

// startOf is the simulated date of a run's start.
func startOf(w *simcity.World) time.Time {
	if w == nil {
		return epoch
	}
	return w.Start()
}

func pacedIn(w *simcity.World) bool { return w != nil && w.Paced() }

// realTimeIn reports whether the target lives on another clock than the run's.
func realTimeIn(w *simcity.World) bool { return w != nil && w.HostTimeIsReal() }

func openHoursIn(w *simcity.World) simcity.OpenHours {
	if w == nil {
		return simcity.DefaultPolicies().VendorOpenHours
	}
	return w.Policies().VendorOpenHours
}

// faultsIn are the faults that struck so far, in order.
func faultsIn(w *simcity.World) []simcity.FaultWindow {
	if w == nil {
		return nil
	}
	return w.Faults()
}

// rlsMisconfig is the kind of a fault that lays rows open to everybody and that
// hosts are expected to notice and mend by themselves.
const rlsMisconfig = "RLS_MISCONFIG"

// struckBy gives the faults of a run to a rule; tests have their own.
type struckBy func(*simcity.World) []simcity.FaultWindow

// orRLS is kinds, or by default the one that hosts heal.
func orRLS(kinds []string) []string {
	if len(kinds) == 0 {
		return []string{rlsMisconfig}
	}
	return kinds
}
