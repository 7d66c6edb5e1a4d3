package remote_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/chaos/remote"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/testhooks"
)

// A staging system, which would be elsewhere, and a test that breaks its
// row-level security for a while and cleans up.
func Example() {
	open := false
	hooks, err := testhooks.New(testhooks.Config{
		Environment: "staging", Secret: "correct-horse-battery",
		Login: func(_ context.Context, c testhooks.Citizen) (testhooks.Session, error) {
			return testhooks.Session{Token: "session of " + c.Email}, nil
		},
		Hooks: chaos.Hooks{
			MisconfigureRLS: func(context.Context, string) (func(context.Context) error, int64, error) {
				open = true
				return func(context.Context) error { open = false; return nil }, 42, nil
			},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer hooks.Close(context.Background())
	mux := http.NewServeMux()
	mux.Handle("/api/test/", hooks)
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	staging := httptest.NewServer(mux)
	defer staging.Close()

	running, err := simcity.New(simcity.Scenario{
		Name: "staging", Duration: time.Hour,
		Populations: []simcity.Population{{Name: "visitor", Arrivals: simcity.ArrivalsFunc(once), Agent: simcity.AgentFunc(visit)}},
		Invariants:  []simcity.Invariant{alive},
	}).
		Target(simcity.URL(staging.URL).Login("correct-horse-battery").Equip(remote.Hooks{Lease: 10 * time.Second}.Offer)).
		Clock(simcity.Paced(3600)).
		Inject(chaos.RLSMisconfig{}.Fault(), 20*time.Minute, 20*time.Minute).
		Start(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	res := running.Wait()
	fmt.Println(res.Verdict, res.Faults[0].Kind, "touched", res.Faults[0].Touched, "and is still open:", open)
	// Output:
	// PASS RLS_MISCONFIG touched 42 and is still open: false
}
