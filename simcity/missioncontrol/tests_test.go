package missioncontrol_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
)

// bench is a test that waits.
type bench struct{ held bool }

func (b *bench) State() missioncontrol.TestState {
	if b.held {
		return missioncontrol.TestState{Test: "TestTown", Phase: missioncontrol.TestHeld, SecondsLeft: 120}
	}
	return missioncontrol.TestState{Test: "TestTown", Phase: missioncontrol.TestRuns}
}

func (b *bench) Continue() error {
	if !b.held {
		return errors.New("no test waits")
	}
	b.held = false
	return nil
}

// A viewer shows a run by attaching it.
type viewer struct{ mission *missioncontrol.Handler }

func (v viewer) Show(run simcity.ViewedRun) (simcity.View, error) {
	return simcity.View{Reporter: v.mission.Attach(run.Scenario, run.Running, 1, run.Reporter), Speed: 1, Leave: func() {}}, nil
}

// Runs of tests are shown and steered, and none is started.
func TestRunsOfTestsAreShown(t *testing.T) {
	waits := &bench{held: true}
	d := setup(t, func(c *missioncontrol.Config) { c.Tests, c.Scenarios, c.Target, c.Faults = waits, nil, nil, nil })
	require.Empty(t, d.data(200, "GET", "/api/simcity/scenarios", "")["scenarios"])
	require.Equal(t, "refused", d.refused(409, "POST", "/api/simcity/start", `{"scenario":"town"}`).Error.Code)

	simcity.RegisterViewer(func(string) (simcity.Viewer, error) { return viewer{d.mission}, nil })
	t.Setenv("SIMCITY_UPDATE", "") // it is this package's own
	t.Setenv("SIMCITY_UI", "127.0.0.1:8787")
	done := make(chan *simcity.Result, 1)
	go func() { done <- simcity.New(town()).Target(simcity.InProcess(hello)).Seed(7).Simulate(t) }()
	require.Eventually(t, func() bool { return d.data(200, "GET", "/api/simcity/status", "")["running"] == true }, 10*time.Second, time.Millisecond)
	s := d.stream("latest", "")
	s.until(func(f frame) bool { return f.name == "event" && f.id == "6" })
	require.Equal(t, "TestTown", d.data(200, "GET", "/api/simcity/status", "")["test"].(map[string]any)["test"])
	require.Len(t, d.data(200, "GET", "/api/simcity/scenarios", "")["scenarios"], 1, "that of the run")
	d.data(200, "POST", "/api/simcity/speed", `{"factor":0}`)
	s.until(func(f frame) bool { return f.name == "end" })
	s.close()
	require.Equal(t, simcity.Pass, (<-done).Verdict)
	repro := d.data(200, "GET", "/api/simcity/summary", "")["repro"].(map[string]any)
	require.Contains(t, repro["test"], "SIMCITY_SEED=7 go test")
	require.Empty(t, repro["curl"])

	require.Equal(t, "running", d.data(200, "POST", "/api/simcity/continue", "")["phase"])
	require.Equal(t, "no test waits", d.refused(409, "POST", "/api/simcity/continue", "").Error.Message)
	other := setup(t)
	require.Contains(t, other.refused(409, "POST", "/api/simcity/continue", "").Error.Message, "not those of go test")

	c := config()
	c.Tests = waits
	_, err := missioncontrol.New(c)
	require.ErrorContains(t, err, "Config.Tests is set beside Scenarios or Target; allowed: one of the two")
}
