package simcity_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// A gallery shows runs to nobody, and steers each as it says.
type gallery struct {
	refuse error
	steer  func(*simcity.Running)
	speed  float64
	shown  []simcity.ViewedRun
	left   []*simcity.Result
}

func (g *gallery) Show(run simcity.ViewedRun) (simcity.View, error) {
	g.shown = append(g.shown, run)
	if g.steer != nil {
		g.steer(run.Running)
	}
	return simcity.View{
		Reporter: run.Reporter, Speed: g.speed,
		Leave: func() { g.left = append(g.left, run.Running.Wait()) },
	}, g.refuse
}

func TestUIThatIsNotLinkedAndThenIs(t *testing.T) {
	t.Setenv("SIMCITY_UI", "localhost:8787")
	told := record(t, "TestX", func(t testing.TB) { busyCity().Simulate(t) })
	require.Contains(t, told.fatal, "SIMCITY_UI is 127.0.0.1:8787; allowed: nothing yet: no viewer is linked into this test; fix: add to a _test.go file of the package: import _ ")

	g := &gallery{speed: 1_000_000}
	simcity.RegisterViewer(func(address string) (simcity.Viewer, error) {
		if address == "127.0.0.1:1" {
			return nil, errors.New("the port is taken")
		}
		return g, nil
	})
	require.Panics(t, func() { simcity.RegisterViewer(nil) })
	t.Run("the run is shown", func(t *testing.T) { requireShown(t, g) })
	t.Run("a steered run repeats", func(t *testing.T) { requireSteeredRunRepeats(t, g) })

	t.Setenv("SIMCITY_UI", "127.0.0.1:1")
	told = record(t, "TestX", func(t testing.TB) { busyCity().Simulate(t) })
	require.Contains(t, told.fatal, "simcity: SIMCITY_UI=127.0.0.1:1: the port is taken")
	t.Setenv("SIMCITY_SEEDS", "3")
	told = record(t, "TestX", func(t testing.TB) { busyCity().Simulate(t) })
	require.Contains(t, told.fatal, "SIMCITY_SEEDS is set beside SIMCITY_UI; allowed: one of the two; fix: unset SIMCITY_UI for a sweep")
}

func requireShown(t *testing.T, g *gallery) {
	t.Helper()
	running, err := busyCity().Start(t.Context()) // runs outside of tests are not shown
	require.NoError(t, err)
	want := running.Wait().Digest
	require.Empty(t, g.shown)

	res := busyCity().Simulate(t)
	require.Equal(t, want, res.Digest)
	require.Len(t, g.shown, 1)
	require.Equal(t, t.Name(), g.shown[0].Test)
	require.Equal(t, 2*time.Minute, g.shown[0].Wait)
	require.Len(t, g.left, 1)
	require.Equal(t, res.Repro, g.left[0].Repro, "the viewer is told the whole result")
	require.NotEmpty(t, res.Repro)
}

// A run that somebody paused, hurried and stopped is verified by repeating what
// changed it, without the pauses: nobody is there to end them.
func requireSteeredRunRepeats(t *testing.T, g *gallery) {
	t.Helper()
	t.Setenv("SIMCITY_VERIFY", "1")
	g.steer = func(running *simcity.Running) {
		for _, c := range []simcity.Command{
			{Kind: simcity.Pause}, {Kind: simcity.Step, Steps: 5},
			{Kind: simcity.ChangePolicies, Policies: []byte(`{"cancelChance":0.5}`)},
			{Kind: simcity.Resume}, {Kind: simcity.Speed},
		} {
			require.NoError(t, running.Send(c))
		}
	}
	defer func() { g.steer = nil }()
	before := len(g.shown)
	res := busyCity().Simulate(t)
	require.True(t, res.Verified, res.Reasons)
	require.Len(t, g.shown, before+1, "the second run is not shown")
	require.NotEmpty(t, res.Commands)
}
