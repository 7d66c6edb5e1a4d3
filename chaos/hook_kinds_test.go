package chaos_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// A host serves each of its hooks as a fault of its own, which needs no World.
func TestHooksAreFaultsWithoutAWorld(t *testing.T) {
	t.Parallel()
	var said []any
	restore := func(context.Context) error { said = append(said, "restored"); return nil }
	hooks := chaos.Hooks{
		InvalidateCache: func(_ context.Context, share float64) (int64, error) { said = append(said, share); return 7, nil },
		PauseRefresh: func(context.Context) (func(context.Context) (int64, error), error) {
			return func(ctx context.Context) (int64, error) { return 2, restore(ctx) }, nil
		},
		MisconfigureRLS: func(_ context.Context, kind string) (func(context.Context) error, int64, error) {
			said = append(said, kind)
			return restore, 9, nil
		},
		SqueezeRate: func(_ context.Context, multiplier int) (func(context.Context) error, error) {
			said = append(said, multiplier)
			return restore, nil
		},
		SkewClock: func(_ context.Context, d time.Duration) (func(context.Context) error, error) {
			said = append(said, d)
			return restore, nil
		},
	}
	for i, c := range []struct {
		kind, parameters string
		said             []any
		touched          int64
	}{
		{"CACHE_INVALIDATION_STORM", `{"invalidationRate":0.5}`, []any{0.5}, 7},
		{"PAUSE_MV_REFRESH", `{}`, []any{"restored"}, 2},
		{"RLS_MISCONFIG", `{"misconfigType":"disabled_table"}`, []any{"disabled_table", "restored"}, 9},
		{"RATE_LIMIT_BURST", ``, []any{10, "restored"}, 1},
		{"CLOCK_SKEW", `{"skewMs":"-2s"}`, []any{-2 * time.Second, "restored"}, 1},
	} {
		said = nil
		kind := hooks.Kinds()[i]
		require.Equal(t, c.kind, kind.Kind)
		fault, err := kind.Make(json.RawMessage(c.parameters))
		require.NoError(t, err)
		var touched simcity.Touched
		revert, err := fault.Inject(t.Context(), nil, &touched)
		require.NoError(t, err)
		if revert != nil {
			require.NoError(t, revert(t.Context()))
			require.NoError(t, revert(t.Context()), "once undone it stays so")
		}
		require.Equal(t, c.said, said, c.kind)
		require.Equal(t, c.touched, touched.Count(), c.kind)
		_, err = kind.Make(json.RawMessage(`{"colour":"red"}`))
		require.ErrorContains(t, err, c.kind+".colour is unknown")
	}
	require.Empty(t, chaos.Hooks{}.Kinds())
}

func TestHookThatFailsHasNothingToRevert(t *testing.T) {
	t.Parallel()
	broken := errors.New("no such table")
	fail := func(context.Context) (func(context.Context) error, error) { return nil, broken }
	hooks := chaos.Hooks{
		InvalidateCache: func(context.Context, float64) (int64, error) { return 0, broken },
		PauseRefresh:    func(context.Context) (func(context.Context) (int64, error), error) { return nil, broken },
		MisconfigureRLS: func(context.Context, string) (func(context.Context) error, int64, error) { return nil, 0, broken },
		SqueezeRate:     func(ctx context.Context, _ int) (func(context.Context) error, error) { return fail(ctx) },
		SkewClock:       func(ctx context.Context, _ time.Duration) (func(context.Context) error, error) { return fail(ctx) },
	}
	for _, kind := range hooks.Kinds() {
		fault, err := kind.Make(nil)
		require.NoError(t, err)
		var touched simcity.Touched
		_, err = fault.Inject(t.Context(), nil, &touched)
		require.ErrorIs(t, err, broken, kind.Kind)
		require.Zero(t, touched.Count())
	}
}
