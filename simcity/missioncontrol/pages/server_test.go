package pages_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol/pages"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// prefix is where the server is mounted: the pages must not guess it.
const prefix = "/ops/city"

// A server answers as package missioncontrol does, from recorded runs, of which
// one seems to go on: as many of its events exist as the test has advanced.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	runs     []recorded // latest first
	live     bool       // runs[0] goes on
	shown    int        // events of it so far
	status   string
	verdict  string
	policies map[string]any
	inUse    []string      // names of them
	changed  chan struct{} // closed at each change
	calls    []string      // state-changing ones, with their bodies
	rules    []any         // of the live run, as they stand
	test     map[string]any
	streams  int           // open now
	silent   time.Duration // how long the process of the live run has not been heard of
}

func newServer(t *testing.T, live bool, shown int, runs ...recorded) *server {
	t.Helper()
	s := &server{runs: runs, live: live, shown: shown, status: "RUNNING", changed: make(chan struct{})}
	require.NoError(t, json.Unmarshal(runs[0].row.Policies, &s.policies))
	s.inUse = slices.Sorted(maps.Keys(s.policies))
	if live {
		s.runs = slices.Clone(runs)
		s.runs[0].events = slices.Clone(runs[0].events)
		row := &s.runs[0].row
		s.rules = standing(t, row.Summary)
		row.Result, row.EndedAt, row.Summary, row.FailForensic, row.EventCount = "", time.Time{}, nil, nil, 0
	}
	mux := http.NewServeMux()
	s.pages(mux)
	s.calls1(mux)
	s.history(mux)
	s.Server = httptest.NewServer(http.StripPrefix(prefix, mux))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// standing are the rules of a summary as they stand before the end.
func standing(t *testing.T, summary json.RawMessage) []any {
	t.Helper()
	var told struct{ Invariants []map[string]any }
	require.NoError(t, json.Unmarshal(summary, &told))
	var all []any
	for _, inv := range told.Invariants {
		inv["status"] = "open"
		all = append(all, inv)
	}
	return all
}

func (s *server) pages(mux *http.ServeMux) {
	page := func(name, base string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Security-Policy", pages.ContentSecurityPolicy)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_ = pages.Render(w, name, base)
		}
	}
	mux.HandleFunc("GET /admin/simcity", page(pages.Dashboard, "../"))
	mux.HandleFunc("GET /admin/simcity/mission-control", page(pages.MissionControl, "../../"))
	files, _ := fs.Sub(pages.Files(), ".")
	mux.Handle("GET /admin/simcity/pages/", http.StripPrefix("/admin/simcity/pages/", http.FileServerFS(files)))
}

func answer(w http.ResponseWriter, status int, data any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"success": status < 400, "data": data})
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"success": false, "error": map[string]any{"code": code, "message": message}})
}

// advance makes n more events of the live run exist.
func (s *server) advance(n int) {
	s.mu.Lock()
	s.shown = min(s.shown+n, len(s.runs[0].events))
	s.tell()
	s.mu.Unlock()
}

// tell wakes the streams; called with the lock held.
func (s *server) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// insert makes an event at the head of the live run; called with the lock held.
func (s *server) insert(kind, actor string, payload any) int64 {
	events := s.runs[0].events
	encoded, _ := json.Marshal(payload)
	e := telemetry.Event{Index: int64(s.shown), At: events[s.shown-1].At, Actor: actor, Type: kind, Payload: encoded, ObservedAt: events[s.shown-1].ObservedAt, After: kind + strconv.Itoa(s.shown)}
	events = slices.Insert(events, s.shown, e)
	for i := s.shown + 1; i < len(events); i++ {
		events[i].Index++
	}
	s.runs[0].events = events
	s.shown++
	s.tell()
	return e.Index
}

// end ends the live run with a verdict.
func (s *server) end(verdict string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live, s.status, s.verdict = false, "COMPLETED", verdict
	if verdict == "STOPPED" {
		s.status = verdict
	}
	row := &s.runs[0].row
	row.Result, row.EventCount = verdict, int64(s.shown)
	row.EndedAt = row.StartedAt.Add(time.Minute)
	s.tell()
}

func (s *server) run() map[string]any {
	r := s.runs[0]
	at := int64(0)
	if s.shown > 0 {
		at = int64(r.events[s.shown-1].At)
	}
	if !s.live && s.shown == 0 {
		at = int64(r.events[len(r.events)-1].At)
	}
	status := s.status
	if !s.live && s.shown == 0 {
		status = "COMPLETED"
	}
	now := time.Now()
	return map[string]any{
		"now": now, "heartbeatAt": now.Add(-s.silent), "runId": r.row.ID, "scenario": r.row.Scenario, "seed": strconv.FormatUint(r.row.Seed, 10), "clock": "paced",
		"compression": 100, "speed": 100, "status": status, "verdict": s.verdict + r.row.Result, "startedAt": r.row.StartedAt,
		"durationMinutes": r.row.DurationSeconds / 60, "lastEventIndex": strconv.Itoa(s.shown - 1), "at": strconv.FormatInt(at, 10),
		"policies": s.policies, "policiesInUse": s.inUse, "faults": []any{}, "violations": 0, "metrics": nil, "invariants": s.rules,
	}
}

// calls1 are the calls of the live run.
func (s *server) calls1(mux *http.ServeMux) {
	change := func(path string, f func(body map[string]any) any) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			var body bytes.Buffer
			_, _ = body.ReadFrom(http.MaxBytesReader(w, r.Body, 1<<16))
			var fields map[string]any
			_ = json.Unmarshal(body.Bytes(), &fields)
			s.mu.Lock()
			s.calls = append(s.calls, r.URL.Path+" "+body.String())
			if !s.live {
				s.mu.Unlock()
				refuse(w, http.StatusConflict, "no_run", "no run goes on")
				return
			}
			data := f(fields)
			s.mu.Unlock()
			answer(w, http.StatusOK, data)
		})
	}
	change("/api/simcity/policy", func(body map[string]any) any {
		for name, value := range body["policies"].(map[string]any) {
			s.policies[name] = value
		}
		index := s.insert(simcity.EventCommand, "user", map[string]any{"kind": "policy", "policies": body["policies"]})
		return map[string]any{"runId": s.runs[0].row.ID, "policies": s.policies, "eventIndex": strconv.FormatInt(index, 10), "pending": false}
	})
	change("/api/simcity/event", func(body map[string]any) any {
		minutes, _ := body["durationMin"].(float64)
		forNanos := int64(minutes * 60e9)
		index := s.insert(simcity.EventFaultInjected, "user", map[string]any{"kind": body["type"], "parameters": body["parameters"], "forNanos": forNanos})
		reverts := int64(s.runs[0].events[index].At) + forNanos
		return map[string]any{"eventIndex": strconv.FormatInt(index, 10), "pending": false, "fault": map[string]any{"kind": body["type"], "reverts": strconv.FormatInt(reverts, 10)}}
	})
	for name, status := range map[string]string{"pause": "PAUSED", "resume": "RUNNING", "step": "PAUSED", "speed": "RUNNING"} {
		change("/api/simcity/"+name, func(map[string]any) any {
			s.status = status
			s.insert(simcity.EventCommand, "user", map[string]any{"kind": name})
			return map[string]any{"status": status, "speed": 100, "pending": false}
		})
	}
	stop := func(map[string]any) any {
		go s.end("STOPPED")
		return map[string]any{"status": "STOPPED", "verdict": "STOPPED"}
	}
	change("/api/simcity/stop", stop)
	change("/api/ops/simcity/runs/{id}/stop", stop)
	mux.HandleFunc("GET /api/simcity/status", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.live {
			answer(w, 200, map[string]any{"running": true, "run": s.run(), "last": nil, "test": s.test})
		} else {
			answer(w, 200, map[string]any{"running": false, "run": nil, "last": s.run(), "test": s.test})
		}
	})
	mux.HandleFunc("POST /api/simcity/continue", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.test["phase"] = "running"
		answer(w, 200, s.test)
	})
	mux.HandleFunc("GET /api/simcity/policies", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		answer(w, 200, map[string]any{"policies": s.policies, "fields": policyFields()})
	})
	mux.HandleFunc("GET /api/simcity/scenarios", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, scenarioList()) })
}

func policyFields() []map[string]any {
	chance := func(name string, value float64) map[string]any {
		return map[string]any{"name": name, "type": "number", "minimum": 0, "maximum": 1, "default": value}
	}
	return []map[string]any{
		chance("cancelChance", 0.15), chance("rescheduleChance", 0.35),
		{"name": "customerSpawnRate", "type": "number", "minimum": 0, "maximum": 100000, "default": 0.3, "doc": "customers per tick"},
		{"name": "vendorSpawnRate", "type": "number", "minimum": 0, "maximum": 100000, "default": 0.1},
		{"name": "maxConcurrentAgents", "type": "integer", "minimum": 1, "maximum": 1000000, "default": 50},
		{"name": "customerPatienceThreshold", "type": "integer", "minimum": 1, "maximum": 1000000, "default": 10},
		{"name": "refundsEnabled", "type": "boolean", "default": true},
		{"name": "vendorOpenHours", "type": "object", "default": map[string]int{"from": 8, "to": 18}},
	}
}

func scenarioList() any {
	var faults []any
	for _, kind := range chaos.Kinds() {
		parameters := []any{}
		for _, p := range kind.Parameters {
			parameters = append(parameters, map[string]any{"name": p.Name, "doc": p.Doc, "default": p.Default, "allowed": p.Allowed})
		}
		faults = append(faults, map[string]any{"kind": kind.Kind, "doc": kind.Doc, "parameters": parameters})
	}
	var all []any
	for _, one := range []simcity.Scenario{scenarios.DisasterMix(), scenarios.Baseline()} {
		all = append(all, map[string]any{"name": one.Name, "doc": one.Doc, "durationMinutes": one.Duration.Minutes(), "compression": one.Compression, "faults": faults})
	}
	return map[string]any{"scenarios": all}
}

// find returns a run and how many of its events exist.
func (s *server) find(id string) (recorded, int, bool) {
	for i, r := range s.runs {
		if r.row.ID == id {
			n := len(r.events)
			if i == 0 && s.shown > 0 {
				n = s.shown
			}
			return r, n, true
		}
	}
	return recorded{}, 0, false
}

// history are the calls that read runs.
func (s *server) history(mux *http.ServeMux) {
	read := func(path string, f func(w http.ResponseWriter, r *http.Request, run recorded, n int)) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			id := r.PathValue("id")
			if id == "" {
				id = r.URL.Query().Get("runId")
			}
			s.mu.Lock()
			run, n, ok := s.find(id)
			s.mu.Unlock()
			if !ok {
				refuse(w, http.StatusNotFound, "unknown_run", "there is no run "+id)
				return
			}
			f(w, r, run, n)
		})
	}
	from := func(r *http.Request) (int64, int) {
		from, _ := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		return from, telemetry.Limit(limit)
	}
	mux.HandleFunc("GET /api/ops/simcity/runs", s.list)
	read("/api/ops/simcity/runs/{id}", func(w http.ResponseWriter, _ *http.Request, run recorded, n int) {
		answer(w, 200, map[string]any{"run": run.row, "live": map[string]any{"runId": run.row.ID, "status": "RUNNING", "lastEventIndex": strconv.Itoa(n - 1)}, "stoppable": run.row.Result == ""})
	})
	read("/api/ops/simcity/runs/{id}/events", func(w http.ResponseWriter, r *http.Request, run recorded, n int) {
		first, limit := from(r)
		end := min(first+int64(limit), int64(n))
		events := run.events[min(first, end):end]
		answer(w, 200, map[string]any{"runId": run.row.ID, "events": nonNil(events), "next": strconv.FormatInt(end, 10)})
	})
	read("/api/ops/simcity/runs/{id}/snapshots", func(w http.ResponseWriter, r *http.Request, run recorded, n int) {
		first, limit := from(r)
		var found []telemetry.Snapshot
		for _, snapshot := range run.snapshots {
			if snapshot.Index >= first && snapshot.Index < int64(n) && len(found) < limit {
				found = append(found, snapshot)
			}
		}
		answer(w, 200, map[string]any{"runId": run.row.ID, "snapshots": nonNil(found)})
	})
	read("/api/ops/simcity/runs/{id}/stream", s.stream)
	read("/api/simcity/summary", s.summary)
}

func nonNil[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	before, _ := time.Parse(time.RFC3339Nano, q.Get("before"))
	type summary struct {
		Throughput telemetry.Throughput `json:"throughput,omitempty"`
	}
	type listed struct {
		telemetry.Run
		summary
	}
	rows := []listed{}
	for _, run := range s.runs {
		if (q.Get("scenario") == "" || q.Get("scenario") == run.row.Scenario) && (q.Get("verdict") == "" || q.Get("verdict") == run.row.Result) &&
			(q.Get("seed") == "" || q.Get("seed") == strconv.FormatUint(run.row.Seed, 10)) && (before.IsZero() || run.row.StartedAt.Before(before)) {
			row := listed{Run: run.row}
			_ = json.Unmarshal(row.Summary, &row.summary)
			row.Summary, row.FailForensic = nil, nil
			rows = append(rows, row)
		}
	}
	answer(w, 200, map[string]any{"runs": rows, "next": nil})
}

func (s *server) summary(w http.ResponseWriter, _ *http.Request, run recorded, n int) {
	data := map[string]any{"runId": run.row.ID, "scenario": run.row.Scenario, "seed": strconv.FormatUint(run.row.Seed, 10), "policies": s.policies}
	if run.row.Summary != nil {
		_ = json.Unmarshal(run.row.Summary, &data)
	} else {
		var rules []any
		for _, inv := range scenarios.DisasterMix().Invariants {
			rules = append(rules, map[string]any{"name": inv.Name, "when": inv.When, "severity": inv.Severity, "status": "open", "judgement": nil})
		}
		data["invariants"], data["verdict"], data["violations"] = rules, run.row.Result, []any{}
	}
	data["repro"] = map[string]any{
		"test": fmt.Sprintf("SIMCITY_SEED=%d go test ./shop -run '^TestSimCityDisasterMix$'", run.row.Seed),
		"curl": fmt.Sprintf(`curl -X POST localhost:8787/api/simcity/start -d '{"scenario":"disaster_mix","seed":"%d"}'`, run.row.Seed),
	}
	answer(w, 200, data)
}

// stream sends the events that exist and come, and the end.
func (s *server) stream(w http.ResponseWriter, r *http.Request, run recorded, _ int) {
	next, _ := strconv.Atoi(r.URL.Query().Get("from"))
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		n, _ := strconv.Atoi(last)
		next = n + 1
	}
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	send := func(kind, id string, data any) {
		encoded, _ := json.Marshal(data)
		if id != "" {
			id = "id: " + id + "\n"
		}
		_, _ = fmt.Fprintf(w, "event: %s\n%sdata: %s\n\n", kind, id, encoded)
	}
	s.mu.Lock()
	s.streams++
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.streams--; s.mu.Unlock() }()
	snapshots := map[int64]telemetry.Snapshot{}
	for _, snapshot := range run.snapshots {
		snapshots[snapshot.Index] = snapshot
	}
	beat := time.NewTicker(250 * time.Millisecond)
	defer beat.Stop()
	for {
		s.mu.Lock()
		events, status, live, changed := s.runs[0].events[next:max(next, s.shown)], s.run(), s.live, s.changed
		events = slices.Clone(events)
		s.mu.Unlock()
		for _, e := range events {
			send("event", strconv.FormatInt(e.Index, 10), e)
			if snapshot, ok := snapshots[e.Index]; ok {
				send("snapshot", strconv.FormatInt(e.Index, 10), snapshot)
			}
		}
		next += len(events)
		if !live {
			send("end", strconv.Itoa(next), map[string]any{"runId": run.row.ID, "verdict": status["verdict"], "status": status["status"]})
			_ = control.Flush()
			return
		}
		send("heartbeat", "", status)
		if control.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-beat.C:
		case <-r.Context().Done():
			return
		}
	}
}
