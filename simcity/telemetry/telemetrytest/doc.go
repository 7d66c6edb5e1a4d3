// Package telemetrytest is the contract of [telemetry.Store] as tests: every
// store passes the same ones, so that what reads from one reads from all.
//
// Use it when you write a store:
//
//	func TestConformance(t *testing.T) {
//		telemetrytest.Run(t, func(t *testing.T) telemetry.Store {
//			store := open(t) // empty, its schema up to date
//			t.Cleanup(func() { store.Close() })
//			return store
//		})
//	}
//
// open is called once for each test and must give stores that do not see each
// other's rows. Tests run in parallel. A store that is [telemetry.Requests] or
// [telemetry.Migrator] is tested for that as well.
//
// [Flaky] plants faults between a reporter and its store: errors, answers that are
// lost after the store has the rows, outages. [History] makes rows to work with.
//
// Limits: the suite says nothing of speed, nor of two processes over one store.
package telemetrytest
