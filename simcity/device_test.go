package simcity_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// onDevices is a life that does one GET on each of n devices at once.
func onDevices(n int) life {
	return func(ctx context.Context, c *simcity.Citizen) error {
		var lives []func(context.Context, *simcity.Citizen) error
		for i := range n {
			lives = append(lives, func(ctx context.Context, device *simcity.Citizen) error {
				return get(ctx, device, fmt.Sprintf("/%d", i+1))
			})
		}
		return c.Together(ctx, lives...)
	}
}

// slow answers after a second.
func slow(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(time.Second)
	fmt.Fprint(w, "done")
}

func TestRequestsOnTwoDevicesOverlap(t *testing.T) {
	var h history
	res := city(slow, citizens("customer", 1, onDevices(2))).Check(h.rule()).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	require.Len(t, h.operations, 2)
	clients := map[string]bool{}
	for _, op := range h.operations {
		require.Equal(t, "customer/1", op.Citizen)
		require.Less(t, op.Start, 10*time.Millisecond)
		clients[op.Client()] = true
	}
	require.Equal(t, map[string]bool{"customer/1/1": true, "customer/1/2": true}, clients)
}

func TestCitizenGoesOnWhenAllItsDevicesAreDone(t *testing.T) {
	var at time.Duration
	res := city(slow, citizens("customer", 1, func(ctx context.Context, c *simcity.Citizen) error {
		if err := c.Together(ctx,
			func(ctx context.Context, d *simcity.Citizen) error { return d.Sleep(ctx, time.Minute) },
			func(ctx context.Context, d *simcity.Citizen) error { return get(ctx, d, "/") },
		); err != nil {
			return err
		}
		at = c.Elapsed()
		return get(ctx, c, "/afterwards")
	})).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	require.Equal(t, time.Minute, at.Round(time.Second))
}

// The schedule decides which device goes first, as it does for citizens.
func TestEitherDeviceMayGoFirst(t *testing.T) {
	firsts := map[string]bool{}
	for seed := range uint64(20) {
		var h history
		res := city(hello, citizens("customer", 1, onDevices(2))).Check(h.rule()).Seed(seed).Simulate(t)
		require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
		firsts[h.operations[0].Client()] = true
	}
	require.Len(t, firsts, 2)
}

func TestRunWithDevicesRepeats(t *testing.T) {
	run := func() *simcity.Result {
		return city(slow, citizens("customer", 20, onDevices(3))).Seed(4).Simulate(t)
	}
	first := run()
	require.EqualValues(t, 60, first.Operations)
	require.Equal(t, first.Digest, run().Digest)
}

func TestTogetherReturnsTheFirstDevicesError(t *testing.T) {
	var told error
	city(hello, citizens("customer", 1, func(ctx context.Context, c *simcity.Citizen) error {
		told = c.Together(ctx,
			func(ctx context.Context, d *simcity.Citizen) error { return get(ctx, d, "/") },
			func(context.Context, *simcity.Citizen) error { return errors.New("battery is empty") },
			func(context.Context, *simcity.Citizen) error { return errors.New("screen is broken") },
		)
		return nil
	})).Simulate(t)
	require.EqualError(t, told, "battery is empty")
}

func TestTogetherOfNobodyReturnsAtOnce(t *testing.T) {
	res := city(hello, citizens("customer", 1, func(ctx context.Context, c *simcity.Citizen) error {
		if err := c.Together(ctx); err != nil {
			return err
		}
		return get(ctx, c, "/")
	})).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
}

// The end of the run ends the devices, and the citizen that waits for them.
func TestEndOfTheRunEndsDevices(t *testing.T) {
	var mu sync.Mutex
	var ends []error
	note := func(err error) error {
		mu.Lock()
		defer mu.Unlock()
		ends = append(ends, err)
		return err
	}
	forever := func(ctx context.Context, d *simcity.Citizen) error { return note(d.Sleep(ctx, 24*time.Hour)) }
	for name, clock := range map[string]simcity.Clock{
		"virtual": simcity.Virtual(), "stepped": simcity.Stepped(), "paced": simcity.Paced(36_000),
	} {
		t.Run(name, func(t *testing.T) {
			ends = nil
			city(hello, citizens("customer", 1, func(ctx context.Context, c *simcity.Citizen) error {
				if err := get(ctx, c, "/"); err != nil {
					return err
				}
				return note(c.Together(ctx, forever, forever))
			})).Clock(clock).Simulate(t)
			require.Len(t, ends, 3)
			for _, err := range ends {
				require.Error(t, err)
			}
		})
	}
}

func TestTogetherInsideAnOperationIsAMistake(t *testing.T) {
	res := city(hello, citizens("customer", 1, func(ctx context.Context, c *simcity.Citizen) error {
		return c.Do(ctx, "book", nil, func(ctx context.Context, _ *simcity.Operation) error {
			return c.Together(ctx, onDevices(1))
		})
	})).Simulate(t)
	require.Contains(t, onlyFinding(t, res, simcity.FindingPanic).Text, "customer/1 called Together inside an operation or on a device")
}

func TestHostCodeKnowsTheCitizenOfADevice(t *testing.T) {
	var mu sync.Mutex
	var ids, addresses []string
	city(func(w http.ResponseWriter, r *http.Request) {
		id, ok := simcity.CitizenOf(r.Context())
		mu.Lock()
		defer mu.Unlock()
		ids, addresses = append(ids, fmt.Sprint(id, " ", ok)), append(addresses, r.RemoteAddr)
		hello(w, r)
	}, citizens("customer", 1, onDevices(2))).Simulate(t)
	require.Equal(t, []string{"customer/1 true", "customer/1 true"}, ids)
	require.NotEqual(t, addresses[0], addresses[1], "two phones")
}
