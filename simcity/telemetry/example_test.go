package telemetry_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// A run tells its history to a store, which is read afterwards.
func Example() {
	store := telemetry.NewMemory()
	running, err := simcity.New(simcity.Scenario{Name: "greetings", Duration: time.Hour}).
		Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") }), nil
		})).
		Populate(simcity.Population{
			Name: "visitor",
			Agent: simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
				return c.Do(ctx, "greet", nil, func(ctx context.Context, op *simcity.Operation) error {
					request, err := http.NewRequestWithContext(ctx, "GET", c.BaseURL(), nil)
					if err != nil {
						return err
					}
					response, err := c.Client().Do(request)
					if err != nil {
						return err
					}
					return response.Body.Close()
				})
			}),
			Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
				g.Spawn()
				return nil
			}),
		}).
		Check(simcity.Invariant{Name: "polite", Begin: func(*simcity.World) simcity.Check {
			return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
				if op.Outcome != simcity.OK {
					return &simcity.Breach{Got: op.Outcome.String(), Want: "hello"}
				}
				return nil
			}}
		}}).
		Report(telemetry.NewReporter(store, telemetry.Options{})).
		Start(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	result := running.Wait()

	ctx := context.Background()
	runs, _ := store.Runs(ctx, telemetry.RunFilter{Scenario: "greetings"})
	chain, err := telemetry.Verify(ctx, store, runs[0].ID)
	fmt.Println(runs[0].Result, chain.Digest() == result.Digest.String(), err)
	operations, _ := store.Events(ctx, runs[0].ID, 2, 1)
	fmt.Println(operations[0].Type, operations[0].Actor)
	// Output:
	// PASS true <nil>
	// operation visitor/1
}
