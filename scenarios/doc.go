// Package scenarios is the pack: ready scenarios that join agents and
// invariants into a city. Each is a function that returns a plain value, to be
// run as it is or adjusted field by field:
//
//	scenario := scenarios.Baseline()
//	scenario.Duration = 48 * time.Hour
//	scenario.Policies.CustomerSpawnRate = 0.9
//	simcity.New(scenario).Target(simcity.InProcess(newApp)).Run(t)
//
// [Baseline] is an ordinary day: 20 simulated hours, no faults, every rule of
// the catalogue. It expects the routes of examples/booking; for other routes
// give [BaselineOver] a binding. A target that has no figures on /metrics, no
// group classes or no promotion codes leaves some rules unchecked, and what is
// not checked does not pass: name those rules in AllowEmpty, or take them out.
package scenarios
