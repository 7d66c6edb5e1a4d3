package missioncontrol_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
)

// watchful is a town with a rule that can say at any time how it stands, and one
// that only the end can judge.
func watchful() simcity.Scenario {
	s := town()
	s.Name = "watchful"
	counted := func(anytime bool) func(*simcity.World) simcity.Check {
		return func(*simcity.World) simcity.Check {
			var visits int64
			return simcity.Check{
				Operation: func(*simcity.Operation) *simcity.Breach { visits++; return nil },
				Judge: func() simcity.Judgement {
					return simcity.Judgement{Got: "few", Want: "many", Value: float64(visits), Bound: 2, Samples: visits, Needs: 1}
				},
				Anytime: anytime,
			}
		}
	}
	s.Invariants = append(s.Invariants,
		simcity.Invariant{Name: "busy", Begin: counted(true)},
		simcity.Invariant{Name: "busy_at_last", When: simcity.AtEnd, Begin: counted(false)})
	return s
}

// Rules tell value and bound while the run goes on, in the summary and in heartbeats,
// unless only the end can judge them; and looking changes nothing.
func TestRulesStandWhileTheRunGoesOn(t *testing.T) {
	t.Parallel()
	d := setup(t, func(c *missioncontrol.Config) { c.Scenarios = []simcity.Scenario{watchful()} })
	whole := d.flatOut(`{"scenario":"watchful","seed":7,"compression":0}`)
	want := d.data(200, "GET", "/api/simcity/summary?runId="+whole, "")["digest"]

	id := d.data(201, "POST", "/api/simcity/start", `{"scenario":"watchful","seed":7,"compression":100}`)["runId"].(string)
	s := d.stream(id, "")
	s.until(func(f frame) bool { return f.name == "event" && f.id == "9" }) // after the first tick
	beat := s.until(func(f frame) bool { return f.name == "heartbeat" })
	requireStanding(t, []byte(beat[len(beat)-1].data))
	summary := d.data(200, "GET", "/api/simcity/summary", "")
	text, err := json.Marshal(summary)
	require.NoError(t, err)
	requireStanding(t, text)
	d.data(200, "POST", "/api/simcity/speed", `{"factor":0}`)
	s.until(func(f frame) bool { return f.name == "end" })
	s.close()
	require.Equal(t, want, d.data(200, "GET", "/api/simcity/summary", "")["digest"])
}

func requireStanding(t *testing.T, text []byte) {
	t.Helper()
	var told struct {
		Invariants []struct {
			Name, Status string
			Judgement    *simcity.Judgement
		}
	}
	require.NoError(t, json.Unmarshal(text, &told))
	require.Len(t, told.Invariants, 3)
	polite, busy, atLast := told.Invariants[0], told.Invariants[1], told.Invariants[2]
	require.Equal(t, "open", polite.Status)
	require.Equal(t, "no breach", polite.Judgement.Got)
	require.Equal(t, "busy", busy.Name)
	require.GreaterOrEqual(t, busy.Judgement.Value, 3.0)
	require.InDelta(t, 2, busy.Judgement.Bound, 0)
	require.Equal(t, "busy_at_last", atLast.Name)
	require.Nil(t, atLast.Judgement, "only the end can judge it")
}

// The policies in use are the engine's own, and all of them where somebody asks.
func TestPoliciesInUseAreThoseThatMatter(t *testing.T) {
	t.Parallel()
	asking := town()
	asking.Name = "asking"
	asking.Populations[0].Arrivals = simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
		for range min(3, g.Policies().MaxConcurrentAgents) {
			g.Spawn()
		}
		return nil
	})
	d := setup(t, func(c *missioncontrol.Config) { c.Scenarios = []simcity.Scenario{town(), asking} })
	inUse := func() any {
		return d.data(200, "GET", "/api/simcity/status", "")["last"].(map[string]any)["policiesInUse"]
	}
	d.flatOut(`{"scenario":"town","compression":0}`)
	require.Equal(t, []any{"maxConcurrentAgents", "tickSpeedMs"}, inUse())
	d.flatOut(`{"scenario":"asking","compression":0}`)
	require.Len(t, inUse(), 10)
	require.Contains(t, inUse(), "cancelChance")
}
