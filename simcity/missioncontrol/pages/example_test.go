package pages_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bookiji/simcity/simcity/missioncontrol/pages"
)

// A page finds everything by its own address and the way to the mount point.
func ExampleRender() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /admin/simcity", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", pages.ContentSecurityPolicy)
		_ = pages.Render(w, pages.Dashboard, "../")
	})
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest("GET", "/admin/simcity", nil))
	for line := range strings.Lines(answer.Body.String()) {
		if strings.Contains(line, "stylesheet") {
			fmt.Print(line)
		}
	}
	// Output: <link rel="stylesheet" href="../admin/simcity/pages/simcity.css">
}
