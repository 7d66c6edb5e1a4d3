package pages_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// A report is one file that opens without a server: under its own strict policy,
// without a word in the console, and readable by all.
func TestAReportOpensAsAFile(t *testing.T) {
	t.Parallel()
	startChromium(t)
	script := axe(t)
	all := recordings(t)
	store := stored(t, all[0], all[1])
	mission, err := missioncontrol.New(missioncontrol.Config{
		Authorize: func(*http.Request) error { return nil }, Store: store,
		Scenarios: []simcity.Scenario{scenarios.DisasterMix()}, Target: simcity.InProcess(marketplace(nil)),
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = mission.Close() })
	for name, run := range map[string]telemetry.Run{"report-whole": all[0].row, "report-failed": all[1].row} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			mission.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/ops/simcity/runs/"+run.ID+"/report", nil))
			require.Equal(t, http.StatusOK, w.Code, w.Body)
			file := filepath.Join(t.TempDir(), "report.html")
			require.NoError(t, os.WriteFile(file, w.Body.Bytes(), 0o600))

			p := blank(t, 1440, 900, "light")
			p.do(chromedp.Navigate("file://" + file))
			p.wait(`document.readyState === "complete"`)
			t.Cleanup(p.clean)
			require.Equal(t, "8px", ask[string](p, `getComputedStyle(document.querySelector("section")).borderRadius`), "its style holds under its own policy")
			require.Equal(t, 0, ask[int](p, `performance.getEntriesByType("resource").length`), "nothing is fetched")
			ask[any](p, script+"; true")
			for _, scheme := range []string{"light", "dark"} {
				p.requireAccessible(name, 1440, scheme)
			}
			p.requireAccessible(name, 375, "light")
			require.Positive(t, ask[int](p, `document.querySelectorAll("polyline").length`))
			if run.Result == "FAIL" {
				require.Regexp(t, `2 live claims on vendor-\d+`, p.text("#failure"))
				require.Equal(t, 3, ask[int](p, `document.querySelectorAll("svg.timeline .name").length`), "the two who claim it, and the judge")
				require.Contains(t, p.text("#findings"), "new zero_double_bookings")
				require.Contains(t, p.text("#repeat"), `"seed":"42"`)
			} else {
				require.Contains(t, p.text("#timeline"), "CACHE_INVALIDATION_STORM, touched")
			}
		})
	}
}

// stored is a history of recorded runs, the first one the oldest.
func stored(t *testing.T, runs ...recorded) telemetry.Store {
	t.Helper()
	store := telemetry.NewMemory()
	began := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	for i, r := range runs {
		r.row.StartedAt = began.Add(time.Duration(i) * time.Hour)
		require.NoError(t, store.BeginRun(t.Context(), r.row))
		require.NoError(t, store.Append(t.Context(), telemetry.Batch{RunID: r.row.ID, Events: r.events, Snapshots: r.snapshots}))
		require.NoError(t, store.EndRun(t.Context(), r.row))
	}
	return store
}
