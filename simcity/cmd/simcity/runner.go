package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/bookiji/simcity/chaos/remote"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/runner"
)

// pack are the scenarios that a request can name.
var pack = []func() simcity.Scenario{
	scenarios.Baseline, scenarios.GrowthCurve, scenarios.GrowthDoubling, scenarios.DisasterMix, scenarios.VendorSLADrill, scenarios.Soak,
}

// runRequests makes the runs that are asked for.
func runRequests(arguments []string, out, complaints io.Writer) int {
	set, address := flags("runner", complaints)
	target := set.String("target", "", "`URL` of the app that the runs load")
	once := set.Bool("once", false, "end when there is no request left")
	var o runner.Options
	set.StringVar(&o.Name, "name", "", "`word` that tells this runner from others; default host and process")
	set.DurationVar(&o.Lease, "lease", 30*time.Second, "how long a request belongs to a runner that is not heard of")
	if err := set.Parse(arguments); err != nil {
		return exitUsage
	}
	if set.NArg() > 0 {
		return misused(complaints, "runner takes no %q", set.Arg(0))
	}
	if *target == "" {
		return misused(complaints, "say with -target which app the runs load, such as -target https://staging.example.com")
	}
	store, err := openStore(*address)
	if err != nil {
		return failed(complaints, err)
	}
	defer closeStore(store)
	requests, ok := store.(runner.Store)
	if !ok {
		return failed(complaints, fmt.Errorf("%v keeps no requests", store))
	}
	o.Log = func(line string) { fmt.Fprintln(out, line) }
	r, err := runner.New(requests, against(*target), o)
	if err != nil {
		return failed(complaints, err)
	}
	ctx, leave := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer leave()
	work := r.Run
	if *once {
		work = func(ctx context.Context) error { return untilNone(ctx, r) }
	}
	if err := work(ctx); err != nil {
		return failed(complaints, err)
	}
	return exitOK
}

// untilNone makes runs as long as one is asked for.
func untilNone(ctx context.Context, r *runner.Runner) error {
	for ctx.Err() == nil {
		if worked, err := r.Next(ctx); err != nil || !worked {
			return err
		}
	}
	return nil
}

// reached is a target, with its test hooks if there is a secret for them.
func reached(url string) *simcity.URLTarget {
	target := simcity.URL(url)
	if secret := os.Getenv(envSecret); secret != "" {
		target.Login(secret).Equip(remote.Hooks{}.Offer)
	}
	return target
}

// compression is that of a scenario that says none.
const compression = 100

// against makes the pack's scenarios, paced as they ask for, against an app.
func against(target string) runner.Registry {
	return func(request telemetry.RunRequest) (*simcity.Simulation, error) {
		var names []string
		for _, build := range pack {
			scenario := build()
			if scenario.Name == request.Scenario {
				return simcity.New(scenario).Clock(simcity.Paced(cmp.Or(scenario.Compression, compression))).Target(reached(target)), nil
			}
			names = append(names, scenario.Name)
		}
		return nil, fmt.Errorf("there is no scenario %q in the pack: ask for one of %s", request.Scenario, strings.Join(names, ", "))
	}
}
