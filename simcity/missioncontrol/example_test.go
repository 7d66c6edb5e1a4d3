package missioncontrol_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
)

// A server mounts Mission Control under a prefix, and a client starts a run and
// reads how it ended.
func Example() {
	mission, err := missioncontrol.New(missioncontrol.Config{
		Authorize: func(r *http.Request) error {
			if r.Header.Get("Authorization") != "Bearer secret" {
				return fmt.Errorf("who are you?")
			}
			return nil
		},
		Scenarios: []simcity.Scenario{town()},
		Target:    simcity.InProcess(hello),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer mission.Close()
	mux := http.NewServeMux()
	mux.Handle("/ops/", http.StripPrefix("/ops", mission))

	ask := func(method, path, body string) string {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer secret")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		text, _ := io.ReadAll(w.Body)
		return string(text)
	}
	ask("POST", "/ops/api/simcity/start", `{"scenario": "town", "seed": 42, "compression": 0}`)
	ask("GET", "/ops/api/ops/simcity/runs/latest/stream", "") // until its end
	summary := ask("GET", "/ops/api/simcity/summary", "")
	fmt.Println(regexp.MustCompile(`"seed":"\d+"|"verdict":"\w+"`).FindAllString(summary, 2))
	// Output:
	// ["seed":"42" "verdict":"PASS"]
}
