package missioncontrol_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/missioncontrol"
)

// Every call of the manual, on a run that stands still, with the bodies as goldens.
func TestContract(t *testing.T) {
	t.Parallel()
	d := setup(t)
	told := func(name, method, path, body string, status int) {
		t.Helper()
		got, header, text := d.call(method, path, body)
		require.Equal(t, status, got, text)
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		golden(t, name, text)
	}
	told("status_idle.json", "GET", "/api/simcity/status", "", 200)
	told("scenarios.json", "GET", "/api/simcity/scenarios", "", 200)
	told("policies_idle.json", "GET", "/api/simcity/policies", "", 200)
	told("runs_none.json", "GET", "/api/ops/simcity/runs", "", 200)
	told("metrics_idle.txt", "GET", "/metrics", "", 200)

	told("start.json", "POST", "/api/simcity/start", `{"seed":"9007199254740993","scenario":"town","policies":{"cancelChance":0.2},"durationMinutes":50,"compression":1}`, 201)
	s := d.stream("latest", "")
	s.until(func(f frame) bool { return f.name == "event" && f.id == "6" })
	s.close()
	told("pause.json", "POST", "/api/simcity/pause", "", 200)
	told("step.json", "POST", "/api/simcity/step", "", 200)
	told("policy.json", "POST", "/api/simcity/policy", `{"policies":{"customerSpawnRate":0.5,"maxConcurrentAgents":80,"rescheduleChance":0.2,"cancelChance":0.1}}`, 200)
	told("event.json", "POST", "/api/simcity/event", `{"type":"GLOOM","durationMin":30,"parameters":{"depth":3}}`, 200)
	told("event_defaults.json", "POST", "/api/simcity/event", `{"type":"GLOOM"}`, 200)
	told("steps.json", "POST", "/api/simcity/step", `{"steps":"3"}`, 200)
	told("speed.json", "POST", "/api/simcity/speed", `{"factor":2}`, 200)
	told("status.json", "GET", "/api/simcity/status", "", 200)
	told("policies.json", "GET", "/api/simcity/policies", "", 200)
	told("summary_running.json", "GET", "/api/simcity/summary?runId=latest", "", 200)
	told("stop.json", "POST", "/api/simcity/stop", "", 200)
	told("summary_stopped.json", "GET", "/api/simcity/summary", "", 200)
	told("status_over.json", "GET", "/api/simcity/status", "", 200)
	told("runs.json", "GET", "/api/ops/simcity/runs?scenario=town&verdict=STOPPED&seed=9007199254740993&limit=1", "", 200)
	told("run.json", "GET", "/api/ops/simcity/runs/latest", "", 200)
	told("events.json", "GET", "/api/ops/simcity/runs/latest/events?from=5&limit=3", "", 200)
	told("snapshots.json", "GET", "/api/ops/simcity/runs/latest/snapshots?from=0&limit=2", "", 200)
	told("metrics.txt", "GET", "/metrics", "", 200)
	told("report.html", "GET", "/api/ops/simcity/runs/latest/report", "", 200)
}

// A failure is told with all that forensics need, also when it comes from the store.
func TestFailureIsToldFromTheStoreAsWell(t *testing.T) {
	t.Parallel()
	d := setup(t)
	failed := d.flatOut(`{"scenario":"rude","seed":3,"compression":0}`)
	_, _, fromMemory := d.call("GET", "/api/simcity/summary?runId="+failed, "")
	golden(t, "summary_failed.json", fromMemory)
	passed := d.flatOut(`{"scenario":"town","compression":0}`)
	_, _, fromStore := d.call("GET", "/api/simcity/summary?runId="+failed, "")
	golden(t, "summary_failed.json", fromStore)
	_, _, report := d.call("GET", "/api/ops/simcity/runs/"+failed+"/report", "")
	golden(t, "report_failed.html", report)
	require.Equal(t, "PASS", d.data(200, "GET", "/api/simcity/summary?runId="+passed, "")["verdict"])
	runs := d.data(200, "GET", "/api/ops/simcity/runs?verdict=FAIL", "")["runs"].([]any)
	require.Len(t, runs, 1)
	require.Equal(t, failed, runs[0].(map[string]any)["id"])
	require.Equal(t, []any{3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0}, runs[0].(map[string]any)["throughput"], "the first visit after half of the hour fails the run")
}

// A run that was steered, paused and slowed is the run that a test makes of the
// same scenario, seed and commands.
func TestPausingChangesNothing(t *testing.T) {
	t.Parallel()
	d := setup(t)
	whole := d.flatOut(`{"scenario":"town","seed":7,"compression":0}`)
	want := d.data(200, "GET", "/api/simcity/summary?runId="+whole, "")["digest"]
	id := d.held()
	require.Equal(t, "PAUSED", d.data(200, "POST", "/api/simcity/step", `{"steps":"4"}`)["status"])
	d.data(200, "POST", "/api/simcity/speed", `{"factor":0}`)
	_, _, resumed := d.call("POST", "/api/simcity/resume", "{}")
	require.Contains(t, resumed, `"status":"RUNNING","speed":0`)
	s := d.stream(id, "")
	s.until(func(f frame) bool { return f.name == "end" })
	s.close()
	require.Equal(t, want, d.data(200, "GET", "/api/simcity/summary", "")["digest"])
}

func TestPagesOfTheList(t *testing.T) {
	t.Parallel()
	d := setup(t)
	var ids []string
	for range 3 {
		ids = append(ids, d.flatOut(`{"scenario":"town","compression":0}`))
	}
	page := d.data(200, "GET", "/api/ops/simcity/runs?limit=2", "")
	require.Len(t, page["runs"], 2)
	next := page["next"].(map[string]any)
	rest := d.data(200, "GET", "/api/ops/simcity/runs?limit=2&before="+next["before"].(string)+"&beforeId="+next["beforeId"].(string), "")
	require.Len(t, rest["runs"], 1)
	require.Equal(t, ids[0], rest["runs"].([]any)[0].(map[string]any)["id"])
	require.Nil(t, rest["next"])
}

func TestDefaultStoreKeepsTheLatestRuns(t *testing.T) {
	t.Parallel()
	d := setup(t, func(c *missioncontrol.Config) { c.MemoryRuns = 2 })
	var ids []string
	for range 4 {
		ids = append(ids, d.flatOut(`{"scenario":"town","compression":0}`))
	}
	require.NoError(t, d.mission.Close())
	runs := d.data(200, "GET", "/api/ops/simcity/runs", "")["runs"].([]any)
	require.Len(t, runs, 2)
	require.Equal(t, ids[3], runs[0].(map[string]any)["id"])
	require.Equal(t, ids[2], runs[1].(map[string]any)["id"])
}
