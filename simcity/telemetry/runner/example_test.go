package runner_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/runner"
)

// Somebody asks for a run, and a runner makes it.
func Example() {
	ctx, store := context.Background(), telemetry.NewMemory()
	const id = "6f1b0e0a-0000-4000-8000-000000000001"
	if err := store.AddRequest(ctx, telemetry.RunRequest{
		ID: id, RequestedBy: "ada", Scenario: "baseline", Seed: 7, DurationSeconds: 28800, CreatedAt: time.Now(),
	}); err != nil {
		fmt.Println(err)
		return
	}
	r, err := runner.New(store, town, runner.Options{Name: "example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Next(ctx))
	request, err := store.Request(ctx, id)
	fmt.Println(request.Status, err)
	run, err := store.Run(ctx, request.RunID)
	fmt.Println(run.Scenario, run.Seed, run.Result, err)
	// Output:
	// true <nil>
	// COMPLETED <nil>
	// baseline 7 PASS <nil>
}
