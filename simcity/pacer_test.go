package simcity_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// watched starts a city and hands its events on.
func watched(t *testing.T, s *simcity.Simulation) (*simcity.Running, <-chan simcity.Event) {
	t.Helper()
	events := make(chan simcity.Event, 10_000)
	running, err := s.Watch(func(e simcity.Event) { events <- e }).Start(t.Context())
	require.NoError(t, err)
	return running, events
}

func TestPausedRunStepsAndGoesOnAsTheSame(t *testing.T) {
	t.Parallel()
	whole := busyCity().Simulate(t)
	running, events := watched(t, busyCity().Speed(1)) // the first event comes at once, the next ones would take minutes
	require.NoError(t, running.Send(simcity.Command{Kind: simcity.Pause}))
	require.NoError(t, running.Send(simcity.Command{Kind: simcity.Step, Steps: 5}))
	require.NoError(t, running.Send(simcity.Command{Kind: simcity.Speed}))
	for range 5 {
		<-events
	}
	require.NoError(t, running.Send(simcity.Command{Kind: simcity.Resume}))
	res := running.Wait()
	require.Equal(t, whole.Digest, res.Digest, "waiting changes nothing")
	require.Len(t, res.Commands, 4, "they are recorded")
}

// A pause holds the run where it is: nothing happens between it and a command that
// comes a while later.
func TestPausedRunTakesNoFurtherStep(t *testing.T) {
	t.Parallel()
	aWhile := func() {
		began := time.Now()
		require.Eventually(t, func() bool { return time.Since(began) > 100*time.Millisecond }, time.Minute, 10*time.Millisecond)
	}
	running, events := watched(t, busyCity().Speed(1))
	<-events
	aWhile() // now the next event is waited for
	require.NoError(t, running.Send(simcity.Command{Kind: simcity.Pause}))
	aWhile()
	require.NoError(t, running.Send(simcity.Command{Kind: simcity.ChangePolicies, Policies: json.RawMessage(`{"cancelChance":0.5}`)}))
	aWhile()
	running.Stop()
	commands := running.Wait().Commands
	require.Len(t, commands, 3)
	require.Equal(t, simcity.Pause, commands[0].Kind)
	for _, c := range commands[1:] {
		require.Equal(t, commands[0].Step, c.Step, "%s came steps after the pause", c.Kind)
	}
}

func TestSlowedRunIsTheSame(t *testing.T) {
	t.Parallel()
	whole := busyCity().Until(2 * time.Minute).Simulate(t)
	running, err := busyCity().Until(2 * time.Minute).Speed(600).Start(t.Context())
	require.NoError(t, err)
	res := running.Wait()
	require.Equal(t, whole.Digest, res.Digest)
	require.GreaterOrEqual(t, res.Wall, 150*time.Millisecond, "two minutes at 600 times")
}

func TestPausedRunStopsAndIsNotHung(t *testing.T) {
	t.Parallel()
	running, err := busyCity().Speed(1).Patience(2 * time.Second).Start(t.Context())
	require.NoError(t, err)
	require.NoError(t, running.Send(simcity.Command{Kind: simcity.Pause}))
	require.NoError(t, running.Send(simcity.Command{Kind: simcity.ChangePolicies, Policies: json.RawMessage(`{"cancelChance":0.5}`)}))
	running.Stop()
	res := running.Wait()
	require.Equal(t, simcity.Stopped, res.Verdict, res.Reasons)
	require.Empty(t, findings(res, simcity.FindingHang))
}

func TestPaceThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	running, err := paced().Start(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, running.Send(simcity.Command{Kind: simcity.Pause}), "only simulated time can wait")
	running.Stop()
	running.Wait()

	running, err = busyCity().Speed(1).Start(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, running.Send(simcity.Command{Kind: simcity.Speed, Factor: -1}), "command.Factor is -1")
	require.ErrorContains(t, running.Send(simcity.Command{Kind: simcity.Step, Steps: -1}), "command.Steps is -1")
	running.Stop()
	running.Wait()
	require.ErrorContains(t, busyCity().Speed(-1).Validate(), "Speed is -1")
}

func TestSpeedFromTheEnvironment(t *testing.T) {
	whole := busyCity().Until(time.Minute).Simulate(t)
	t.Setenv("SIMCITY_SPEED", "1000")
	slow := busyCity().Until(time.Minute).Simulate(t)
	require.Equal(t, whole.Digest, slow.Digest)
	require.GreaterOrEqual(t, slow.Wall, 50*time.Millisecond)
	t.Setenv("SIMCITY_SPEED", "fast")
	told := record(t, "TestX", func(t testing.TB) { busyCity().Simulate(t) })
	require.Contains(t, told.fatal, "SIMCITY_SPEED is fast; allowed: more than 0")
}
