// Package remote strikes a host in another process: faults of package chaos that
// need hooks of the host find them behind the handler of package testhooks, which
// the host mounts in staging.
//
//	simcity.New(scenarios.DisasterMix()).
//		Target(simcity.URL("https://staging.example.com").
//			Login(os.Getenv("SIMCITY_SECRET")).
//			Equip(remote.Hooks{}.Offer)).
//		Clock(simcity.Paced(100)).
//		Check(invariants.Probe("host_probes", remote.Probes)).
//		Run(t)
//
// Offer asks the host what it has and offers that to faults, as chaos.Offer does
// in process. So a scenario is the same on both sides, and so is what happens if a
// hook is missing: the run is refused before it begins, with the list of those
// that there are. A fault of the host's own is [Fault].
//
// When a fault begins and how often it strikes is decided here, on the run's
// simulated clock. The host holds each for as long as its lease is renewed, in real
// time; if this process dies or the network does, it reverts by itself. A fault
// whose lease ended early has not lasted for its window, and the run says so.
//
// # Cleaning up
//
// With Hooks{Purge: true} all that synthetic citizens left is removed when the run
// has ended, however it ended, and a dry run afterwards has to find nothing. That
// is everything synthetic, of other runs too.
//
// # Limits
//
// It needs a target by simcity.URL. A request that strikes and whose answer is lost,
// because the run ended or the network did, may have struck: the run reverts it if it
// can, and else its lease does. What a fault touched is known when it is
// reverted, and while it lasts as of the last renewal.
package remote
