package simcity_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// A server elsewhere says which environment it is, and only then citizens come,
// each with a token of its own.
func ExampleURL() {
	mux := http.NewServeMux() // stands for the staging system
	mux.HandleFunc("GET /api/test/login", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"environment":"staging","syntheticLogin":true}`)
	})
	mux.HandleFunc("POST /api/test/login", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"token":"of %s"}`, r.Header.Get(simcity.HeaderCitizen))
	})
	mux.HandleFunc("GET /slots", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Authorization"))
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	running, err := simcity.New(simcity.Scenario{
		Name:     "validate",
		Duration: time.Hour,
		Populations: []simcity.Population{{
			Name: "customer",
			Agent: simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
				return get(ctx, c, "/slots")
			}),
			Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error { g.Spawn(); return nil }),
		}},
		Invariants: []simcity.Invariant{anything()},
	}).
		Target(simcity.URL(server.URL).Environment("staging").Login("the secret of its hooks")).
		Clock(simcity.Paced(36_000)).
		Start(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	res := running.Wait()
	fmt.Println(res.Verdict, res.Remote.Environment, res.Load)
	// Output:
	// Bearer of customer/1
	// PASS staging open
}
