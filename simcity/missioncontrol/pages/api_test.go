package pages_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
	"github.com/bookiji/simcity/simcity/missioncontrol/pages"
)

// The pages over Mission Control itself: a run is started, steered, stopped and
// studied in the browser.
func TestARunFromStartToForensicsOverMissionControl(t *testing.T) {
	t.Parallel()
	startChromium(t)
	mission, err := missioncontrol.New(missioncontrol.Config{
		Authorize: func(*http.Request) error { return nil },
		Scenarios: []simcity.Scenario{scenarios.DisasterMix()},
		Faults:    chaos.Kinds(),
		Target:    simcity.InProcess(marketplace(nil)),
		Pages:     pages.Files(),
	})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle(prefix+"/", http.StripPrefix(prefix, mission))
	host := httptest.NewServer(mux)
	t.Cleanup(func() {
		_ = mission.Close()
		host.CloseClientConnections()
		host.Close()
	})

	p := open(t, host.URL+dashboardPath, 1440, 900, "light")
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

	q := open(t, host.URL+missionPath, 1440, 900, "dark")
	q.wait(`document.querySelector("#verdict").textContent.startsWith("STOPPED")`)
	q.wait(`document.querySelector("#lanes").textContent.includes("cache invalidation storm")`)
	require.Contains(t, q.text("#repro"), "curl")
	q.press(kb.Home)
	q.wait(`document.querySelector("#scrubber").value === "0"`)
	q.press("c")
	q.wait(`document.querySelector(".row[aria-selected=true]")?.textContent.includes("fault.injected")`)
	q.shot("mission-real-dark")
}
