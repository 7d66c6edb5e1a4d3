package simcity

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Viewer shows the runs of tests to people while they go on. Package
// missioncontrol/testui has the one behind SIMCITY_UI.
type Viewer interface {
	// Show is told of a run before it begins, outside of its bubble. It may wait:
	// for somebody to come, or for the end of another run. An error refuses the
	// run.
	Show(run ViewedRun) (View, error)
}

// A ViewedRun is a run of a test that is about to begin.
type ViewedRun struct {
	// Test is the test's name, Deadline when go test ends the process; zero: never.
	Test     string
	Deadline time.Time
	// Wait is how long to wait for people: SIMCITY_UI_WAIT.
	Wait     time.Duration
	Scenario Scenario
	// Running steers the run. Its Wait returns when the result is told, repro line
	// and bundle included.
	Running *Running
	// Reporter is who else is told of the run, or nil.
	Reporter Reporter
	// Speed is what SIMCITY_SPEED or the test asks for; 0: as fast as it goes.
	Speed float64
}

// A View is how a run is shown.
type View struct {
	// Reporter is told of the run. It hands on to the one of the ViewedRun.
	Reporter Reporter
	// Speed is that of the run, if its clock is Virtual.
	Speed float64
	// Leave is called once, on the test's goroutine, when the result is told. It
	// may wait for those who still look.
	Leave func()
}

// defaultUIWait is how long a test waits for people.
const defaultUIWait = 2 * time.Minute

// viewers holds what opens a viewer for SIMCITY_UI.
var viewers struct {
	sync.Mutex
	open func(address string) (Viewer, error)
}

// RegisterViewer makes SIMCITY_UI work: open is called for each test that is to be
// shown, with a loopback address. A package that shows runs calls it when it is
// imported, as drivers of database/sql do. A second one panics.
func RegisterViewer(open func(address string) (Viewer, error)) {
	viewers.Lock()
	defer viewers.Unlock()
	if viewers.open != nil {
		panic("simcity: a viewer is registered already")
	}
	viewers.open = open
}

// parseUI reads an address that nobody but this machine can reach.
func parseUI(value string) (string, error) {
	wrong := &FieldError{Field: envUI, Value: value, Allowed: "a loopback address with a port", Fix: "set it to 127.0.0.1:8787, or unset it"}
	host, port, err := net.SplitHostPort(value)
	if err != nil || port == "" {
		return "", wrong
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return "", wrong
	}
	return net.JoinHostPort(host, port), nil
}

// openViewer opens what SIMCITY_UI asks for.
func openViewer(address string) (Viewer, error) {
	viewers.Lock()
	open := viewers.open
	viewers.Unlock()
	if open == nil {
		return nil, &FieldError{Field: envUI, Value: address, Allowed: "nothing yet: no viewer is linked into this test",
			Fix: `add to a _test.go file of the package: import _ "github.com/bookiji/simcity/simcity/missioncontrol/testui"`}
	}
	viewer, err := open(address)
	if err != nil {
		return nil, errors.New("simcity: " + envUI + "=" + address + ": " + strings.TrimPrefix(err.Error(), "simcity: "))
	}
	return viewer, nil
}

// A showing is a run that a viewer shows.
type showing struct {
	View
	running *Running
}

// show lets the viewer, if there is one, look at the run that is about to begin.
func (p *play) show(r *run, reporter Reporter) Reporter {
	t, test := p.t.(*testing.T)
	if p.viewer == nil || !test {
		return reporter
	}
	running := &Running{run: r, done: make(chan struct{})}
	deadline, _ := t.Deadline()
	view, err := p.viewer.Show(ViewedRun{
		Test: t.Name(), Deadline: deadline, Wait: p.settings.uiWait, Scenario: r.scenario, Running: running, Reporter: reporter, Speed: p.simulation.speed,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.steering.pacer.factor = view.Speed
	p.shown = &showing{view, running}
	return view.Reporter
}

// conclude tells the viewer the result, and waits for those who look at it. Without
// a result the run never began.
func (p *play) conclude(res *Result) {
	shown := p.shown
	if shown == nil {
		return
	}
	p.shown = nil
	if res == nil {
		res = &Result{Verdict: Inconclusive, Reasons: []string{"the run could not begin"}}
	}
	copied := *res
	shown.running.res = &copied
	close(shown.running.done)
	shown.Leave()
}
