package redis_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	chaos "github.com/bookiji/simcity/chaos/redis"
	"github.com/bookiji/simcity/simcity"
)

// A page that is cached costs one look at the database. At noon the cache loses
// everything.
func Example() {
	server := miniredis.NewMiniRedis() // a real one in a real test
	if err := server.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	looked := 0
	newApp := func(w *simcity.World) (http.Handler, error) {
		client := redis.NewClient(&redis.Options{Addr: server.Addr()})
		chaos.AddSeams(client)
		chaos.Offer(w, client)
		w.OnClose(func(context.Context) error { return client.Close() })
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if client.Get(r.Context(), "page").Err() == redis.Nil {
				looked++
				client.Set(r.Context(), "page", "hello", 0)
			}
		}), nil
	}
	reader := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		for c.Sleep(ctx, time.Hour) == nil {
			_ = c.Do(ctx, "read", nil, func(ctx context.Context, _ *simcity.Operation) error {
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL(), nil)
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
		return nil
	})
	running, err := simcity.New(simcity.Scenario{Name: "cached"}).
		Target(simcity.InProcess(newApp)).
		Populate(simcity.Population{Name: "reader", Agent: reader, Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
			g.Spawn()
			return nil
		})}).
		Check(simcity.Invariant{Name: "any", Begin: func(*simcity.World) simcity.Check {
			return simcity.Check{Operation: func(*simcity.Operation) *simcity.Breach { return nil }}
		}}).
		Inject(chaos.Flush{}.Fault(), 12*time.Hour+time.Minute, time.Minute).
		Start(context.Background()) // in a test: Run(t)
	if err != nil {
		fmt.Println(err)
		return
	}
	result := running.Wait()
	fmt.Println(result.Verdict, "reads:", result.Operations, "looked:", looked, "keys lost:", result.Faults[0].Touched)
	// Output:
	// PASS reads: 19 looked: 2 keys lost: 1
}
