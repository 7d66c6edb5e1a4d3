package redis_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	chaos "github.com/bookiji/simcity/chaos/redis"
	"github.com/bookiji/simcity/simcity"
)

// rush is five customers who want one slot at the same time.
func rush(t *testing.T, seed uint64, seams bool) *simcity.Result {
	t.Helper()
	customer := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		if err := c.Sleep(ctx, 10*time.Minute); err != nil {
			return err
		}
		_, err := send(ctx, c, "/take", "")
		return err
	})
	return city(hostOn(&redis.Options{Addr: small(t).Addr()}, seams), 5, customer).Seed(seed).
		Check(simcity.Invariant{Name: "taken_once", Begin: func(*simcity.World) simcity.Check {
			taken := 0
			return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
				if op.Outcome == simcity.OK {
					taken++
				}
				if taken > 1 {
					return &simcity.Breach{Got: fmt.Sprint("taken ", taken, " times"), Want: "once"}
				}
				return nil
			}}
		}}).Simulate(t)
}

func TestSeamsFindACheckThenSetRace(t *testing.T) {
	t.Parallel()
	found, without := 0, 0
	for seed := uint64(1); seed <= 20; seed++ {
		res := rush(t, seed, true)
		if len(res.Violations) > 0 {
			found++
		} else {
			require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
		}
		require.Equal(t, res.Digest, rush(t, seed, true).Digest, "seed %d", seed)
		if len(rush(t, seed, false).Violations) > 0 {
			without++
		}
	}
	require.Positive(t, found, "of 20 seeds")
	require.Zero(t, without, "of 20 seeds without seams")
	t.Logf("found by %d of 20 seeds", found)
}

// failing fails the seam of that name.
func failing(seam string, err error) simcity.Fault {
	return simcity.Fault{Kind: "FAIL_SEAM", Inject: func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		off := w.OnSeam(func(_ context.Context, name string) (time.Duration, error) {
			if name != seam {
				return 0, nil
			}
			touched.Add(1)
			return 0, err
		})
		return func(context.Context) error { off(); return nil }, nil
	}}
}

func TestFailedSeamFailsTheCommand(t *testing.T) {
	t.Parallel()
	injected := errors.New("the cache is away")
	for seam, do := range map[string]func(context.Context, *redis.Client) error{
		"redis get": func(ctx context.Context, client *redis.Client) error { return client.Get(ctx, "a").Err() },
		"redis pipeline": func(ctx context.Context, client *redis.Client) error {
			pipe := client.Pipeline()
			first, second := pipe.Incr(ctx, "n"), pipe.Incr(ctx, "n")
			_, err := pipe.Exec(ctx)
			return errors.Join(err, first.Err(), second.Err())
		},
		"redis multi": func(ctx context.Context, client *redis.Client) error {
			_, err := client.TxPipelined(ctx, func(pipe redis.Pipeliner) error { return pipe.Incr(ctx, "n").Err() })
			return err
		},
	} {
		t.Run(seam, func(t *testing.T) {
			t.Parallel()
			mini := small(t)
			require.NoError(t, mini.Set("a", "1"))
			var seen, after error
			agent := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
				client := redis.NewClient(&redis.Options{Addr: mini.Addr()})
				chaos.AddSeams(client)
				for _, found := range []*error{&seen, &after} {
					if err := c.Sleep(ctx, 10*time.Minute); err != nil {
						return err
					}
					err := c.Do(ctx, "try", nil, func(ctx context.Context, op *simcity.Operation) error {
						*found = do(ctx, client)
						op.Output = *found
						return nil
					})
					if err != nil {
						return err
					}
				}
				return client.Close()
			})
			res := city(simcity.Handler(http.NotFoundHandler()), 1, agent).Inject(failing(seam, injected), 5*time.Minute, 10*time.Minute).Simulate(t)
			require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
			require.ErrorIs(t, seen, injected)
			require.NoError(t, after)
		})
	}
}
