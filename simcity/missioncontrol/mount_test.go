package missioncontrol_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/missioncontrol"
)

// mounted answers one request through a handler that may stand before Mission Control.
func (d *desk) through(h http.Handler, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(d.Context(), "GET", path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnyMountPrefix(t *testing.T) {
	t.Parallel()
	stripped := setup(t)
	mux := http.NewServeMux()
	mux.Handle("/a/b/", http.StripPrefix("/a/b", stripped.mission))
	prefixed := setup(t, func(c *missioncontrol.Config) { c.Prefix = "/a/b" })
	public := setup(t, func(c *missioncontrol.Config) { c.PublicURL = "https://ops.example.com/a/b/" })
	for d, h := range map[*desk]http.Handler{stripped: mux, prefixed: prefixed.mission} {
		require.Equal(t, 200, d.through(h, "/a/b/api/simcity/status").Code)
		require.Equal(t, 200, d.through(h, "/a/b/metrics").Code)
		require.Equal(t, 404, d.through(h, "/api/simcity/status").Code)
		require.Equal(t, 404, d.through(h, "/a/bapi/simcity/status").Code)
	}
	stripped.flatOut(`{"scenario":"town","compression":0}`)
	require.Contains(t, stripped.through(mux, "/a/b/api/simcity/summary").Body.String(), "'http://example.com/a/b/api/simcity/start'")
	public.flatOut(`{"scenario":"town","compression":0}`)
	require.Contains(t, public.through(public.mission, "/api/simcity/summary").Body.String(), "'https://ops.example.com/a/b/api/simcity/start'")
}

func TestPagesAreServedStrictly(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"dashboard.html":       {Data: []byte(`<script type="module" src="{{.Base}}admin/simcity/pages/js/a.js"></script>`)},
		"mission-control.html": {Data: []byte(`<a href="{{.Base}}admin/simcity">`)},
		"js/a.js":              {Data: []byte(`export {}`)},
		"style.css":            {Data: []byte(`a{}`)},
	}
	d := setup(t, func(c *missioncontrol.Config) { c.Pages = files })
	for path, want := range map[string][2]string{
		"/admin/simcity":                         {`<script type="module" src="../admin/simcity/pages/js/a.js"></script>`, "text/html; charset=utf-8"},
		"/admin/simcity/mission-control?run=1&t": {`<a href="../../admin/simcity">`, "text/html; charset=utf-8"},
		"/admin/simcity/pages/js/a.js":           {`export {}`, "text/javascript; charset=utf-8"},
		"/admin/simcity/pages/style.css":         {`a{}`, "text/css; charset=utf-8"},
	} {
		status, header, body := d.call("GET", path, "")
		require.Equal(t, 200, status, path)
		require.Equal(t, want[0], body)
		require.Equal(t, want[1], header.Get("Content-Type"))
		require.Contains(t, header.Get("Content-Security-Policy"), "script-src 'self'")
		require.NotContains(t, header.Get("Content-Security-Policy"), "unsafe")
	}
	for _, path := range []string{"dashboard.html", "js", "", "js/b.js", "..%2f..%2fetc%2fpasswd"} {
		require.Equal(t, "not_found", d.refused(404, "GET", "/admin/simcity/pages/"+path, "").Error.Code, path)
	}
	bare := setup(t)
	require.Contains(t, bare.refused(404, "GET", "/admin/simcity", "").Error.Message, "Config.Pages is not set; pages.Files() of simcity/missioncontrol/pages")
	c := config()
	c.Pages = fstest.MapFS{"dashboard.html": {Data: []byte("{{")}}
	_, err := missioncontrol.New(c)
	require.ErrorContains(t, err, "Config.Pages")
}

// The report opens without a network, and its own security policy lets its style
// through.
func TestReportIsOneFile(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.flatOut(`{"scenario":"rude","compression":0}`)
	status, header, body := d.call("GET", "/api/ops/simcity/runs/latest/report", "")
	require.Equal(t, 200, status)
	require.Contains(t, header.Get("Content-Security-Policy"), "style-src 'sha256-")
	for _, outside := range []string{"src=", `href="h`, `href="/`, "@import", "url(", "<script", "<link"} {
		require.NotContains(t, body, outside)
	}
	_, style, _ := strings.Cut(body, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	require.Equal(t, header.Get("Content-Security-Policy"), missioncontrol.ReportSecurity(style))
}
