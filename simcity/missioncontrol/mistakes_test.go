package missioncontrol_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// told is the error of a body.
type told struct {
	Success bool
	Error   struct{ Code, Message, Field, Allowed, Fix, RunID string }
}

func (d *desk) refused(status int, method, path, body string) told {
	d.Helper()
	got, header, text := d.call(method, path, body)
	require.Equal(d, status, got, "%s %s %s: %s", method, path, body, text)
	require.Equal(d, "application/json", header.Get("Content-Type"))
	var answer told
	require.NoError(d, json.Unmarshal([]byte(text), &answer), text)
	require.False(d, answer.Success)
	require.NotEmpty(d, answer.Error.Message)
	return answer
}

// posts are the calls that change something, with a body that is right.
var posts = map[string]string{
	"/api/simcity/start":                  `{"scenario":"town"}`,
	"/api/simcity/policy":                 `{"policies":{}}`,
	"/api/simcity/event":                  `{"type":"GLOOM"}`,
	"/api/simcity/stop":                   "",
	"/api/simcity/pause":                  "",
	"/api/simcity/resume":                 "",
	"/api/simcity/step":                   "",
	"/api/simcity/speed":                  `{"factor":1}`,
	"/api/simcity/continue":               "",
	"/api/ops/simcity/runs/latest/stop":   "",
	"/api/ops/simcity/runs/nonesuch/stop": "",
}

var gets = []string{
	"/api/simcity/summary", "/api/simcity/status", "/api/simcity/policies", "/api/simcity/scenarios", "/api/ops/simcity/runs",
	"/api/ops/simcity/runs/latest", "/api/ops/simcity/runs/latest/events", "/api/ops/simcity/runs/latest/snapshots",
	"/api/ops/simcity/runs/latest/stream", "/api/ops/simcity/runs/latest/report", "/metrics", "/admin/simcity",
	"/admin/simcity/mission-control", "/admin/simcity/pages/a.js",
}

func TestWithoutAuthorisationNothingIsTold(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for path := range posts {
		r := d.request("POST", path, posts[path])
		r.Header.Del("Authorization")
		status, _, body := d.do(r)
		require.Equal(t, 403, status, path)
		require.Contains(t, body, `"forbidden"`)
		require.NotContains(t, body, "secret reason")
	}
	for _, path := range append([]string{"/", "/nowhere"}, gets...) {
		r := d.request("GET", path, "")
		r.Header.Set("Authorization", "Bearer other")
		status, _, _ := d.do(r)
		require.Equal(t, 403, status, path)
	}
}

func TestForeignOriginsChangeNothing(t *testing.T) {
	t.Parallel()
	d := setup(t, func(c *missioncontrol.Config) { c.TrustedOrigins = []string{"https://console.example.com"} })
	for path := range posts {
		r := d.request("POST", path, posts[path])
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://evil.example.com")
		status, header, body := d.do(r)
		require.Equal(t, 403, status, path)
		require.Contains(t, body, `"cross_origin"`)
		require.Empty(t, header.Get("Access-Control-Allow-Origin"))
	}
	r := d.request("POST", "/api/simcity/stop", "")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://console.example.com")
	status, _, body := d.do(r)
	require.Equal(t, 409, status, body)
}

func TestWrongMethodsAreRefused(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for path := range posts {
		for _, method := range []string{"GET", "PUT", "DELETE", "OPTIONS", "PATCH"} {
			status, header, body := d.call(method, path, "")
			require.Equal(t, 405, status, path)
			require.Equal(t, "POST", header.Get("Allow"))
			require.Contains(t, body, `"method_not_allowed"`)
		}
	}
	for _, path := range gets {
		status, header, body := d.call("POST", path, "")
		require.Equal(t, 405, status, path)
		require.Contains(t, header.Get("Allow"), "GET")
		require.Contains(t, body, `"method_not_allowed"`)
	}
}

// closed is a refusal that says how to be let in.
type closed struct{}

func (closed) Error() string  { return "a secret reason" }
func (closed) Advice() string { return "send the header X-Key" }

func TestWhoIsRefusedLearnsHowToBeLetIn(t *testing.T) {
	t.Parallel()
	d := setup(t, func(c *missioncontrol.Config) { c.Authorize = func(*http.Request) error { return closed{} } })
	got := d.refused(403, "GET", "/api/simcity/status", "").Error
	require.Equal(t, "send the header X-Key", got.Fix)
	require.NotContains(t, got.Message, "secret")
}

// A terminal shows an error as it was meant: in the API's words, and < as <.
func TestErrorsAreReadInATerminal(t *testing.T) {
	t.Parallel()
	d := setup(t)
	_, _, body := d.call("POST", "/api/simcity/start", `{"scenario":"<city>"}`)
	require.Contains(t, body, `"message":"scenario is \"<city>\"; allowed: town, rude"`)
	require.Contains(t, body, `"value":"<city>"`)
	d.held()
	require.Equal(t, `type is RAIN; allowed: GLOOM`, d.refused(400, "POST", "/api/simcity/event", `{"type":"RAIN"}`).Error.Message)
	require.Contains(t, d.refused(400, "POST", "/api/simcity/speed", `{"factor":-1}`).Error.Message, "from 0 to 1000000")
}

func TestUnknownRunsAndPaths(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for _, id := range []string{"latest", "nonesuch", "%00", "00000000-0000-4000-8000-000000000000"} {
		for _, rest := range []string{"", "/events", "/snapshots", "/stream", "/report"} {
			require.Equal(t, "unknown_run", d.refused(404, "GET", "/api/ops/simcity/runs/"+id+rest, "").Error.Code)
		}
		require.Equal(t, "unknown_run", d.refused(404, "GET", "/api/simcity/summary?runId="+id, "").Error.Code)
		require.Equal(t, "unknown_run", d.refused(404, "POST", "/api/ops/simcity/runs/"+id+"/stop", "").Error.Code)
	}
	none := d.refused(404, "GET", "/api/ops/simcity/runs/latest", "").Error
	require.Equal(t, "no run has begun yet", none.Message)
	require.Equal(t, "start one with POST /api/simcity/start", none.Fix)
	for _, path := range []string{"/", "/api/simcity", "/api/simcity/starts", "/api/ops/simcity/runs/a/b/c", "/admin/simcity", "/admin/simcity/pages/x.js"} {
		require.Equal(t, "not_found", d.refused(404, "GET", path, "").Error.Code)
	}
}

func TestBodiesThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	d := setup(t, func(c *missioncontrol.Config) { c.BodyBytes = 2000 })
	id := d.held()
	for path := range posts {
		require.Equal(t, "too_large", d.refused(413, "POST", path, `{"a":"`+strings.Repeat("a", 2000)+`"}`).Error.Code)
		for _, body := range []string{"{", "[]", `"x"`, "null", "1", `{"a":1}{}`, "{\"a\":\xff"} {
			require.Equal(t, "bad_json", d.refused(400, "POST", path, body).Error.Code, "%s %s", path, body)
		}
		require.Equal(t, "the body is no JSON object: it is a JSON array", d.refused(400, "POST", path, "[]").Error.Message)
		unknown := d.refused(400, "POST", path, `{"zzz":1,"Scenario":"town","aaa":2}`)
		require.Equal(t, "unknown_field", unknown.Error.Code)
		require.Equal(t, "Scenario", unknown.Error.Field, "field names are exact")
		require.NotEmpty(t, unknown.Error.Allowed)
	}
	for _, c := range []struct{ path, body, field, code string }{
		{"start", `{}`, "scenario", "missing_field"},
		{"start", `{"scenario":null}`, "scenario", "missing_field"},
		{"start", `{"scenario":1}`, "scenario", ""},
		{"start", `{"scenario":"city"}`, "scenario", ""},
		{"start", `{"scenario":"town","seed":-1}`, "seed", ""},
		{"start", `{"scenario":"town","seed":1.5}`, "seed", ""},
		{"start", `{"scenario":"town","seed":"+1"}`, "seed", ""},
		{"start", `{"scenario":"town","seed":""}`, "seed", ""},
		{"start", `{"scenario":"town","seed":true}`, "seed", ""},
		{"start", `{"scenario":"town","seed":9223372036854775808}`, "seed", ""},
		{"start", `{"scenario":"town","seed":"99999999999999999999"}`, "seed", ""},
		{"start", `{"scenario":"town","policies":[]}`, "policies", ""},
		{"start", `{"scenario":"town","policies":{"cancelchance":1}}`, "policies.cancelchance", ""},
		{"start", `{"scenario":"town","policies":{"cancelChance":2}}`, "policies.cancelChance", ""},
		{"start", `{"scenario":"town","policies":{"cancelChance":"x"}}`, "policies", ""},
		{"start", `{"scenario":"town","policies":{"tickSpeedMs":1}}`, "policies.tickSpeedMs", ""},
		{"start", `{"scenario":"town","durationMinutes":0}`, "durationMinutes", ""},
		{"start", `{"scenario":"town","durationMinutes":-5}`, "durationMinutes", ""},
		{"start", `{"scenario":"town","durationMinutes":"60"}`, "durationMinutes", ""},
		{"start", `{"scenario":"town","durationMinutes":1e9}`, "durationMinutes", ""},
		{"start", `{"scenario":"town","durationMinutes":0.001}`, "durationMinutes", ""},
		{"start", `{"scenario":"town","clock":"real"}`, "clock", ""},
		{"start", `{"scenario":"town","compression":-1}`, "compression", ""},
		{"start", `{"scenario":"town","clock":"paced","compression":0}`, "compression", ""},
		{"policy", `{}`, "policies", "missing_field"},
		{"policy", `{"policies":7}`, "policies", ""},
		{"policy", `{"policies":{"x":7}}`, "policies.x", ""},
		{"policy", `{"policies":{"maxConcurrentAgents":0}}`, "policies.maxConcurrentAgents", ""},
		{"event", `{}`, "type", "missing_field"},
		{"event", `{"type":"RAIN"}`, "type", ""},
		{"event", `{"type":"GLOOM","durationMin":0}`, "durationMin", ""},
		{"event", `{"type":"GLOOM","durationMin":"x"}`, "durationMin", ""},
		{"event", `{"type":"GLOOM","parameters":[]}`, "parameters", ""},
		{"event", `{"type":"GLOOM","parameters":{"height":1}}`, "parameters.height", ""},
		{"step", `{"steps":0}`, "steps", ""},
		{"step", `{"steps":1000001}`, "steps", ""},
		{"step", `{"steps":1.5}`, "steps", ""},
		{"speed", `{}`, "factor", "missing_field"},
		{"speed", `{"factor":-1}`, "factor", ""},
		{"speed", `{"factor":"1"}`, "factor", ""},
		{"speed", `{"factor":1000001}`, "factor", ""},
	} {
		got := d.refused(400, "POST", "/api/simcity/"+c.path, c.body)
		if c.code == "" {
			c.code = "invalid_field"
			require.NotEmpty(t, got.Error.Allowed, "%s %s", c.path, c.body)
		}
		require.Equal(t, c.code, got.Error.Code, "%s %s", c.path, c.body)
		require.Equal(t, c.field, got.Error.Field, "%s %s", c.path, c.body)
	}
	require.Equal(t, id, d.data(200, "GET", "/api/simcity/status", "")["run"].(map[string]any)["runId"], "nothing of it touched the run")
}

func TestQueriesThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.flatOut(`{"scenario":"town","compression":0}`)
	const run = "/api/ops/simcity/runs/latest"
	for path, field := range map[string]string{
		run + "/events?from=-1": "from", run + "/events?from=x": "from", run + "/events?from=": "from", run + "/events?from=9223372036854775808": "from",
		run + "/events?limit=0": "limit", run + "/events?limit=1001": "limit", run + "/events?limit=1&limit=2": "limit", run + "/events?form=1": "form",
		run + "/snapshots?from=1.5": "from", run + "/snapshots?limit=-1": "limit", run + "/stream?from=-2": "from", run + "/stream?to=2": "to",
		run + "?x=1": "x", run + "/report?x=1": "x", "/api/simcity/summary?run=1": "run", "/api/simcity/status?x=": "x",
		"/api/simcity/policies?x=": "x", "/api/simcity/scenarios?x=": "x", "/api/ops/simcity/runs?verdict=pass": "verdict",
		"/api/ops/simcity/runs?seed=-1": "seed", "/api/ops/simcity/runs?limit=0": "limit", "/api/ops/simcity/runs?before=yesterday": "before",
		"/api/ops/simcity/runs?beforeId=x": "beforeId", "/api/ops/simcity/runs?a=%zz": "query",
	} {
		require.Equal(t, field, d.refused(400, "GET", path, "").Error.Field, path)
	}
	r := d.request("GET", run+"/stream", "")
	r.Header.Set("Last-Event-ID", "x")
	status, _, body := d.do(r)
	require.Equal(t, 400, status)
	require.Contains(t, body, "Last-Event-ID")
}

func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for _, path := range []string{"policy", "event", "stop", "pause", "resume", "step", "speed"} {
		require.Equal(t, "no_run", d.refused(409, "POST", "/api/simcity/"+path, posts["/api/simcity/"+path]).Error.Code)
	}
	id := d.held()
	busy := d.refused(409, "POST", "/api/simcity/start", `{"scenario":"town"}`)
	require.Equal(t, "run_active", busy.Error.Code)
	require.Equal(t, id, busy.Error.RunID)
	require.Equal(t, "STOPPED", d.data(200, "POST", "/api/ops/simcity/runs/"+id+"/stop", "")["verdict"])
	require.Equal(t, "run_ended", d.refused(409, "POST", "/api/ops/simcity/runs/"+id+"/stop", "").Error.Code)
	require.Equal(t, "no_run", d.refused(409, "POST", "/api/simcity/stop", "").Error.Code)
	require.NotEqual(t, id, d.held())
}

// Wall time cannot wait: commands that pace are refused, others are not.
func TestPacedRunsAreSteeredButNotPaused(t *testing.T) {
	t.Parallel()
	d := setup(t)
	started := d.data(201, "POST", "/api/simcity/start", `{"scenario":"town","clock":"paced","compression":1}`)
	require.Equal(t, "paced", started["clock"])
	for _, path := range []string{"pause", "resume", "step", "speed"} {
		require.Equal(t, "refused", d.refused(409, "POST", "/api/simcity/"+path, posts["/api/simcity/"+path]).Error.Code)
	}
	policies := d.data(200, "POST", "/api/simcity/policy", `{"policies":{"cancelChance":0.4}}`)
	require.InDelta(t, 0.4, policies["policies"].(map[string]any)["cancelChance"], 0)
	require.NotEmpty(t, policies["eventIndex"])
	fault := d.data(200, "POST", "/api/simcity/event", `{"type":"GLOOM","durationMin":5}`)
	require.NotEqual(t, "-1", fault["fault"].(map[string]any)["beganIndex"])
	require.Equal(t, "STOPPED", d.data(200, "POST", "/api/simcity/stop", "")["verdict"])
}

// deaf is a store that takes no runs.
type deaf struct{ telemetry.Memory }

var errFull = errors.New("the disk is full")

func (*deaf) BeginRun(context.Context, telemetry.Run) error { return errFull }

func (*deaf) Runs(context.Context, telemetry.RunFilter) ([]telemetry.Run, error) { return nil, errFull }

func TestStoreThatFailsIsNamed(t *testing.T) {
	t.Parallel()
	d := setup(t, func(c *missioncontrol.Config) { c.Store = &deaf{} })
	for range 2 { // the failure leaves the way free
		got := d.refused(503, "POST", "/api/simcity/start", `{"scenario":"town"}`)
		require.Equal(t, "store_unavailable", got.Error.Code)
		require.Contains(t, got.Error.Message, "the disk is full")
	}
	d.refused(503, "GET", "/api/ops/simcity/runs", "")
}

func TestConfigThatCannotWork(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*missioncontrol.Config){
		"Config.Authorize is nil":             func(c *missioncontrol.Config) { c.Authorize = nil },
		"Config.Scenarios is empty":           func(c *missioncontrol.Config) { c.Scenarios = nil },
		"Config.Target is nil":                func(c *missioncontrol.Config) { c.Target = nil },
		"Config.Prefix is ops":                func(c *missioncontrol.Config) { c.Prefix = "ops" },
		"Config.Clock is real":                func(c *missioncontrol.Config) { c.Clock = "real" },
		"Config.PublicURL is ops":             func(c *missioncontrol.Config) { c.PublicURL = "ops" },
		"Config.RetainEvents is -1":           func(c *missioncontrol.Config) { c.RetainEvents = -1 },
		"Config.Telemetry":                    func(c *missioncontrol.Config) { c.Telemetry.BatchRows = -1 },
		"Config.TrustedOrigins[0]":            func(c *missioncontrol.Config) { c.TrustedOrigins = []string{"x"} },
		"Config.Scenarios[2].Name is town":    func(c *missioncontrol.Config) { c.Scenarios = append(c.Scenarios, town()) },
		"Config.Scenarios[0]: simcity: scena": func(c *missioncontrol.Config) { c.Scenarios = []simcity.Scenario{{Name: "no"}} },
	} {
		c := config()
		change(&c)
		_, err := missioncontrol.New(c)
		require.ErrorContains(t, err, want)
	}
}

var _ http.Handler = (*missioncontrol.Handler)(nil)
