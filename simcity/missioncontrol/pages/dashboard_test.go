package pages_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

const dashboardPath = prefix + "/admin/simcity"

// live is the dashboard of a run that goes on, after some hours of it.
func live(t *testing.T, shown int) (*server, *tab) {
	t.Helper()
	all := recordings(t)
	s := newServer(t, true, shown, all[3], all[1], all[0])
	p := open(t, s.URL+dashboardPath, 1440, 900, "light")
	return s, p
}

func TestDashboardFollowsARunWithoutReload(t *testing.T) {
	t.Parallel()
	s, p := live(t, 3000)
	p.wait(`document.querySelector("#events-count").textContent === "3,000 events"`)
	require.Equal(t, "RUNNING", p.text("#status"))
	p.wait(`document.querySelector("#fresh").textContent.startsWith("live 0.")`)
	ask[bool](p, "window.stays = true")
	for range 10 {
		s.advance(700)
	}
	p.wait(`document.querySelector("#events-count").textContent === "10,000 events"`)
	require.True(t, ask[bool](p, "window.stays"), "the page was loaded again")
	require.Contains(t, p.text("#scenario"), "disaster_mix seed 11")
	p.wait(`document.querySelector("#tiles").textContent.includes("vendor SLA")`)
	require.Regexp(t, `p95\d.* / 500 ms✓, kept`, p.text("#tiles"))
	require.Regexp(t, `vendor SLA[\d.]+ % / 90 %✓`, p.text("#tiles"))
	p.shot("dashboard-live-light")
}

func TestDashboardAppliesPoliciesTogether(t *testing.T) {
	t.Parallel()
	s, p := live(t, 3000)
	p.wait(`document.querySelectorAll(".policy").length > 5`)
	require.Equal(t, "Apply", p.text(".apply"))
	p.do(chromedp.Focus(chromedp.CSS(`[aria-label="cancel chance, slider"]`)))
	p.press(kb.ArrowRight)
	p.press(kb.ArrowRight)
	ask[bool](p, `(document.querySelector("#policy-maxConcurrentAgents").select(), true)`)
	p.do(chromedp.SendKeys(chromedp.ID("policy-maxConcurrentAgents"), "80"))
	require.Equal(t, "Apply 2 changes", p.text(".apply"))
	require.Contains(t, p.text(`#policies .pending .now`), "→")
	p.shot("dashboard-policies-pending")
	p.do(chromedp.Click(chromedp.CSS(".apply")))
	p.wait(`document.querySelector(".apply").textContent === "Apply"`)
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Len(t, s.calls, 1)
	require.JSONEq(t, `{"policies":{"cancelChance":0.17,"maxConcurrentAgents":80}}`, strings.TrimPrefix(s.calls[0], "/api/simcity/policy "))
}

// A run in which nobody asks for the policies is steered by the engine's own.
func TestDashboardShowsThePoliciesInUse(t *testing.T) {
	t.Parallel()
	s, p := live(t, 3000)
	p.wait(`document.querySelector("#policies").textContent.includes("cancel chance")`)
	s.mu.Lock()
	s.inUse = []string{"maxConcurrentAgents"}
	s.tell()
	s.mu.Unlock()
	p.wait(`[...document.querySelectorAll("#policies label")].map((l) => l.textContent).join() === "max agents"`)
	require.Contains(t, p.text("#policies"), "Nothing in this run asks for other policies.")
}

func TestDashboardInjectsAFaultAndShowsItsBand(t *testing.T) {
	t.Parallel()
	s, p := live(t, 1000) // the run's own first fault comes at event 2,027
	p.do(chromedp.SetValue(chromedp.ID("fault-type"), "CACHE_INVALIDATION_STORM"))
	ask[bool](p, `document.querySelector("#fault-type").dispatchEvent(new Event("change"))`)
	p.do(chromedp.SendKeys(chromedp.ID("parameter-invalidationRate"), "0.5"), chromedp.Click(chromedp.CSS("#trigger button[type=submit]")))
	p.wait(`document.querySelector("#active").textContent.includes("CACHE_INVALIDATION_STORM: 30 min left")`)
	s.advance(100)
	p.wait(`document.querySelector("#charts canvas").getAttribute("aria-label").includes("1 fault window.")`)
	p.shot("dashboard-fault")
	s.mu.Lock()
	defer s.mu.Unlock()
	require.JSONEq(t, `{"type":"CACHE_INVALIDATION_STORM","durationMin":30,"parameters":{"invalidationRate":0.5}}`, strings.TrimPrefix(s.calls[0], "/api/simcity/event "))
}

func TestDashboardStopsOnlyWhenConfirmed(t *testing.T) {
	t.Parallel()
	s, p := live(t, 2000)
	p.do(chromedp.Click(chromedp.ID("stop")))
	p.wait(`document.querySelector("#stop-dialog").open`)
	p.shot("dashboard-stop")
	p.press(kb.Enter) // keeps it running: that button has the focus
	p.wait(`!document.querySelector("#stop-dialog").open`)
	require.Empty(t, s.calls)
	p.press("s")
	p.wait(`document.querySelector("#stop-dialog").open`)
	p.press(kb.Tab)
	p.press(kb.Enter)
	p.wait(`document.querySelector("#status").textContent === "STOPPED"`)
	p.wait(`document.querySelector("#fresh").textContent === "ended"`)
	require.Equal(t, []string{"/api/simcity/stop "}, s.calls)
	p.shot("dashboard-stopped")
}

func TestDashboardPausesAndStepsByKey(t *testing.T) {
	t.Parallel()
	s, p := live(t, 2000)
	ask[bool](p, `(document.activeElement.blur(), true)`)
	p.press(" ")
	p.wait(`document.querySelector("#status").textContent === "PAUSED"`)
	p.do(chromedp.Click(chromedp.ID("step")))
	p.wait(`document.querySelector("#feed").textContent.includes("step")`)
	p.press("?")
	p.wait(`document.querySelector("#help").open`)
	p.shot("dashboard-help")
	p.press(kb.Escape)
	p.wait(`!document.querySelector("#help").open`)
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Equal(t, []string{"/api/simcity/pause ", `/api/simcity/step {"steps":1}`}, s.calls)
}

func TestDashboardComesBackAfterTheConnectionBreaks(t *testing.T) {
	t.Parallel()
	s, p := live(t, 2000)
	p.wait(`document.querySelector("#events-count").textContent === "2,000 events"`)
	s.CloseClientConnections()
	s.advance(500)
	p.wait(`document.querySelector("#events-count").textContent === "2,500 events"`)
	require.False(t, ask[bool](p, `document.querySelector("#fresh").textContent.includes("no run")`))
	p.mu.Lock()
	p.said = nil // the browser tells of the cut, as it should
	p.mu.Unlock()
}

func TestTwoTabsShareOneStream(t *testing.T) {
	t.Parallel()
	s, p := live(t, 2000)
	q := open(t, s.URL+dashboardPath, 1000, 800, "light")
	for range 5 {
		s.advance(100)
	}
	for _, tab := range []*tab{p, q} {
		tab.wait(`document.querySelector("#events-count").textContent === "2,500 events"`)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Equal(t, 1, s.streams)
}

func TestDashboardStartsARun(t *testing.T) {
	t.Parallel()
	all := recordings(t)
	s := newServer(t, false, 0, all[1], all[0])
	p := open(t, s.URL+dashboardPath, 1440, 900, "dark")
	p.wait(`document.querySelector("#status").textContent === "FAIL"`)
	p.do(chromedp.Click(chromedp.ID("start")))
	p.wait(`document.querySelector("#start-dialog").open`)
	p.shot("dashboard-start-dark")
	p.press(kb.Escape)
	p.shot("dashboard-ended-dark")
}

// A run of go test waits for the browser, and the browser lets it go on.
func TestPagesLetAHeldTestContinue(t *testing.T) {
	t.Parallel()
	all := recordings(t)
	for _, path := range []string{dashboardPath, missionPath} {
		s := newServer(t, false, 0, all[1], all[0])
		s.test = map[string]any{"test": "TestSimCityBaseline", "phase": "held", "secondsLeft": 120}
		p := open(t, s.URL+path, 1440, 900, "light")
		p.wait(`document.querySelector("#tests").textContent.includes("TestSimCityBaseline")`)
		require.Contains(t, p.text("#tests"), "The run has ended. go test waits for you, until 2 min after this page is closed.")
		require.True(t, ask[bool](p, `!document.querySelector("#start") || document.querySelector("#start").hidden`), "runs are started by go test")
		p.shot("tests-held")
		p.do(chromedp.Focus(chromedp.ID("continue")))
		p.press(kb.Enter)
		p.wait(`document.querySelector("#tests").textContent.includes("runs under go test")`)
	}
}

// An app that books nothing has tiles and charts of what it did, and no others: what
// it never measured is no zero.
func TestDashboardShowsWhatWasMeasured(t *testing.T) {
	t.Parallel()
	p := open(t, newServer(t, true, 300, recordings(t)[4]).URL+dashboardPath, 1440, 900, "light")
	p.wait(`document.querySelector("#events-count").textContent === "300 events"`)
	p.wait(`document.querySelectorAll("#tiles li").length > 4`)
	require.Regexp(t, `^p950 ms, not judgedp990 ms, not judgederrors0 %, not judgedoperations\d+, not judged`+
		`reads find what was kept\d+ of \d+ \d+ samples⚠, close or warning`+
		`removals find what was keptnot measured, not judged$`, p.text("#tiles"))
	titles := ask[[]string](p, `[...document.querySelectorAll("#charts .title")].map((e) => e.textContent)`)
	require.Equal(t, []string{"Operations · conflicts · errors", "Latency", "Citizens"}, titles)
	p.shot("dashboard-without-bookings")
}
