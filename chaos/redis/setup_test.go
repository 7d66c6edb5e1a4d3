package redis_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	chaos "github.com/bookiji/simcity/chaos/redis"
	"github.com/bookiji/simcity/simcity"
)

// small is a server inside of the test's process, but outside of its bubbles.
func small(t *testing.T) *miniredis.Miniredis {
	t.Helper()
	return miniredis.RunT(t)
}

// hostOn is a host that runs the commands that it is sent, and that takes what
// nobody has: it looks, and then it writes.
func hostOn(options *redis.Options, seams bool) simcity.Target {
	return simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		own := *options
		client := redis.NewClient(&own)
		if seams {
			chaos.AddSeams(client)
		}
		chaos.Offer(w, client)
		w.OnClose(func(context.Context) error { return client.Close() })
		mux := http.NewServeMux()
		mux.HandleFunc("POST /run", func(rw http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			var words []any
			for _, word := range strings.Fields(string(text)) {
				words = append(words, word)
			}
			value, err := client.Do(r.Context(), words...).Result()
			answer(rw, fmt.Sprint(value), err)
		})
		mux.HandleFunc("POST /take", func(rw http.ResponseWriter, r *http.Request) {
			_, err := client.Get(r.Context(), "slot").Result()
			if err == nil {
				http.Error(rw, "taken", http.StatusConflict)
				return
			}
			if errors.Is(err, redis.Nil) {
				err = client.Set(r.Context(), "slot", "taken", 0).Err()
			}
			answer(rw, "yours", err)
		})
		return mux, nil
	})
}

func answer(rw http.ResponseWriter, value string, err error) {
	if err != nil && !errors.Is(err, redis.Nil) {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(rw, value)
}

// send posts a text as one operation and returns the answer's text.
func send(ctx context.Context, c *simcity.Citizen, path, text string) (said string, err error) {
	err = c.Do(ctx, strings.TrimPrefix(path, "/"), text, func(ctx context.Context, _ *simcity.Operation) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL()+path, strings.NewReader(text))
		if err != nil {
			return err
		}
		response, err := c.Client().Do(request)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		said = strings.TrimSpace(string(body))
		return errors.Join(err, response.Body.Close())
	})
	return said, err
}

// step is something that a visitor sends at a time.
type step struct {
	at      time.Duration
	command string
}

// visitor is a life that sends each step and notes the answers.
func visitor(answers *[]string, steps ...step) simcity.Agent {
	return simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		for _, s := range steps {
			if err := c.Sleep(ctx, s.at-c.Elapsed()); err != nil {
				return err
			}
			said, err := send(ctx, c, "/run", s.command)
			if errors.Is(err, simcity.ErrOver) {
				return err
			}
			*answers = append(*answers, said)
		}
		return nil
	})
}

// city is an hour with n citizens of one kind, whose commands know the faults.
func city(target simcity.Target, n int, agent simcity.Agent, faults ...simcity.FaultKind) *simcity.Simulation {
	return simcity.New(simcity.Scenario{
		Name: "cached", Duration: time.Hour, Faults: faults,
		Populations: []simcity.Population{{Name: "visitor", Agent: agent, Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
			for range n {
				g.Spawn()
			}
			return nil
		})}},
	}).Target(target).Check(simcity.Invariant{Name: "any", Begin: func(*simcity.World) simcity.Check {
		return simcity.Check{Operation: func(*simcity.Operation) *simcity.Breach { return nil }}
	}})
}
