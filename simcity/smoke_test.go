package simcity_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

func smoke() *simcity.Simulation {
	return simcity.New(simcity.Scenario{
		Name: "smoke",
		Populations: []simcity.Population{{
			Name: "walker",
			Agent: simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
				for {
					if err := c.Sleep(ctx, time.Duration(c.Rand().IntN(3600))*time.Second); err != nil {
						return err
					}
					err := c.Do(ctx, "get", "x", func(ctx context.Context, op *simcity.Operation) error {
						req, _ := http.NewRequestWithContext(ctx, "GET", c.BaseURL()+"/x", nil)
						resp, err := c.Client().Do(req)
						if err != nil {
							return err
						}
						resp.Body.Close()
						return nil
					})
					if err != nil {
						return err
					}
				}
			}),
			Arrivals: simcity.ArrivalsFunc(func(ctx context.Context, g *simcity.Gate) error {
				for range 20 {
					g.Spawn()
				}
				return nil
			}),
		}},
		Invariants: []simcity.Invariant{{Name: "ok", Doc: "never 500", Begin: func(*simcity.World) simcity.Check {
			return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
				if op.Outcome != simcity.OK {
					return &simcity.Breach{Got: fmt.Sprint(op.Status, op.Err), Want: "200"}
				}
				return nil
			}}
		}}},
	}).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		go func() {
			for range time.Tick(time.Minute) {
			}
		}()
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(50 * time.Millisecond)
			fmt.Fprint(w, "hello")
		}), nil
	}))
}

func TestSmoke(t *testing.T) {
	first := smoke().Run(t)
	require.Equal(t, simcity.Pass, first.Verdict)
	require.Equal(t, first.Digest, smoke().Simulate(t).Digest)
	require.NotEqual(t, first.Digest, smoke().Seed(2).Simulate(t).Digest)
}
