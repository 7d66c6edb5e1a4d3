package pages_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
	"github.com/bookiji/simcity/simcity/missioncontrol/pages"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// host is the address of a Mission Control, with the pages, over a store.
func host(t *testing.T, store telemetry.Store) string {
	t.Helper()
	mission, err := missioncontrol.New(missioncontrol.Config{
		Store:     store,
		Authorize: func(*http.Request) error { return nil },
		Scenarios: []simcity.Scenario{scenarios.DisasterMix()},
		Faults:    chaos.Kinds(),
		Target:    simcity.InProcess(marketplace(nil)),
		Pages:     pages.Files(),
	})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle(prefix+"/", http.StripPrefix(prefix, mission))
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		_ = mission.Close()
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// The pages over Mission Control itself: a run is started, steered, stopped and
// studied in the browser.
func TestARunFromStartToForensicsOverMissionControl(t *testing.T) {
	t.Parallel()
	startChromium(t)
	url := host(t, nil)

	q := open(t, url+missionPath, 1440, 900, "dark")
	require.Equal(t, "No runs yet", q.text("#title"))
	require.False(t, ask[bool](q, `[...document.querySelectorAll("#charts, #panes, #replay, #report")].some((e) => e.checkVisibility())`), "nothing is there to study")
	p := open(t, url+dashboardPath, 1440, 900, "light")
	p.wait(`document.querySelector("#fresh").textContent === "no run"`)
	p.shot("dashboard-idle")
	p.do(chromedp.Click(chromedp.ID("start")))
	p.wait(`document.querySelector("#start-dialog").open`)
	p.do(chromedp.SendKeys(chromedp.CSS("#start-dialog [name=seed]"), "42"), chromedp.SendKeys(chromedp.CSS("#start-dialog [name=compression]"), "300"))
	p.do(chromedp.Click(chromedp.CSS("#start-dialog [value=start]")))
	p.wait(`document.querySelector("#status").textContent === "RUNNING"`)
	p.wait(`document.querySelector("#fresh").textContent.startsWith("live")`)
	p.wait(`parseInt(document.querySelector("#events-count").textContent.replaceAll(",", "")) > 300`)

	p.do(chromedp.Focus(chromedp.CSS(`[aria-label="cancel chance, slider"]`)))
	p.press(kb.ArrowRight)
	p.do(chromedp.Click(chromedp.CSS(".apply")))
	p.wait(`document.querySelector("#feed").textContent.includes("cancelChance = 0.16")`)
	p.do(chromedp.Click(chromedp.CSS("#trigger button[type=submit]")))
	p.wait(`[...document.querySelectorAll("#feed .row.fault")].some((row) => row.textContent.includes("fault/called") && row.textContent.includes("CACHE_INVALIDATION_STORM"))`)
	p.wait(`document.querySelector("#active").textContent.includes("CACHE_INVALIDATION_STORM")`)
	p.do(chromedp.Click(chromedp.ID("pause")))
	p.wait(`document.querySelector("#status").textContent === "PAUSED"`)
	before := p.text("#events-count")
	p.do(chromedp.Click(chromedp.ID("step")))
	p.wait(`document.querySelector("#events-count").textContent !== ` + "`" + before + "`")
	p.shot("dashboard-real-paused")
	p.do(chromedp.Click(chromedp.ID("pause")))
	p.wait(`document.querySelector("#status").textContent === "RUNNING"`)
	p.press("s")
	p.wait(`document.querySelector("#stop-dialog").open`)
	p.press(kb.Tab)
	p.press(kb.Enter)
	p.wait(`document.querySelector("#status").textContent === "STOPPED"`)

	p.wait(`document.querySelector("#detail").textContent.includes("Why STOPPED")`)

	q.do(chromedp.Reload())
	q.wait(`document.querySelector("#verdict").textContent.startsWith("STOPPED")`)
	q.wait(`document.querySelector("#lanes").textContent.includes("cache invalidation storm")`)
	q.wait(`document.querySelector("#repro").textContent.includes("curl")`) // comes with the summary, after the verdict
	q.press(kb.Home)
	q.wait(`document.querySelector("#scrubber").value === "0"`)
	q.press("c")
	q.wait(`document.querySelector(".row[aria-selected=true]")?.textContent.includes("fault.injected")`)
	q.shot("mission-real-dark")
}

// A run of another process is stopped by the page where a runner makes it, and
// nowhere else.
func TestStopOfARunThatGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	startChromium(t)
	store := telemetry.NewMemory()
	there, here := host(t, store), host(t, store)
	response, err := http.Post(there+prefix+"/api/simcity/start", "application/json", strings.NewReader(`{"scenario":"disaster_mix","compression":1}`))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())

	p := open(t, here+missionPath, 1440, 900, "light")
	p.wait(`document.querySelector("#stop").title.includes("goes on in another process")`)
	require.True(t, ask[bool](p, `document.querySelector("#stop").disabled`))
	require.Contains(t, ask[string](p, `document.getElementById(document.querySelector("#stop").getAttribute("aria-describedby")).textContent`), "stop it there")
	p.shot("mission-elsewhere")

	runs, err := store.Runs(t.Context(), telemetry.RunFilter{})
	require.NoError(t, err)
	id := telemetrytest.RunID(1)
	require.NoError(t, store.AddRequest(t.Context(), telemetry.RunRequest{ID: id, CreatedAt: time.Now()}))
	_, err = store.Claim(t.Context(), "dora", time.Now(), time.Minute)
	require.NoError(t, err)
	_, err = store.Renew(t.Context(), id, "dora", runs[0].ID, time.Now(), time.Minute)
	require.NoError(t, err)
	p.do(chromedp.Reload())
	p.wait(`document.querySelector("#stop").disabled === false && document.documentElement.dataset.ready === "yes"`)
	p.press("s")
	p.wait(`document.querySelector("#stop-dialog").open`)
	p.press(kb.Tab)
	p.press(kb.Enter)
	p.wait(`document.querySelector("#toasts").textContent.includes("The run is stopping")`)
	request, err := store.Request(t.Context(), id)
	require.NoError(t, err)
	require.True(t, request.StopAsked)
}
