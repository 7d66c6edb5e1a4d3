package missioncontrol

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// A Handler is Mission Control: an [http.Handler] for the API, the stream, the pages and the figures.
// [New] makes one, Close ends its run.
type Handler struct {
	config  Config
	origins *http.CrossOriginProtection
	mux     *http.ServeMux
	pages   *pages
	streams atomic.Int64
	own     *telemetry.Memory // the default store, which is kept small

	life context.Context // of runs
	end  context.CancelFunc

	mu       sync.Mutex
	closed   bool
	starting bool
	latest   *session            // the run that goes on, or the last one
	distants map[string]*distant // runs of other processes that are followed here
	waiting  sync.WaitGroup
}

// New returns the handler, or says which field of the Config cannot work.
func New(config Config) (*Handler, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	h := &Handler{origins: http.NewCrossOriginProtection(), distants: make(map[string]*distant)}
	if config.Store == nil {
		h.own = telemetry.NewMemory()
		config.Store = h.own
	}
	h.config = config.WithDefaults()
	for i, origin := range config.TrustedOrigins {
		if err := h.origins.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("missioncontrol: Config.TrustedOrigins[%d]: %w", i, err)
		}
	}
	var err error
	if h.pages, err = newPages(config.Pages); err != nil {
		return nil, err
	}
	h.life, h.end = context.WithCancel(context.Background())
	h.mux = h.routes()
	return h, nil
}

// Close stops the run that goes on, waits for its end and lets streams end.
// Afterwards no run can be started. It does not close the store.
func (h *Handler) Close() error {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.end()
	h.waiting.Wait()
	return nil
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if err := h.config.Authorize(r); err != nil {
		(&failure{status: http.StatusForbidden, Code: "forbidden", Message: "this server does not let you do that", Fix: adviceOf(err)}).write(w)
		return
	}
	if err := h.origins.Check(r); err != nil {
		(&failure{status: http.StatusForbidden, Code: "cross_origin", Message: err.Error(), Allowed: "requests from pages of this origin, and from no browser"}).write(w)
		return
	}
	if h.config.Prefix == "" {
		h.mux.ServeHTTP(w, r)
		return
	}
	if r.URL.Path != h.config.Prefix && !strings.HasPrefix(r.URL.Path, h.config.Prefix+"/") {
		notFound(w, r)
		return
	}
	http.StripPrefix(h.config.Prefix, h.mux).ServeHTTP(w, r)
}

// adviceOf is what an error of Authorize lets strangers know, or "".
func adviceOf(err error) string {
	var adviser interface{ Advice() string }
	if errors.As(err, &adviser) {
		return adviser.Advice()
	}
	return ""
}

// base is how the client reaches the mount point.
func (h *Handler) base(r *http.Request) string {
	if h.config.PublicURL != "" {
		return strings.TrimSuffix(h.config.PublicURL, "/")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return scheme + "://" + r.Host + strings.TrimSuffix(strings.TrimSuffix(path, r.URL.EscapedPath()), "/")
}

// scenario is the scenario of a name, with the faults that all have.
func (h *Handler) scenario(name string) (simcity.Scenario, error) {
	var known []string
	for _, s := range h.known() {
		if s.Name == name {
			return h.config.equip(s), nil
		}
		known = append(known, s.Name)
	}
	return simcity.Scenario{}, wrong("scenario", quote(name), strings.Join(known, ", "), "see GET /api/simcity/scenarios")
}

// session is the session of a run that is in memory, or nil.
func (h *Handler) session(id string) *session {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.latest != nil && h.latest.info.ID == id {
		return h.latest
	}
	return nil
}

// active is the run that goes on.
func (h *Handler) active() (*session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.latest == nil || h.latest.over() {
		return nil, &failure{status: http.StatusConflict, Code: "no_run", Message: "no run goes on; start one with POST /api/simcity/start"}
	}
	return h.latest, nil
}

// runID is the run that the path or the query names.
func (h *Handler) runID(r *http.Request) (string, error) {
	id := r.PathValue("runId")
	if id == "" {
		id = r.URL.Query().Get("runId")
	}
	if id != "" && id != "latest" {
		return id, nil
	}
	h.mu.Lock()
	s := h.latest
	h.mu.Unlock()
	if s != nil {
		return s.info.ID, nil
	}
	runs, err := h.config.Store.Runs(r.Context(), telemetry.RunFilter{Limit: 1})
	if err != nil {
		return "", err
	}
	if len(runs) == 0 {
		return "", h.noneBegun()
	}
	return runs[0].ID, nil
}

// noneBegun refuses what is asked of the latest run where there is none.
func (h *Handler) noneBegun() error {
	fix := "start one with POST /api/simcity/start"
	if h.config.Tests != nil {
		fix = "wait until a test begins its run"
	}
	return &failure{status: http.StatusNotFound, Code: "unknown_run", Message: "no run has begun yet", Field: "runId", Fix: fix}
}
