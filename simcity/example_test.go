package simcity_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// A shop with one item left sells it once, however many people want it.
func Example() {
	newShop := func(*simcity.World) (http.Handler, error) {
		var sold atomic.Bool
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !sold.CompareAndSwap(false, true) {
				w.WriteHeader(http.StatusConflict)
			}
		}), nil
	}
	shopper := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		if err := c.Sleep(ctx, time.Duration(c.Rand().IntN(60))*time.Minute); err != nil {
			return err
		}
		return c.Do(ctx, "buy", "the last one", func(ctx context.Context, op *simcity.Operation) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL()+"/buy", nil)
			if err != nil {
				return err
			}
			response, err := c.Client().Do(request)
			if err != nil {
				return err
			}
			return response.Body.Close()
		})
	})
	soldOnce := simcity.Invariant{
		Name: "sold_once",
		Begin: func(*simcity.World) simcity.Check {
			sold := 0
			return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
				if op.Outcome == simcity.OK {
					sold++
				}
				if sold > 1 {
					return &simcity.Breach{Got: fmt.Sprint(sold, " sales"), Want: "1 sale"}
				}
				return nil
			}}
		},
	}
	fiftyAtOnce := simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
		for range 50 {
			g.Spawn()
		}
		return nil
	})

	running, err := simcity.New(simcity.Scenario{Name: "last_item"}).
		Target(simcity.InProcess(newShop)).
		Populate(simcity.Population{Name: "shopper", Agent: shopper, Arrivals: fiftyAtOnce}).
		Check(soldOnce).
		Start(context.Background()) // in a test: Run(t)
	if err != nil {
		fmt.Println(err)
		return
	}
	result := running.Wait()
	fmt.Println(result.Verdict, result.Operations, "operations in", result.Simulated)
	fmt.Println("sold:", result.Metrics.Outcomes["ok"], "refused:", result.Metrics.Outcomes["conflict"])
	// Output:
	// PASS 50 operations in 20h0m0s
	// sold: 1 refused: 49
}
