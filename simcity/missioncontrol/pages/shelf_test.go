package pages_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// shelf is an app that books nothing: it keeps values under keys, all but 13.
func shelf(*simcity.World) (http.Handler, error) {
	var values sync.Map
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /{key...}", func(_ http.ResponseWriter, r *http.Request) {
		if value, _ := io.ReadAll(r.Body); string(value) != "13" {
			values.Store(r.PathValue("key"), value)
		}
	})
	mux.HandleFunc("GET /{key...}", func(w http.ResponseWriter, r *http.Request) {
		if value, ok := values.Load(r.PathValue("key")); ok {
			_, _ = w.Write(value.([]byte))
		}
	})
	return mux, nil
}

// keepers come and go for an hour, keep values on the shelf and read them. Of their
// two rules one is about what nobody does.
func keepers() simcity.Scenario {
	return simcity.Scenario{
		Name: "keepers", Duration: time.Hour,
		Populations: []simcity.Population{{
			Name: "keeper",
			Agent: simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
				for i := range 10 + c.Rand().IntN(20) {
					for _, method := range []string{http.MethodPut, http.MethodGet} {
						if err := keep(ctx, c, method, i); err != nil {
							return err
						}
					}
					if err := c.Sleep(ctx, time.Duration(1+c.Rand().IntN(60))*time.Second); err != nil {
						return err
					}
				}
				return nil
			}),
			Arrivals: simcity.ArrivalsFunc(func(ctx context.Context, g *simcity.Gate) error {
				for range 12 {
					g.Spawn()
					if err := g.Sleep(ctx, 4*time.Minute); err != nil {
						return err
					}
				}
				return nil
			}),
		}},
		Invariants: []simcity.Invariant{found("reads_find_what_was_kept", "GET"), found("removals_find_what_was_kept", "DELETE")},
	}
}

// keep is one operation: a value is put, or read and compared.
func keep(ctx context.Context, c *simcity.Citizen, method string, i int) error {
	return c.Do(ctx, method, i, func(ctx context.Context, op *simcity.Operation) error {
		value := fmt.Sprint(i)
		request, err := http.NewRequestWithContext(ctx, method, c.BaseURL()+"/"+c.ID(), strings.NewReader(value))
		if err != nil {
			return err
		}
		response, err := c.Send(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		op.Output = method == http.MethodGet && string(answer) == value
		return err
	})
}

// found is the rule that every operation of a name finds what was kept.
func found(name, operation string) simcity.Invariant {
	return simcity.Invariant{Name: name, Begin: func(*simcity.World) simcity.Check {
		var made, found int64
		return simcity.Check{
			Anytime: true,
			Operation: func(op *simcity.Operation) *simcity.Breach {
				if op.Name == operation {
					made++
					if op.Output == true {
						found++
					}
				}
				return nil
			},
			Judge: func() simcity.Judgement {
				j := simcity.Judgement{Got: fmt.Sprintf("%d of %d", found, made), Want: "all", Value: float64(found), Bound: float64(made), Samples: made, Needs: 10}
				if found < made {
					j.Breach = &simcity.Breach{Got: j.Got, Want: j.Want}
				}
				return j
			},
		}
	}}
}
