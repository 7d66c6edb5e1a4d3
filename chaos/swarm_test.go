package chaos_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// willing are hooks that all say yes.
func willing() *chaos.Hooks {
	restore := func(context.Context) error { return nil }
	return &chaos.Hooks{
		InvalidateCache: func(context.Context, float64) (int64, error) { return 5, nil },
		PauseRefresh: func(context.Context) (func(context.Context) (int64, error), error) {
			return func(context.Context) (int64, error) { return 2, nil }, nil
		},
		MisconfigureRLS: func(context.Context, string) (func(context.Context) error, int64, error) { return restore, 9, nil },
		SkewClock:       func(context.Context, time.Duration) (func(context.Context) error, error) { return restore, nil },
	}
}

// besieged is a trial under a swarm of all faults.
func besieged(s *story, seed uint64) *simcity.Simulation {
	return trial{citizens: 6, mixed: true, method: "POST", body: "pay", path: "/pay", hooks: willing(), handler: storing}.city(s).
		Seed(seed).Schedule(chaos.Swarm{Faults: everyChoice(), Most: 40, From: 5 * time.Minute, To: 50 * time.Minute})
}

func TestSameSeedSameRunUnderAllFaults(t *testing.T) {
	t.Parallel()
	digests, kinds := map[simcity.Digest]bool{}, map[string]bool{}
	for seed := range uint64(20) {
		var a, b story
		first, second := besieged(&a, seed).Simulate(t), besieged(&b, seed).Simulate(t)
		require.Equal(t, first.Digest, second.Digest, "seed %d", seed)
		require.Equal(t, first.Faults, second.Faults)
		digests[first.Digest] = true
		for _, f := range first.Faults {
			require.False(t, f.Active)
			kinds[f.Kind] = true
		}
		for _, f := range first.Findings {
			require.NotEqual(t, simcity.FindingFault, f.Kind, f.Text)
		}
	}
	require.Len(t, digests, 20)
	require.Len(t, kinds, len(everyChoice()))
}

// A swarm that nobody meets proves nothing, and the run says what to do.
func TestSwarmThatTouchesNothingIsTold(t *testing.T) {
	t.Parallel()
	var s story
	res := trial{citizens: 4, method: "POST", body: "pay"}.city(&s).
		Schedule(chaos.Swarm{Faults: chaos.RandomHTTP("/nowhere")}).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Regexp(t, `^the faults that schedules have planned, \d+ in this run, touched nothing: .*; have them last longer, or list their kinds in AllowEmpty$`, res.Reasons[0])
}

func TestSteppedRunsRepeatUnderFaultsOfHTTP(t *testing.T) {
	t.Parallel()
	run := func() simcity.Digest {
		var s story
		return trial{citizens: 4, method: "POST", body: "pay"}.city(&s).Clock(simcity.Stepped()).
			Schedule(chaos.Swarm{Faults: chaos.RandomHTTP(""), Most: 20}).Simulate(t).Digest
	}
	require.Equal(t, run(), run())
}

func TestPacedRunsBearAllFaults(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		var s story
		res := besieged(&s, seed).Clock(simcity.Paced(10_000)).Simulate(t)
		require.NotEmpty(t, res.Faults)
		for _, f := range res.Findings {
			require.NotContains(t, []simcity.FindingKind{simcity.FindingFault, simcity.FindingPanic}, f.Kind, f.Text)
		}
		for _, c := range s.calls {
			require.False(t, errors.Is(c.err, simcity.ErrOver) && c.at < 55*time.Minute, "%v", c)
		}
	}
}
