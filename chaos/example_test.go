package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// shop is a host that takes money for each POST, without looking whether it did
// already, and the city in which one citizen buys something every hour.
func shop(hooks chaos.Hooks) *simcity.Simulation {
	newShop := func(w *simcity.World) (http.Handler, error) {
		chaos.Offer(w, hooks)
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { w.Metrics().Add("charges", 1) }), nil
	}
	buyer := func(ctx context.Context, c *simcity.Citizen) error {
		for {
			if err := c.Sleep(ctx, time.Hour); err != nil {
				return err
			}
			_ = c.Do(ctx, "buy", nil, func(ctx context.Context, op *simcity.Operation) error {
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
		}
	}
	return simcity.New(simcity.Scenario{Name: "shop", Duration: 20 * time.Hour}).
		Target(simcity.InProcess(newShop)).
		Populate(simcity.Population{Name: "buyer", Agent: simcity.AgentFunc(buyer), Arrivals: exactly(1)}).
		Check(anything())
}

// told runs a city and prints what struck it.
func told(s *simcity.Simulation) {
	running, err := s.Start(context.Background()) // in a test: Run(t)
	if err != nil {
		fmt.Println(err)
		return
	}
	res := running.Wait()
	for _, f := range res.Faults {
		fmt.Printf("%s from %s to %s touched %d\n", f.Kind, f.Begun.Round(time.Second), f.Ended.Round(time.Second), f.Touched)
	}
	fmt.Println(res.Verdict, "with", res.Operations, "operations,", res.Metrics.Outcomes["error"], "errors,", res.Metrics.Counters["charges"], "charges")
	for _, reason := range res.Reasons {
		fmt.Println(reason)
	}
}

// Connections break after the shop has taken the money: the buyer sees an error
// and does not know.
func Example() {
	told(shop(chaos.Hooks{}).Inject(chaos.ConnectionReset{When: chaos.After}.Fault(), 5*time.Hour+time.Minute, 3*time.Hour))
	// Output:
	// CONNECTION_RESET from 5h1m0s to 8h1m0s touched 3
	// PASS with 20 operations, 3 errors, 20 charges
}

// A fault that nobody meets proves nothing, and the run says so.
func ExampleMatch() {
	fault := chaos.Errors{Match: chaos.Match{PathPrefix: "/basket"}, Status: 500}.Fault()
	told(shop(chaos.Hooks{}).Inject(fault, 5*time.Hour, 3*time.Hour))
	// Output:
	// HTTP_ERRORS from 5h0m0s to 8h0m0s touched 0
	// INCONCLUSIVE with 20 operations, 0 errors, 20 charges
	// fault HTTP_ERRORS touched nothing: nothing is proven about it; have it strike while citizens ask for what it hits, or list it in AllowEmpty (it began at 5h0m0s, and let pass POST /buy)
}

// The host lets the storm at its cache.
func ExampleOffer() {
	cached := 1000
	hooks := chaos.Hooks{
		InvalidateCache: func(_ context.Context, share float64) (dropped int64, err error) {
			dropped = int64(share * float64(cached))
			cached -= int(dropped)
			return dropped, nil
		},
	}
	told(shop(hooks).Inject(chaos.CacheInvalidationStorm{}.Fault(), 10*time.Hour, 10*time.Minute))
	// Output:
	// CACHE_INVALIDATION_STORM from 10h0m0s to 10h10m0s touched 999
	// PASS with 20 operations, 0 errors, 20 charges
}

// The same fault every four hours.
func ExampleEvery() {
	told(shop(chaos.Hooks{}).Schedule(chaos.Every{
		Fault:  chaos.WebhookTwice{Path: "/buy"}.Fault(),
		First:  90 * time.Minute,
		Period: 4 * time.Hour,
		For:    time.Hour,
	}))
	// Output:
	// WEBHOOK_TWICE from 1h30m0s to 2h30m0s touched 1
	// WEBHOOK_TWICE from 5h30m0s to 6h30m0s touched 1
	// WEBHOOK_TWICE from 9h30m0s to 10h30m0s touched 1
	// WEBHOOK_TWICE from 13h30m0s to 14h30m0s touched 1
	// PASS with 20 operations, 0 errors, 24 charges
}

// Each seed has a city with other faults.
func ExampleSwarm() {
	swarm := chaos.Swarm{Faults: chaos.RandomHTTP(""), ForMin: 2 * time.Hour, ForMax: 4 * time.Hour, Most: 3, OneAtATime: true}
	for _, in := range swarm.Plan(seeded(7), 20*time.Hour) {
		parameters, _ := json.Marshal(in.Fault.Parameters)
		fmt.Println(in.At.Round(time.Minute), in.For.Round(time.Minute), in.Fault.Kind, string(parameters))
	}
	// Output:
	// 3h19m0s 3h20m0s HTTP_ERRORS {"share":0.48,"status":502,"when":"after"}
	// 14h8m0s 2h47m0s HTTP_LATENCY {"delayMs":1445,"distribution":"exponential","maxMs":30000,"share":0.24,"sigma":0.51,"when":"after"}
}

// Fog is a fault of the host's own: a struct of parameters and what it does.
type Fog struct {
	Density float64 `json:"density" default:"0.5" range:">0..1" doc:"share of the light that is lost"`
}

// Fault implements chaos.Maker.
func (f Fog) Fault() simcity.Fault {
	fault := chaos.Declare("FOG", &f)
	fault.Inject = func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		touched.Add(1)
		w.Note("fog of %v", f.Density)
		return func(context.Context) error { return nil }, nil
	}
	return fault
}

// A fault of one's own is known to commands like all others.
func ExampleKindOf() {
	kind := chaos.KindOf[Fog]("Nobody sees anything.")
	fault, err := kind.Make(nil)
	fmt.Println(fault.Kind, fault.Parameters, err)
	_, err = kind.Make([]byte(`{"density":3}`))
	fmt.Println(err)
	// Output:
	// FOG map[density:0.5] <nil>
	// simcity: FOG.density is 3; allowed: more than 0, up to 1; fix: leave it out for 0.5
}
