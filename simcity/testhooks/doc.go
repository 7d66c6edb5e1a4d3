// Package testhooks is the handler that a host mounts in staging, and only there,
// so that a simulation in another process can let synthetic citizens in, break
// what only the host can break, look at what must never be, and clean up:
//
//	hooks, err := testhooks.New(testhooks.Config{
//		Environment: os.Getenv("APP_ENV"), // refused unless on the allow-list
//		Secret:      os.Getenv("SIMCITY_SECRET"),
//		Login:       app.loginSynthetic,
//		Hooks:       chaos.Hooks{InvalidateCache: app.cache.Drop},
//		Probes:      app.countWhatMustNeverBe,
//		Purge:       app.purgeSynthetic,
//	})
//	if err != nil {
//		return err // in production: run without
//	}
//	defer hooks.Close(context.Background())
//	mux.Handle("/api/test/", hooks)
//
// Whatever the host leaves out is answered 501 with the field to set. The other
// side is [github.com/bookiji/simcity/chaos/remote].
//
// # Calls
//
// All but the first need the secret in the header X-SimCity-Secret, and answer
// 401 without. Bodies are JSON objects of at most 16 KiB without other fields.
//
//	GET    login               {"environment", "syntheticLogin"}: who is this, before any secret is sent
//	POST   login               {email, citizen?, role?, timezone?} -> {"token", "userId"}, and cookies
//	GET    faults              {"kinds": [...], "active": [...]}
//	POST   faults              {type, parameters?, leaseSeconds?, id?} -> 201 {"id", "touched", "expiresAt", ...}
//	GET    faults/{id}         how far it is: "state" is active, reverting or reverted
//	POST   faults/{id}/renew   the lease begins anew
//	DELETE faults/{id}         reverts it, and tells what it touched
//	GET    probes              {"counts": {"doubleBookings": 0, ...}}
//	POST   purge               {dryRun, run?} -> {"dryRun", "rows": {"bookings": 17, ...}}
//
// Only addresses of the synthetic namespace, synthetic+<name>@example.com, can log
// in. A purge says itself whether it is a dry run: there is no default.
//
// An error is {"error": {"code", "message", "field", "value", "allowed", "fix"}}, of
// which the last four are left out where they do not apply: 400 for what is asked
// wrongly, 401, 404, 405, 409 (too_many_faults, known_fault), 410 (lease_ended), 413, 500
// (hook_failed: the host's own error), 501 (not_offered), 503 (closed).
//
// # Faults and their leases
//
// A type takes one hook of the host, named as the runbook names the fault:
//
//	CACHE_INVALIDATION_STORM   invalidationRate   InvalidateCache, once; over at once
//	PAUSE_MV_REFRESH                              PauseRefresh
//	RLS_MISCONFIG              misconfigType      MisconfigureRLS
//	RATE_LIMIT_BURST           multiplier         SqueezeRate
//	CLOCK_SKEW                 skewMs             SkewClock
//
// and those of [Config].Faults. When and how often is the runner's business, on
// its simulated clock. Here a fault lasts until it is reverted, or until its lease
// ends: a dead man's lease, 30 real seconds unless leaseSeconds says otherwise,
// which whoever struck has to renew. A runner that was killed, or cut off, renews
// nothing, and the fault reverts by itself. A revert that fails is tried again
// until it succeeds; meanwhile the fault is "reverting" and tells the last error.
// [Handler.Close] reverts everything at once. Whoever draws the id of a fault, 16 to
// 64 letters in lower case and digits, can revert it although the answer was lost.
//
// By hand:
//
//	curl -sS -X POST https://staging.example.com/api/test/faults -H "X-SimCity-Secret: $SIMCITY_SECRET" \
//		-d '{"type": "RLS_MISCONFIG", "parameters": {"misconfigType": "disabled_table"}, "leaseSeconds": 60}'
//
// # Safety
//
// New refuses an environment that is not on the allow-list: SIMCITY_ALLOWED_ENVS,
// by default test, staging, recovery and local. Nothing puts production on it.
// The secret is compared in constant time, is in no answer and no log line, and
// is taken out of errors of the host. There is no CORS and no cookie
// authenticates, so that a page of another site can do nothing.
//
// # Limits
//
// Leases and faults are kept in this process: behind a load balancer each
// instance knows its own, so either run one, or route /api/test/ to one. A process
// that is killed while a fault is active reverts nothing; hooks that change a
// database should also leave marks, as package chaos/postgres does. Hooks, Probes
// and Purge are called on the goroutines of requests and must be safe for
// concurrent use; each is given 10 real seconds to look at its context.
package testhooks
