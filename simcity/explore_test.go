package simcity_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

func TestPrioritiesRepeatAndDifferFromDraws(t *testing.T) {
	t.Parallel()
	uniform := busyCity().Simulate(t)
	first := busyCity().Explore(simcity.Explore{Order: simcity.Priorities}).Simulate(t)
	again := busyCity().Explore(simcity.Explore{Order: simcity.Priorities}).Simulate(t)
	require.Equal(t, first.Digest, again.Digest)
	require.NotEqual(t, uniform.Digest, first.Digest)
	require.Equal(t, "priorities", first.Explored)
	require.Contains(t, first.Line(), ` explore="priorities"`)
}

func TestSnappedCitizensMeet(t *testing.T) {
	t.Parallel()
	var h history
	city(hello, citizens("regular", 5, regular)).Check(h.rule()).Explore(simcity.Explore{Snap: 10 * time.Minute}).Simulate(t)
	require.NotEmpty(t, h.operations)
	for _, op := range h.operations {
		require.Less(t, op.Start%(10*time.Minute), time.Second)
	}
}

func TestSwarmDrawsAnotherSearchForEachSeed(t *testing.T) {
	t.Parallel()
	searches := map[string]bool{}
	for seed := range uint64(20) {
		searches[busyCity().Until(time.Minute).Seed(seed).Explore(simcity.Explore{Swarm: true}).Simulate(t).Explored] = true
	}
	require.True(t, searches[""])
	require.True(t, searches["priorities"])
	require.True(t, searches["priorities, snap 1m0s"] || searches["priorities, snap 10s"])
}

func TestFreeRunInWhichNobodyMeetsSaysSo(t *testing.T) {
	t.Parallel()
	alone := func(ctx context.Context, c *simcity.Citizen) error {
		if err := c.Sleep(ctx, time.Duration(c.Number())*time.Minute); err != nil {
			return err
		}
		return visitor(ctx, c)
	}
	res := city(hello, citizens("hermit", 20, alone)).Explore(simcity.Explore{Order: simcity.Free}).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Contains(t, fmt.Sprint(res.Findings), "nobody called the host at the same instant as somebody else, so that no data race could show")
}

// A free run lets those overlap for real who are ready together.
func TestFreeRunOverlapsAndHasNoDigest(t *testing.T) {
	t.Parallel()
	var inside, most atomic.Int64
	res := city(func(_ http.ResponseWriter, r *http.Request) {
		n := inside.Add(1)
		defer inside.Add(-1)
		for before := most.Load(); n > before && !most.CompareAndSwap(before, n); before = most.Load() {
			continue
		}
		_ = simcity.Yield(r.Context(), "middle")
	}, citizens("regular", 20, regular)).Explore(simcity.Explore{Order: simcity.Free}).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Contains(t, res.Line(), "digest=none")
	require.Contains(t, fmt.Sprint(res.Findings), "locks are no seams in it, with the overlay or without")
	require.Greater(t, most.Load(), int64(1))
	require.NotContains(t, fmt.Sprint(res.Findings), "no data race could show")
}

func TestSearchThatCannotBeMeantIsRefused(t *testing.T) {
	require.ErrorContains(t, busyCity().Until(0).Validate(), "Until is 0s; allowed: more than 0")
	for _, test := range []struct {
		explore simcity.Explore
		clock   simcity.Clock
		says    string
	}{
		{simcity.Explore{Order: "chaos"}, simcity.Virtual(), `Explore.Order is "chaos"; allowed: uniform, priorities, free`},
		{simcity.Explore{Snap: -1}, simcity.Virtual(), "Explore.Snap"},
		{simcity.Explore{Lag: -1}, simcity.Virtual(), "Explore.Lag"},
		{simcity.Explore{Lag: time.Second}, simcity.Virtual(), "Explore.Lag is 1s; allowed: 0, or less than Explore.Snap (0s)"},
		{simcity.Explore{Snap: time.Minute, LagOf: 4}, simcity.Virtual(), "Explore.LagOf is 4; allowed: 0 to 3"},
		{simcity.Explore{LagOf: 1}, simcity.Virtual(), "Explore.LagOf is 1; allowed: 0 without Explore.Snap"},
		{simcity.Explore{Snap: time.Minute, Lag: time.Second, LagOf: 1}, simcity.Virtual(), "Explore.LagOf"},
		{simcity.Explore{Order: simcity.Free}, simcity.Stepped(), "a Virtual clock"},
	} {
		require.ErrorContains(t, busyCity().Clock(test.clock).Explore(test.explore).Validate(), test.says)
	}
	t.Setenv("SIMCITY_EXPLORE", "wildly")
	told := record(t, "TestX", func(t testing.TB) { busyCity().Simulate(t) })
	require.Contains(t, told.fatal, "SIMCITY_EXPLORE is wildly; allowed: uniform, priorities, free, swarm")
	t.Setenv("SIMCITY_EXPLORE", "free")
	t.Setenv("SIMCITY_VERIFY", "1")
	told = record(t, "TestX", func(t testing.TB) { busyCity().Simulate(t) })
	require.Contains(t, told.fatal, "a free run does not repeat")
}

func TestShrunkRunKeepsItsSearch(t *testing.T) {
	t.Setenv("SIMCITY_EXPLORE", "swarm")
	for seed := range uint64(30) {
		res := seekers(false).Seed(seed).Simulate(t)
		if res.Verdict != simcity.Fail || res.Explored == "" {
			continue
		}
		require.Contains(t, res.Repro, "SIMCITY_EXPLORE=swarm SIMCITY_SEED=")
		shrunk, err := seekers(false).Seed(seed).Shrink(t)
		require.NoError(t, err)
		t.Setenv("SIMCITY_EXPLORE", "")
		simcity.Reproduce(t, shrunk.Cut)
		require.Equal(t, shrunk.Result.Digest, seekers(false).Simulate(t).Digest)
		require.Contains(t, shrunk.Test, "Explore:  simcity.Explore{")
		return
	}
	t.Fatal("no seed failed while exploring")
}

func TestRunWithTheOverlaySaysWhoseLocksAreSeams(t *testing.T) {
	t.Parallel()
	require.Equal(t, "locks of host packages are seams (example.com/shop/..., main); select, map order and math/rand follow the seed", simcity.Explored("example.com/shop/...,main", false))
	require.Contains(t, simcity.Explored("example.com/shop", true), "-race sees none: SIMCITY_EXPLORE=free is for it")
	require.Contains(t, simcity.Explored("", false), "name them in SIMCITY_OVERLAY_PACKAGES")
}
