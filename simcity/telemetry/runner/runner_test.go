package runner_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/runner"
)

// work runs a runner until the context that it returns the end of.
func (d *desk) work() (leave func()) {
	ctx, cancel := context.WithCancel(d.Context())
	done := make(chan error, 1)
	go func() { done <- d.runner.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(d, <-done)
	}
}

func TestRunnerClaimsRenewsAndFinishes(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *telemetry.Memory) {
		d := sit(t, memory, "anna", time.Minute+time.Second)
		leave := d.work()
		time.Sleep(time.Minute) // nothing to do
		id := ask(t, d, 1)
		time.Sleep(10 * time.Second)
		r := request(t, d, id)
		require.Equal(t, telemetry.StatusRunning, r.Status)
		require.Equal(t, "anna", r.Runner)
		require.Equal(t, d.begun()[0], r.RunID)
		time.Sleep(time.Minute)
		r = request(t, d, id)
		require.Equal(t, telemetry.StatusCompleted, r.Status)
		require.Equal(t, "PASS", r.Message)
		require.Equal(t, time.Minute+time.Second, r.EndedAt.Sub(r.StartedAt))
		require.EqualValues(t, 7, d.renewed.Load(), "at once, and at each tenth second")
		leave()
	})
}

func TestStopIsObeyed(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *telemetry.Memory) {
		d := sit(t, memory, "anna", time.Hour)
		defer d.work()()
		id := ask(t, d, 1)
		time.Sleep(14 * time.Second)
		require.NoError(t, d.AskStop(t.Context(), id, time.Now()))
		time.Sleep(10 * time.Second)
		require.Equal(t, telemetry.StatusStopped, request(t, d, id).Status)
	})
}

// A runner that cannot reach the store stops before its lease is over, and another
// one makes the run anew and ends the first.
func TestDeadRunnersRequestIsTakenOver(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *telemetry.Memory) {
		anna, bert := sit(t, memory, "anna", time.Hour), sit(t, memory, "bert", time.Minute)
		id := ask(t, memory, 1)
		defer anna.work()()
		synctest.Wait()
		defer bert.work()()
		time.Sleep(25 * time.Second)
		anna.down.Store(true)
		time.Sleep(35 * time.Second)
		require.Len(t, anna.ended(), 1, "it stopped by itself")
		require.Less(t, anna.ended()[0], 20*time.Second+30*time.Second, "before the lease was over")
		require.Len(t, bert.begun(), 1)
		require.Equal(t, "bert", request(t, memory, id).Runner)
		run, err := memory.Run(t.Context(), anna.begun()[0])
		require.NoError(t, err)
		require.Equal(t, "INCONCLUSIVE", run.Result)
		require.Contains(t, string(run.FailForensic), "its request was taken over")
		live, err := memory.Live(t.Context(), anna.begun()[0])
		require.NoError(t, err)
		require.Equal(t, telemetry.StatusFailed, live.Status)

		anna.down.Store(false)
		time.Sleep(time.Minute)
		r := request(t, memory, id)
		require.Equal(t, telemetry.StatusCompleted, r.Status)
		require.Equal(t, bert.begun()[0], r.RunID)
		require.Len(t, anna.begun(), 1)
	})
}

// Trouble that is shorter than the lease disturbs nobody.
func TestShortOutageIsBorne(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *telemetry.Memory) {
		d := sit(t, memory, "anna", 65*time.Second)
		id := ask(t, d, 1)
		defer d.work()()
		time.Sleep(25 * time.Second)
		d.down.Store(true)
		time.Sleep(10 * time.Second) // one renewal fails
		d.down.Store(false)
		time.Sleep(25 * time.Second)
		d.down.Store(true) // at the end as well
		time.Sleep(10 * time.Second)
		require.Equal(t, telemetry.StatusRunning, request(t, d, id).Status)
		d.down.Store(false)
		time.Sleep(2 * time.Second)
		require.Equal(t, telemetry.StatusCompleted, request(t, d, id).Status)
		require.Len(t, d.begun(), 1)
	})
}

func TestRunnerThatLeavesGivesBack(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *telemetry.Memory) {
		anna, bert := sit(t, memory, "anna", time.Hour), sit(t, memory, "bert", time.Minute)
		id := ask(t, memory, 1)
		leave := anna.work()
		time.Sleep(time.Minute)
		leave()
		require.Len(t, anna.ended(), 1, "it stopped its run")
		time.Sleep(time.Microsecond)
		worked, err := bert.runner.Next(t.Context())
		require.NoError(t, err)
		require.True(t, worked)
		require.Equal(t, telemetry.StatusCompleted, request(t, memory, id).Status)
		worked, err = bert.runner.Next(t.Context())
		require.NoError(t, err)
		require.False(t, worked)
	})
}

// A request whose stop was asked for while nobody ran it is not begun again.
func TestStoppedRequestOfADeadRunnerEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *telemetry.Memory) {
		d := sit(t, memory, "bert", time.Minute)
		id := ask(t, d, 1)
		_, err := memory.Claim(t.Context(), "anna", time.Now(), 30*time.Second)
		require.NoError(t, err)
		require.NoError(t, memory.AskStop(t.Context(), id, time.Now()))
		time.Sleep(time.Minute)
		_, err = d.runner.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, telemetry.StatusStopped, request(t, d, id).Status)
		require.Empty(t, d.begun())
	})
}

func TestRequestsThatCannotRunSayWhy(t *testing.T) {
	t.Parallel()
	for want, registry := range map[string]runner.Registry{
		"there is no such city": func(telemetry.RunRequest) (*simcity.Simulation, error) {
			return nil, errors.New("there is no such city")
		},
		`the registry has nothing for scenario`: func(telemetry.RunRequest) (*simcity.Simulation, error) { return nil, nil },
		"panic: planted":                        func(telemetry.RunRequest) (*simcity.Simulation, error) { panic("planted") },
		"scenario.Populations is empty": func(telemetry.RunRequest) (*simcity.Simulation, error) {
			return simcity.New(simcity.Scenario{Name: "x"}), nil
		},
	} {
		memory := telemetry.NewMemory()
		r, err := runner.New(memory, registry, runner.Options{})
		require.NoError(t, err)
		id := ask(t, memory, 1)
		worked, err := r.Next(t.Context())
		require.NoError(t, err)
		require.True(t, worked)
		told := request(t, memory, id)
		require.Equal(t, telemetry.StatusFailed, told.Status)
		require.Contains(t, told.Message, want)
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	t.Parallel()
	registry := func(telemetry.RunRequest) (*simcity.Simulation, error) { return nil, nil }
	for want, o := range map[string]runner.Options{
		"runner.Options.Lease": {Lease: time.Millisecond}, "runner.Options.Poll": {Poll: -1}, "Options.BatchRows": {Telemetry: telemetry.Options{BatchRows: -1}},
	} {
		_, err := runner.New(telemetry.NewMemory(), registry, o)
		require.ErrorContains(t, err, want)
	}
	_, err := runner.New(nil, registry, runner.Options{})
	require.ErrorContains(t, err, "give a store with requests")
}
