package linear_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/invariants/linear"
	"github.com/bookiji/simcity/simcity"
)

// counter is a host that counts: POST adds one, each answer is the count. One
// that is broken reads and writes back at two moments.
func counter(broken bool) simcity.Target {
	return simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		n := 0
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = simcity.Yield(r.Context(), "read")
			seen := n
			if r.Method == http.MethodPost {
				if broken {
					_ = simcity.Yield(r.Context(), "write")
				} else {
					seen = n
				}
				seen++
				n = seen
			}
			fmt.Fprint(w, seen)
		}), nil
	})
}

// counting is the sequential counter.
var counting = linear.History{
	Model: porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, input, output any) (bool, any) {
			next := state.(int)
			if input == http.MethodPost {
				next++
			}
			return output == nil || output == next, next
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprint(input, " -> ", output) },
	},
	Read: func(op *simcity.Operation) (linear.Entry, bool) {
		return linear.Entry{Key: "counter", Input: op.Name, Output: op.Output, Unknown: op.Outcome == simcity.Failed}, true
	},
}

// counters is a city that counts together, minute after minute.
func counters(target simcity.Target) *simcity.Simulation {
	life := func(ctx context.Context, c *simcity.Citizen) error {
		for range 10 {
			if err := c.Sleep(ctx, time.Minute); err != nil {
				return err
			}
			method := []string{http.MethodGet, http.MethodPost}[c.Rand().IntN(2)]
			err := c.Do(ctx, method, nil, func(ctx context.Context, op *simcity.Operation) error {
				request, err := http.NewRequestWithContext(ctx, method, c.BaseURL()+"/", nil)
				if err != nil {
					return err
				}
				response, err := c.Client().Do(request)
				if err != nil {
					return err
				}
				text, err := io.ReadAll(response.Body)
				if err != nil {
					return err
				}
				op.Output, err = strconv.Atoi(string(text))
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
	return simcity.New(simcity.Scenario{
		Name: "counters", Duration: time.Hour,
		Populations: []simcity.Population{{
			Name: "counter", Agent: simcity.AgentFunc(life),
			Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
				for range 4 {
					g.Spawn()
				}
				return nil
			}),
		}},
	}).Target(target).Check(linear.Check("counter_is_linearizable", counting))
}

func TestHistoryOfACorrectCounterIsExplained(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		result := counters(counter(false)).Seed(seed).Simulate(t)
		require.Equal(t, simcity.Pass, result.Verdict, result.Explain())
		require.EqualValues(t, 40, result.Invariants[0].Judgement.Samples)
	}
}

func TestLostUpdateHasNoExplanationButAPicture(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		result := counters(counter(true)).Seed(seed).Simulate(t)
		if result.Verdict == simcity.Pass {
			continue
		}
		v := result.Violation("counter_is_linearizable")
		require.NotNil(t, v, result.Explain())
		require.Equal(t, `no order explains the 40 answers about "counter"`, v.Got)
		require.Equal(t, strings.TrimSuffix(result.Bundle, ".json")+"-counter_is_linearizable.html", v.PictureFile)
		page, err := os.ReadFile(v.PictureFile)
		require.NoError(t, err)
		require.Contains(t, string(page), "<html")
		require.Contains(t, result.Explain(), v.PictureFile)
		again := counters(counter(true)).Seed(seed).Simulate(t)
		require.Equal(t, result.Digest, again.Digest, "the picture is no part of it")
		return
	}
	t.Fatal("no seed lost an update")
}

func TestCheckWithoutAModelPanics(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, `linear: Check "x" needs Model.Step and Read`, func() { linear.Check("x", linear.History{}) })
}
