package missioncontrol

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// pageSecurity allows a page what comes from its own origin as a file, and nothing
// else: no script and no style within the page.
const pageSecurity = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; " +
	"manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pages are the files of the pages.
type pages struct {
	files          fs.FS // nil: none
	dashboard      *template.Template
	missionControl *template.Template
}

// The templates at the root of the files.
const (
	dashboardFile      = "dashboard.html"
	missionControlFile = "mission-control.html"
)

func newPages(files fs.FS) (*pages, error) {
	p := &pages{files: files}
	if files == nil {
		return p, nil
	}
	var err, other error
	p.dashboard, err = template.ParseFS(files, dashboardFile)
	p.missionControl, other = template.ParseFS(files, missionControlFile)
	if err = errors.Join(err, other); err != nil {
		return nil, fmt.Errorf("missioncontrol: Config.Pages: %w", err)
	}
	return p, nil
}

// dashboard is GET /admin/simcity.
func (h *Handler) dashboard(w http.ResponseWriter, r *http.Request) error {
	return h.pages.show(w, r, h.pages.dashboard, "../")
}

// missionControl is GET /admin/simcity/mission-control.
func (h *Handler) missionControl(w http.ResponseWriter, r *http.Request) error {
	return h.pages.show(w, r, h.pages.missionControl, "../../")
}

func (p *pages) show(w http.ResponseWriter, r *http.Request, page *template.Template, base string) error {
	if page == nil {
		return p.missing(r)
	}
	return render(w, page, pageSecurity, struct{ Base string }{base})
}

// render answers with a page, or with the mistake in its template.
func render(w http.ResponseWriter, page *template.Template, security string, data any) error {
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		return &failure{status: http.StatusInternalServerError, Code: "internal", Message: err.Error()}
	}
	w.Header().Set("Content-Security-Policy", security)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // a client that has gone cannot be told
	return nil
}

// pageFile is GET /admin/simcity/pages/.
func (h *Handler) pageFile(w http.ResponseWriter, r *http.Request) error {
	name := path.Clean(r.PathValue("file"))
	if h.pages.files == nil || strings.HasSuffix(name, ".html") || strings.HasSuffix(name, ".go") {
		return h.pages.missing(r)
	}
	if info, err := fs.Stat(h.pages.files, name); err != nil || info.IsDir() {
		return h.pages.missing(r)
	}
	w.Header().Set("Content-Security-Policy", pageSecurity)
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, h.pages.files, name)
	return nil
}

func (p *pages) missing(r *http.Request) error {
	why := "Config.Pages has no such file"
	if p.files == nil {
		why = "Config.Pages is not set; pages.Files() of simcity/missioncontrol/pages is meant for it"
	}
	return &failure{status: http.StatusNotFound, Code: "not_found", Message: fmt.Sprintf("there is no %.200q here: %s", r.URL.Path, why)}
}
