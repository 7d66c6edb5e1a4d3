package testhooks_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity/testhooks"
)

const openData = `{"type":"RLS_MISCONFIG","parameters":{"misconfigType":"disabled_table"},"leaseSeconds":10}`

func TestFaultLastsWhileItsLeaseIsRenewed(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, rest func(time.Duration)) {
		h := setup(t)
		struck := h.ask("POST", "faults", openData).is(201).fault()
		require.Equal(t, "disabled_table", h.lies())
		require.Equal(t, int64(42), struck.Touched)
		require.WithinDuration(t, time.Now().Add(10*time.Second), *struck.ExpiresAt, 0)
		for range 10 {
			rest(9 * time.Second)
			renewed := h.ask("POST", "faults/"+struck.ID+"/renew", "").is(200).fault()
			require.WithinDuration(t, time.Now().Add(10*time.Second), *renewed.ExpiresAt, 0)
		}
		require.Equal(t, "disabled_table", h.lies())
		over := h.ask("DELETE", "faults/"+struck.ID, "").is(200).fault()
		require.Empty(t, h.lies())
		require.Equal(t, "reverted", over.State)
		require.Equal(t, "request", over.EndedBy)
	})
}

// The runner was killed: nobody renews, nobody reverts.
func TestFaultRevertsByItselfWhenItsLeaseEnds(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, rest func(time.Duration)) {
		h := setup(t)
		struck := h.ask("POST", "faults", openData).is(201).fault()
		rest(10*time.Second - 1)
		require.Equal(t, "disabled_table", h.lies())
		rest(1)
		require.Empty(t, h.lies())
		over := h.ask("GET", "faults/"+struck.ID, "").is(200).fault()
		require.Equal(t, "lease", over.EndedBy)
		require.Equal(t, 10*time.Second, over.EndedAt.Sub(struck.ExpiresAt.Add(-10*time.Second)))
		require.Equal(t, "lease_ended", h.ask("POST", "faults/"+struck.ID+"/renew", "").refused(410).Code)
		require.Equal(t, "lease", h.ask("DELETE", "faults/"+struck.ID, "").is(200).fault().EndedBy, "the runner learns that it was late")
	})
}

func TestRevertThatFailsIsTriedAgainAndTold(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, rest func(time.Duration)) {
		h := setup(t)
		struck := h.ask("POST", "faults", openData).is(201).fault()
		h.jam(errors.New("database " + secret + " is down"))
		rest(10 * time.Second)
		for _, c := range []struct {
			after    time.Duration
			failures int
		}{{0, 1}, {time.Second, 2}, {2 * time.Second, 3}, {4 * time.Second, 4}} {
			rest(c.after)
			going := h.ask("GET", "faults/"+struck.ID, "").is(200).fault()
			require.Equal(t, "reverting", going.State)
			require.Equal(t, c.failures, going.RevertFailures)
			require.Equal(t, "database [hidden] is down", going.LastError)
		}
		refused := h.ask("DELETE", "faults/"+struck.ID, "").refused(500)
		require.Equal(t, "hook_failed", refused.Code)
		h.jam(nil)
		rest(time.Minute)
		require.Empty(t, h.lies())
		over := h.ask("GET", "faults/"+struck.ID, "").is(200).fault()
		require.Equal(t, "reverted", over.State)
		require.Equal(t, "lease", over.EndedBy)
		require.Contains(t, h.log.String(), "it is tried again")
		require.NotContains(t, h.log.String(), secret)
	})
}

func TestCloseRevertsEverythingLatestFirst(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, rest func(time.Duration)) {
		h := setup(t)
		h.ask("POST", "faults", openData).is(201)
		h.ask("POST", "faults", `{"type":"RATE_LIMIT_BURST","parameters":{"multiplier":50}}`).is(201)
		require.NoError(t, h.hooks.Close(t.Context()))
		require.Empty(t, h.lies())
		require.Equal(t, 1, h.squeezed)
		require.Equal(t, "closed", h.ask("POST", "faults", openData).refused(503).Code)
		require.NoError(t, h.hooks.Close(t.Context()))
	})
}

func TestCloseNamesWhatItCouldNotRevert(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, rest func(time.Duration)) {
		h := setup(t)
		h.ask("POST", "faults", openData).is(201)
		h.jam(errors.New("disk full"))
		require.ErrorContains(t, h.hooks.Close(t.Context()), "RLS_MISCONFIG could not be reverted: disk full")
		rest(time.Hour)
		require.Equal(t, "disabled_table", h.lies(), "nobody tries once the host goes down")
	})
}

// A hook that is slow must not make its fault outlive the lease.
func TestLeaseBeginsBeforeTheHookReturns(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, rest func(time.Duration)) {
		var lasted time.Duration
		h := setup(t, func(c *testhooks.Config) {
			c.Hooks = chaos.Hooks{SqueezeRate: func(context.Context, int) (func(context.Context) error, error) {
				time.Sleep(8 * time.Second)
				began := time.Now()
				return func(context.Context) error { lasted = time.Since(began); return nil }, nil
			}}
		})
		h.ask("POST", "faults", `{"type":"RATE_LIMIT_BURST","leaseSeconds":10}`).is(201)
		rest(time.Minute)
		require.Equal(t, 2*time.Second, lasted)
	})
}

func TestHookThatHasNoEndIsToldToEnd(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, rest func(time.Duration)) {
		h := setup(t, func(c *testhooks.Config) {
			c.Hooks = chaos.Hooks{InvalidateCache: func(ctx context.Context, _ float64) (int64, error) {
				<-ctx.Done()
				return 0, ctx.Err()
			}}
		})
		began := time.Now()
		h.ask("POST", "faults", `{"type":"CACHE_INVALIDATION_STORM"}`).refused(500)
		require.Equal(t, 10*time.Second, time.Since(began))
	})
}

func TestPanicOfAHookIsItsError(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, rest func(time.Duration)) {
		h := setup(t, func(c *testhooks.Config) {
			c.Hooks = chaos.Hooks{
				SkewClock: func(context.Context, time.Duration) (func(context.Context) error, error) { panic("no clock") },
				SqueezeRate: func(context.Context, int) (func(context.Context) error, error) {
					return func(context.Context) error { panic("no way back") }, nil
				},
			}
		})
		require.Contains(t, h.ask("POST", "faults", `{"type":"CLOCK_SKEW"}`).refused(500).Message, "it panicked: no clock")
		struck := h.ask("POST", "faults", `{"type":"RATE_LIMIT_BURST","leaseSeconds":1}`).is(201).fault()
		rest(time.Second)
		require.Equal(t, "it panicked: no way back", h.ask("GET", "faults/"+struck.ID, "").fault().LastError)
		require.Error(t, h.hooks.Close(t.Context()))
	})
}

// Whoever draws the id can revert although the answer was lost.
func TestFaultOfADrawnID(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, _ func(time.Duration)) {
		h := setup(t)
		const body = `{"type":"RLS_MISCONFIG","id":"0123456789abcdef"}`
		require.Equal(t, "0123456789abcdef", h.ask("POST", "faults", body).is(201).fault().ID)
		require.Equal(t, "known_fault", h.ask("POST", "faults", body).refused(409).Code)
		h.ask("DELETE", "faults/0123456789abcdef", "").is(200)
		require.Empty(t, h.lies())
		require.Equal(t, "known_fault", h.ask("POST", "faults", body).refused(409).Code, "a request that was late strikes nobody")
	})
}

func TestTooManyFaultsAreRefused(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, rest func(time.Duration)) {
		h := setup(t)
		for range 32 {
			h.ask("POST", "faults", `{"type":"RATE_LIMIT_BURST"}`).is(201)
		}
		require.Equal(t, "too_many_faults", h.ask("POST", "faults", `{"type":"RATE_LIMIT_BURST"}`).refused(409).Code)
		rest(30 * time.Second)
		h.ask("POST", "faults", `{"type":"RATE_LIMIT_BURST"}`).is(201)
	})
}

func TestFaultsThatAreOverAreForgottenOneDay(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, rest func(time.Duration)) {
		h := setup(t)
		first := h.ask("POST", "faults", `{"type":"CACHE_INVALIDATION_STORM"}`).is(201).fault()
		require.Equal(t, "reverted", first.State, "what is dropped is dropped")
		require.Equal(t, "itself", first.EndedBy)
		require.Equal(t, int64(80), first.Touched)
		for range 102 {
			h.ask("POST", "faults", `{"type":"CACHE_INVALIDATION_STORM"}`).is(201)
		}
		require.Equal(t, "unknown_fault", h.ask("GET", "faults/"+first.ID, "").refused(404).Code)
	})
}
