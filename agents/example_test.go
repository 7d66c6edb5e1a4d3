package agents_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/simcity"
)

// barber is the port of an app with routes of its own.
type barber struct{ agents.Unsupported }

var rest agents.REST

func (barber) Search(context.Context, *agents.User, agents.Query) ([]agents.Listing, error) {
	return []agents.Listing{{Vendor: "figaro", Services: []agents.Service{{ID: "shave"}}}}, nil
}

func (barber) Slots(ctx context.Context, u *agents.User, w agents.Window) ([]agents.Slot, error) {
	var free []time.Time
	err := rest.Call(ctx, u, "GET /free?day="+w.From.Format(time.DateOnly), nil, &free)
	var slots []agents.Slot
	for _, at := range free {
		slots = append(slots, agents.Slot{
			Vendor: w.Vendor, Service: w.Service, Start: at, End: at.Add(30 * time.Minute), Left: 1,
		})
	}
	return slots, err
}

func (barber) Book(ctx context.Context, u *agents.User, o agents.Order) (agents.Booking, error) {
	in := map[string]string{"at": o.Start, "name": u.ID()}
	var out struct{ Number int }
	if err := rest.Call(ctx, u, "POST /appointments", in, &out); err != nil {
		return agents.Booking{}, err
	}
	return agents.Booking{ID: strconv.Itoa(out.Number)}, nil
}

func (barber) Cancel(ctx context.Context, u *agents.User, id string) (agents.Booking, agents.Receipt, error) {
	return agents.Booking{ID: id}, agents.Receipt{}, rest.Call(ctx, u, "DELETE /appointments/"+id, nil, nil)
}

// A barber's app is driven by a port of thirty lines.
func ExampleMarketplace() {
	running, err := simcity.New(simcity.Scenario{
		Name:     "barber",
		Duration: 48 * time.Hour,
		Populations: []simcity.Population{{
			Name:     "customer",
			Agent:    agents.Customer{Market: barber{}, Habits: agents.Habits{Traveller: -1, Mistype: -1, Repeat: -1}},
			Arrivals: agents.Exactly{N: 40},
			Personas: agents.Personas(),
		}},
		Invariants: []simcity.Invariant{oneAtATime()},
	}).Target(simcity.InProcess(newBarber)).Start(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	result := running.Wait()
	fmt.Println(result.Verdict, result.Citizens, "citizens")
	fmt.Println("failed:", result.Metrics.Outcomes["error"])
	// Output:
	// PASS 40 citizens
	// failed: 0
}

// A log-normal think time: half of the draws stay below the median.
func ExampleThinkTime() {
	think := agents.ThinkTime{Median: 30 * time.Second, Sigma: 0.8}
	r := rand.New(rand.NewPCG(1, 2))
	below := 0
	for range 10_000 {
		if think.Draw(r) < think.Median {
			below++
		}
	}
	fmt.Printf("%.2f\n", float64(below)/10_000)
	// Output: 0.50
}

// The errors of a port tell what a refusal means.
func ExampleRefusal() {
	var err error = &agents.Refusal{Route: "POST /api/bookings", Status: 409, Code: "slot_taken"}
	fmt.Println(err)
	fmt.Println(errors.Is(err, agents.ErrTaken), errors.Is(err, agents.ErrQuota))
	// Output:
	// POST /api/bookings was refused with 409 slot_taken
	// true false
}

// oneAtATime is a rule of its own, small enough for an example.
func oneAtATime() simcity.Invariant {
	return simcity.Invariant{Name: "one_at_a_time", Begin: func(*simcity.World) simcity.Check {
		holder := map[time.Time]string{}
		place := map[string]time.Time{}
		var held int64
		return simcity.Check{
			Operation: func(op *simcity.Operation) *simcity.Breach {
				for _, f := range op.Facts {
					switch f.Kind {
					case simcity.Held:
						held++
						if other := holder[f.Start]; other != "" {
							return &simcity.Breach{Got: f.ID + " and " + other, Want: "one"}
						}
						holder[f.Start], place[f.ID] = f.ID, f.Start
					case simcity.Released:
						delete(holder, place[f.ID])
					}
				}
				return nil
			},
			Judge: func() simcity.Judgement { return simcity.Judgement{Samples: held, Needs: 10} },
		}
	}}
}

// newBarber is the app: half hours from 9 to 17, each for one customer.
func newBarber(*simcity.World) (http.Handler, error) {
	var mu sync.Mutex
	number := 0
	taken := map[string]int{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /free", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		day, _ := time.Parse(time.DateOnly, r.URL.Query().Get("day"))
		free := []time.Time{}
		for at := day.Add(9 * time.Hour); at.Before(day.Add(17 * time.Hour)); at = at.Add(30 * time.Minute) {
			if taken[at.Format(time.RFC3339)] == 0 {
				free = append(free, at)
			}
		}
		_ = json.NewEncoder(w).Encode(free)
	})
	mux.HandleFunc("POST /appointments", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var in struct{ At string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		if taken[in.At] != 0 {
			http.Error(w, "taken", http.StatusConflict)
			return
		}
		number++
		taken[in.At] = number
		_ = json.NewEncoder(w).Encode(map[string]int{"number": number})
	})
	mux.HandleFunc("DELETE /appointments/{number}", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		for at, n := range taken {
			if strconv.Itoa(n) == r.PathValue("number") {
				delete(taken, at)
			}
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux, nil
}
