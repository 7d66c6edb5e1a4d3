package pages

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
)

//go:embed files/*.html files/*.css files/*.svg files/js/*.js
var embedded embed.FS

// The two pages, by their file names.
const (
	Dashboard      = "dashboard.html"
	MissionControl = "mission-control.html"
)

// ContentSecurityPolicy is what the pages live under: files and calls of their
// own origin, no inline script or style, no frames.
const ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Files are the pages and what they need: both templates at the root, the rest
// to be served below admin/simcity/pages/ of the mount point.
func Files() fs.FS {
	files, err := fs.Sub(embedded, "files")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}

var templates = template.Must(template.ParseFS(embedded, "files/*.html"))

// Render writes a page. base is the path that leads from the page to the mount
// point, such as "../" for /admin/simcity.
func Render(w io.Writer, page, base string) error {
	if templates.Lookup(page) == nil {
		return fmt.Errorf("pages: there is no page %q; there are %s and %s", page, Dashboard, MissionControl)
	}
	if err := templates.ExecuteTemplate(w, page, struct{ Base string }{base}); err != nil {
		return fmt.Errorf("pages: %s: %w", page, err)
	}
	return nil
}
