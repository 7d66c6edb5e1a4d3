// Package scenarios is the pack: ready scenarios that join agents and
// invariants into a city. Each is a function that returns a plain value, to be
// run as it is or adjusted field by field:
//
//		scenario := scenarios.Baseline()
//		scenario.Duration = 48 * time.Hour
//		scenario.Policies.CustomerSpawnRate = 0.9
//		simcity.New(scenario).Target(simcity.InProcess(newApp)).Run(t)
//
//	  - [Baseline]: an ordinary day, 20 simulated hours, every rule of the catalogue
//	  - [GrowthCurve]: 48 hours of demand that grows every six
//	  - [DisasterMix]: three of the runbook's faults in six hours; the host offers
//	    the hooks of package chaos that they need
//	  - [VendorSLADrill]: 50 hours of double demand and crowds
//	  - [Soak]: a week
//
// They expect the routes of examples/booking; for other routes give the function
// whose name ends in Over a binding, such as [BaselineOver]. A target that has no figures on /metrics, no
// group classes or no promotion codes leaves some rules unchecked, and what is
// not checked does not pass: name those rules in AllowEmpty, or take them out.
//
// An app without payments answers an order with a booking that is confirmed: it
// has neither the status held nor an expiry, and then it completes the funnel.
// Its binding lacks Confirm and Ledger, so that two rules of the catalogue have
// nothing to check:
//
//	scenario := scenarios.BaselineOver(market)
//	scenario.AllowEmpty = []string{"money_conservation", "overlapping_requests"}
package scenarios
