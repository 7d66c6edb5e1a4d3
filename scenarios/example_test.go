package scenarios_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// The pack's scenarios are plain values: take one, change fields, run it.
func ExampleBaseline() {
	morning := scenarios.Baseline()
	morning.Duration = 12 * time.Hour
	morning.Policies.CancelChance = 0.3

	running, err := simcity.New(morning).
		Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
			return booking.New(booking.Config{})
		})).
		Start(context.Background()) // in a test: Run(t)
	if err != nil {
		fmt.Println(err)
		return
	}
	result := running.Wait()
	fmt.Println(result.Verdict, result.Simulated, len(result.Violations), "violations")
	// Output:
	// PASS 12h0m0s 0 violations
}
