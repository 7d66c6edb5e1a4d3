package simcity_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

func TestPolicyChangeOnScheduleTakesEffectAtItsTime(t *testing.T) {
	t.Parallel()
	var before, after float64
	s := city(hello, citizens("visitor", 1, func(ctx context.Context, c *simcity.Citizen) error {
		_ = get(ctx, c, "/")
		_ = c.Sleep(ctx, 29*time.Minute)
		before = c.Policies().CancelChance
		_ = c.Sleep(ctx, 2*time.Minute)
		after = c.Policies().CancelChance
		return nil
	})).Command(simcity.Command{Kind: simcity.ChangePolicies, At: 30 * time.Minute, Policies: json.RawMessage(`{"cancelChance":0.9}`)})
	events := eventsOf(s, simcity.EventCommand)
	res := s.Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.InDelta(t, 0.15, before, 0)
	require.InDelta(t, 0.9, after, 0)
	require.InDelta(t, 0.9, res.Policies.CancelChance, 0)
	require.Len(t, *events, 1)
	require.Equal(t, 30*time.Minute, (*events)[0].At)
	require.JSONEq(t, `{"kind":"policy","policies":{"cancelChance":0.9}}`, string((*events)[0].Payload))
	require.Empty(t, res.Commands, "the scenario repeats its own")
}

func TestStopOnScheduleEndsTheRunThere(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("regular", 1, regular)).
		Command(simcity.Command{Kind: simcity.Stop, At: 10*time.Minute + time.Second}).Simulate(t)
	require.Equal(t, simcity.Stopped, res.Verdict)
	require.Equal(t, "stopped by command at simulated 10m1s", res.Reasons[0])
	require.Equal(t, int64(10), res.Operations)
	require.Equal(t, 10*time.Minute+time.Second, res.Simulated.Truncate(time.Millisecond))
}

func TestStoppedRunFailsItsTest(t *testing.T) {
	t.Parallel()
	told := record(t, "TestX", func(t testing.TB) {
		city(hello, citizens("regular", 1, regular)).Command(simcity.Command{Kind: simcity.Stop, At: time.Minute}).Run(t)
	})
	require.Len(t, told.errors, 1)
	require.Contains(t, told.errors[0], "STOPPED")
}

func TestTickFollowsItsPolicy(t *testing.T) {
	t.Parallel()
	s := city(hello, citizens("visitor", 1, visitor)).
		Command(simcity.Command{Kind: simcity.ChangePolicies, At: 20 * time.Minute, Policies: json.RawMessage(`{"tickSpeedMs":6000}`)})
	events := eventsOf(s, simcity.EventTick)
	s.Simulate(t)
	var minutes []int
	for _, e := range *events {
		minutes = append(minutes, int(e.At/time.Minute))
	}
	require.Subset(t, minutes, []int{5, 10, 15, 30, 40, 50})
	require.NotContains(t, minutes, 35)
	require.NotContains(t, minutes, 55)
}

func TestStartedRunEndsByItself(t *testing.T) {
	t.Parallel()
	running, err := city(hello, citizens("regular", 1, regular)).Start(t.Context())
	require.NoError(t, err)
	res := running.Wait()
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Empty(t, res.Repro, "no test can repeat it")
	require.Same(t, res, running.Wait())
}

func TestStartReportsMistakes(t *testing.T) {
	t.Parallel()
	_, err := simcity.New(sound()).Start(t.Context())
	requireMistake(t, mistake{field: "Target"}, err)
}

// paced is a city that would run for an hour of real time.
func paced() *simcity.Simulation {
	return city(hello, citizens("regular", 1, regular)).Clock(simcity.Paced(100)).Until(100 * time.Hour)
}

func TestStartedRunStopsWhenTold(t *testing.T) {
	t.Parallel()
	running, err := paced().Start(t.Context())
	require.NoError(t, err)
	running.Stop()
	require.Equal(t, simcity.Stopped, running.Wait().Verdict)
}

func TestStartedRunStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	running, err := paced().Start(ctx)
	require.NoError(t, err)
	cancel()
	require.Equal(t, simcity.Stopped, running.Wait().Verdict)
}

func TestCommandToAnEndedRunIsRefused(t *testing.T) {
	t.Parallel()
	running, err := city(hello, citizens("visitor", 1, visitor)).Start(t.Context())
	require.NoError(t, err)
	running.Wait()
	for range 20 {
		require.ErrorIs(t, running.Send(simcity.Command{Kind: simcity.Stop}), simcity.ErrOver)
	}
}

func TestCommandThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	running, err := paced().Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { running.Stop(); running.Wait() })
	requireMistake(t, mistake{field: "command.Kind", says: []string{"dance", "policy, event, stop"}}, running.Send(simcity.Command{Kind: "dance"}))
	requireMistake(t, mistake{field: "policies.tax"}, running.Send(simcity.Command{
		Kind: simcity.ChangePolicies, Policies: json.RawMessage(`{"tax":1}`),
	}))
}

// steered starts s and, from inside the run, lets someone by hand send a command
// after half an hour in which nothing is told.
func steered(t *testing.T, host http.HandlerFunc, steer func(send func(simcity.Command) error) error) (*simcity.Simulation, *simcity.Result) {
	t.Helper()
	build := func(hand life) *simcity.Simulation {
		return city(host, citizens("regular", 3, regular), citizens("silent", 1, func(ctx context.Context, c *simcity.Citizen) error {
			for range 1801 {
				if err := c.Sleep(ctx, time.Second); err != nil {
					return err
				}
			}
			if hand != nil {
				if err := hand(ctx, c); err != nil {
					return err
				}
			}
			if err := c.Sleep(ctx, time.Second); err != nil {
				return err
			}
			return get(ctx, c, "/")
		})).Seed(7)
	}
	started := make(chan *simcity.Running, 1)
	running, err := build(func(context.Context, *simcity.Citizen) error {
		return steer((<-started).Send)
	}).Start(t.Context())
	require.NoError(t, err)
	started <- running
	return build(nil), running.Wait()
}

func TestCommandsSentByHandReplayToTheSameDigest(t *testing.T) {
	for name, commands := range map[string][]simcity.Command{
		"one":   {{Kind: simcity.ChangePolicies, Policies: json.RawMessage(`{"cancelChance": 0.9}`)}},
		"stop":  {{Kind: simcity.Stop}},
		"fault": {{Kind: simcity.InjectFault, Fault: "CALM", Parameters: json.RawMessage(`{ "depth" : 2 }`), For: time.Minute}},
		"many": {
			{Kind: simcity.ChangePolicies, Policies: json.RawMessage(`{"tickSpeedMs":1000}`)},
			{Kind: simcity.ChangePolicies, Policies: json.RawMessage(`{"vendorOpenHours":{"from":1,"to":2},"cancelChance":0}`)},
			{Kind: simcity.Stop},
		},
	} {
		t.Run(name, func(t *testing.T) {
			again, first := steered(t, hello, func(send func(simcity.Command) error) error {
				for _, c := range commands {
					if err := send(c); err != nil {
						return err
					}
				}
				return nil
			})
			require.Len(t, first.Commands, len(commands), first.Findings)
			path := filepath.Join(t.TempDir(), "bundle.json")
			data, err := json.MarshalIndent(simcity.Bundle{Version: 1, Test: t.Name(), Result: first}, "", "  ")
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, data, 0o600))

			t.Setenv("SIMCITY_REPLAY", path)
			second := again.Simulate(t)
			require.Empty(t, findings(second, simcity.FindingDiffers))
			require.Equal(t, first.Verdict, second.Verdict)
			require.Equal(t, first.Digest, second.Digest)
		})
	}
}

func TestCommandsTakeEffectWithinTheRunOnly(t *testing.T) {
	t.Parallel()
	_, res := steered(t, hello, func(send func(simcity.Command) error) error {
		return errors.Join(send(simcity.Command{Kind: simcity.Stop}),
			send(simcity.Command{Kind: simcity.ChangePolicies, Policies: json.RawMessage(`{"cancelChance":1}`)}))
	})
	require.Equal(t, simcity.Stopped, res.Verdict)
	require.Equal(t, 1801*time.Second, res.Simulated.Truncate(time.Second))
}
