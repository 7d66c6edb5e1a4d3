// Package runner makes the runs that somebody asks for in simcity_run_requests.
//
// Use it where a dashboard or a colleague starts runs and another process makes
// them:
//
//	store, err := postgres.Open(os.Getenv("DATABASE_URL"))
//	...
//	r, err := runner.New(store, func(request telemetry.RunRequest) (*simcity.Simulation, error) {
//		switch request.Scenario {
//		case "baseline":
//			return simcity.New(scenarios.Baseline()).Target(simcity.InProcess(newApp)), nil
//		}
//		return nil, fmt.Errorf("there is no scenario %q here", request.Scenario)
//	}, runner.Options{})
//	...
//	err = r.Run(ctx) // until ctx ends
//
// Without an app of one's own to link, the command "simcity runner" does the same
// with the scenario pack against an address.
//
// # What a runner does
//
// It claims the oldest request that waits, or one whose runner has let its lease
// run out. The registry makes the simulation; the runner adds what the request says
// of seed, duration, concurrency and policies, ends the run after the request's
// number of events, and keeps its history in the same store.
//
// While the run goes on it renews the lease, each third of it. The answer says
// whether somebody asks for a stop. PASS, FAIL and an end by the number of events
// are COMPLETED, a run that was stopped is STOPPED, and INCONCLUSIVE, a registry
// that refuses and a panic are FAILED; the request's message is the verdict line or
// the reason.
//
// # When a runner dies
//
// Its lease runs out, and another runner takes the request over: it ends the dead
// one's run as INCONCLUSIVE and makes the run anew from its seed. A runner that is
// alive but cannot reach the store stops its run when its lease is over, before
// anybody else may begin. Clocks of runners are compared with one another's leases:
// let them be right to a few seconds. A runner that is told to end, by its context,
// stops its run and gives the request back at once.
//
// # Limits
//
// One run at a time; start several runners for more. A request whose run kills its
// process is taken over as long as it stands: ask for its stop, and the next runner
// ends it.
package runner
