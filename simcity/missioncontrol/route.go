package missioncontrol

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A call answers a request with JSON.
type call func(w http.ResponseWriter, r *http.Request) (answer, error)

// ServeHTTP answers.
func (c call) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := c(w, r)
	if err != nil {
		asFailure(err).write(w)
		return
	}
	a.write(w)
}

// A direct handler writes its answer itself, unless it returns an error.
type direct func(w http.ResponseWriter, r *http.Request) error

// ServeHTTP answers.
func (d direct) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := d(w, r); err != nil {
		asFailure(err).write(w)
	}
}

// A route is a path and what answers there.
type route struct {
	path    string
	methods []string
	handler http.Handler
}

func (h *Handler) table() []route {
	get, post := []string{http.MethodGet, http.MethodHead}, []string{http.MethodPost}
	const runs = "/api/ops/simcity/runs"
	return []route{
		{"/api/simcity/start", post, call(h.start)},
		{"/api/simcity/policy", post, call(h.changePolicies)},
		{"/api/simcity/event", post, call(h.injectFault)},
		{"/api/simcity/stop", post, call(h.stopActive)},
		{"/api/simcity/pause", post, call(h.pause)},
		{"/api/simcity/resume", post, call(h.resume)},
		{"/api/simcity/step", post, call(h.step)},
		{"/api/simcity/speed", post, call(h.changeSpeed)},
		{"/api/simcity/continue", post, call(h.proceed)},
		{"/api/simcity/summary", get, call(h.summary)},
		{"/api/simcity/status", get, call(h.status)},
		{"/api/simcity/policies", get, call(h.policies)},
		{"/api/simcity/scenarios", get, call(h.scenarios)},
		{runs, get, call(h.runs)},
		{runs + "/{runId}", get, call(h.run)},
		{runs + "/{runId}/events", get, call(h.events)},
		{runs + "/{runId}/snapshots", get, call(h.snapshots)},
		{runs + "/{runId}/stream", get[:1], direct(h.stream)},
		{runs + "/{runId}/stop", post, call(h.stopRun)},
		{runs + "/{runId}/report", get, direct(h.report)},
		{"/metrics", get, direct(h.figures)},
		{"/admin/simcity", get, direct(h.dashboard)},
		{"/admin/simcity/mission-control", get, direct(h.missionControl)},
		{"/admin/simcity/pages/{file...}", get, direct(h.pageFile)},
	}
}

func (h *Handler) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range h.table() {
		mux.Handle(r.path, r)
	}
	mux.HandleFunc("/", notFound)
	return mux
}

// ServeHTTP refuses methods that the route does not have.
func (r route) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if slices.Contains(r.methods, request.Method) {
		r.handler.ServeHTTP(w, request)
		return
	}
	allowed := strings.Join(r.methods, ", ")
	w.Header().Set("Allow", allowed)
	(&failure{status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Message: fmt.Sprintf("%s does not take %s; allowed: %s", r.path, request.Method, allowed), Allowed: allowed}).write(w)
}

func notFound(w http.ResponseWriter, r *http.Request) {
	(&failure{status: http.StatusNotFound, Code: "not_found", Message: fmt.Sprintf("there is no %.200q here", r.URL.Path), Allowed: "the paths in the documentation of package missioncontrol"}).write(w)
}
