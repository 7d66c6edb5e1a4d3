package pages_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

const missionPath = prefix + "/admin/simcity/mission-control"

// study is Mission Control over three runs that have ended.
func study(t *testing.T, query string) (*server, *tab) {
	t.Helper()
	all := recordings(t)
	s := newServer(t, false, 0, all[1], all[0], all[2])
	return s, open(t, s.URL+missionPath+query, 1440, 900, "light")
}

// counted are figures of a history up to an event, counted here.
func counted(r recorded, index int) (operations, citizens int) {
	for _, e := range r.events[:index+1] {
		switch e.Type {
		case simcity.EventOperation:
			operations++
		case simcity.EventCitizenBorn:
			citizens++
		case simcity.EventCitizenEnded:
			citizens--
		}
	}
	return operations, citizens
}

func TestScrubbingShowsTheExactStateAtAnyIndex(t *testing.T) {
	t.Parallel()
	s, p := study(t, "?tab=state&t=0&run="+recordings(t)[0].row.ID)
	p.wait(`document.querySelector("#when").textContent.includes(" of ")`)
	run := s.runs[1]
	last := len(run.events) - 1
	for _, index := range []int{0, 1, 999, 1000, 7777, last / 2, last} {
		ask[bool](p, fmt.Sprintf(`(() => { const r = document.querySelector("#scrubber"); r.value = %d; return r.dispatchEvent(new Event("input")) })()`, index))
		p.wait(fmt.Sprintf(`document.querySelector("#state h3")?.textContent.replaceAll(",", "").startsWith("After event %d at") || document.querySelector("#state h3")?.textContent.replaceAll(",", "").startsWith("After event %d ")`, index, index))
		operations, citizens := counted(run, index)
		figures := ask[map[string]string](p, `Object.fromEntries([...document.querySelectorAll("#state dl.state dt")].map((dt) => [dt.textContent, dt.nextElementSibling.textContent.replaceAll(",", "")]))`)
		require.Equal(t, fmt.Sprint(operations), figures["operations"], "event %d", index)
		require.Equal(t, fmt.Sprint(citizens), figures["citizens"], "event %d", index)
		require.Contains(t, ask[string](p, "location.search"), fmt.Sprintf("t=%d", index))
	}
	p.shot("mission-state")
}

func TestForensicsOfAPlantedFailure(t *testing.T) {
	t.Parallel()
	s, p := study(t, "")
	p.wait(`document.querySelector("#forensics h3")?.textContent === "zero_double_bookings"`)
	pane := p.text("#forensics")
	require.Regexp(t, `2 live claims on vendor-\d+`, pane)
	require.Contains(t, pane, "State before and after")
	require.Contains(t, ask[string](p, `document.querySelectorAll("#charts [role=img]")[1].getAttribute("aria-label")`), "simulated: only waits and faults take time")
	require.Contains(t, p.text("#findings"), "new zero_double_bookings")
	require.Contains(t, p.text("#repro"), "SIMCITY_SEED=42 go test")
	require.Regexp(t, `^operations in each twelfth of the planned time: \d+(, \d+){11}$`, p.text("#runs li:nth-child(3) .sparkline title"))
	p.do(chromedp.Click(chromedp.CSS("#forensics dd button")))
	index := s.runs[0].row.FailEventIndex
	p.wait(fmt.Sprintf(`document.querySelector(".row[aria-selected=true]")?.textContent.includes("violation") && document.querySelector("#scrubber").value === "%d"`, index))
	p.shot("mission-forensics")
}

func TestComparisonFindsTheFirstDivergentEvent(t *testing.T) {
	t.Parallel()
	all := recordings(t)
	diverges := 0
	for all[0].events[diverges].After == all[1].events[diverges].After {
		diverges++
	}
	s, p := study(t, "?run="+all[1].row.ID)
	p.do(chromedp.Click(chromedp.CSS(`[aria-label^="vs run ` + all[0].row.ID[:8] + `"]`)))
	p.wait(`document.querySelector("#divergence") !== null`)
	require.Contains(t, ask[string](p, `document.querySelector("#divergence").textContent.replaceAll(",", "")`), fmt.Sprintf("event %d", diverges))
	require.Contains(t, p.text("#diff"), "zero_double_bookings")
	require.Contains(t, p.text(".row[aria-selected=true]"), "violation", "the playhead's event is in sight")
	require.Contains(t, ask[string](p, "location.search"), "vs="+s.runs[1].row.ID)
	p.shot("mission-diff")
}

func TestMissionControlByKeyboardAlone(t *testing.T) {
	t.Parallel()
	_, p := study(t, "?tab=state&t=500&run="+recordings(t)[0].row.ID)
	at := func(index int) {
		t.Helper()
		p.wait(fmt.Sprintf(`document.querySelector("#scrubber").value === "%d"`, index))
	}
	at(500)
	p.press(kb.ArrowRight)
	at(501)
	p.press(kb.ArrowRight, chromedp.KeyModifiers(chromedp.ModifierShift))
	at(601)
	p.press(kb.ArrowLeft)
	at(600)
	p.press("c")
	p.wait(`document.querySelector(".row[aria-selected=true] .type")?.textContent === "fault.injected"`)
	p.press("]")
	p.press("l")
	p.wait(`document.querySelector("#live").dataset.behind === "no"`)
	p.press("/")
	require.Equal(t, "q", ask[string](p, "document.activeElement.name"))
	ask[bool](p, `(document.activeElement.select(), true)`) // the driver types the slash as well
	p.press("RLS")
	p.wait(`document.querySelectorAll("#feed .row").length === 2`)
	p.press(kb.Escape)
	p.press(" ")
	p.wait(`document.querySelector("#play").getAttribute("aria-label") === "Pause the replay"`)
	p.press(" ")
	p.press("?")
	p.wait(`document.querySelector("#help").open`)
	p.press(kb.Enter)
	reached := map[string]bool{}
	ask[bool](p, `(document.activeElement.blur(), window.scrollTo(0, 0), true)`)
	for range 80 {
		p.press(kb.Tab)
		focus := ask[map[string]string](p, `({id: document.activeElement === document.body ? "" : document.activeElement.id || document.activeElement.className, outline: getComputedStyle(document.activeElement).outlineStyle})`)
		if focus["id"] != "" {
			require.NotEqual(t, "none", focus["outline"], "the focus on %s is not seen", focus["id"])
		}
		reached[focus["id"]] = true
	}
	for _, id := range []string{"copy", "theme", "scrubber", "play", "live", "tab-state", "report", "rows"} {
		require.True(t, reached[id], "%s is not reached by Tab; reached: %v", id, reached)
	}
}

func TestMissionControlFollowsARun(t *testing.T) {
	t.Parallel()
	all := recordings(t)
	s := newServer(t, true, 2000, all[3], all[0])
	p := open(t, s.URL+missionPath, 1440, 900, "dark")
	p.wait(`document.querySelector("#scrubber").value === "1999"`)
	s.advance(500)
	p.wait(`document.querySelector("#scrubber").value === "2499"`)
	p.press(kb.ArrowLeft, chromedp.KeyModifiers(chromedp.ModifierShift))
	s.advance(114)
	p.wait(`document.querySelector("#live").textContent === "LIVE +214"`)
	p.shot("mission-live-dark")
	p.press("l")
	p.wait(`document.querySelector("#live").textContent === "LIVE"`)
	p.wait(`document.querySelector("#fresh").textContent.startsWith("live 0.")`)
	s.mu.Lock()
	s.silent = 12 * time.Second
	s.mu.Unlock()
	p.wait(`document.querySelector("#fresh").textContent.startsWith("its process is silent for 12 s")`)
	s.end("PASS")
	p.wait(`document.querySelector("#verdict").textContent.startsWith("PASS")`)
}
