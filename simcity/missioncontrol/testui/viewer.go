package testui

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
)

// A viewer shows one run after another, and waits for those who look.
type viewer struct {
	mission *missioncontrol.Handler
	url     string
	tell    func(text string)
	turn    chan struct{} // holds one thing while a run is shown

	mu      sync.Mutex
	test    string
	held    bool
	until   time.Time     // when the held test goes on at the latest
	wait    time.Duration // for a sign of somebody
	came    bool          // somebody has come
	seen    time.Time     // the last sign of somebody
	absent  bool          // nobody came in time: nobody is waited for
	changed chan struct{} // closed when somebody comes, or says that it goes on
}

func newViewer(tell func(string)) *viewer {
	return &viewer{tell: tell, turn: make(chan struct{}, 1), changed: make(chan struct{})}
}

// Show waits for the run's turn, and then for somebody to come.
func (v *viewer) Show(run simcity.ViewedRun) (simcity.View, error) {
	v.turn <- struct{}{}
	v.mu.Lock()
	v.test, v.held, v.wait = run.Test, false, run.Wait
	v.mu.Unlock()
	speed := run.Speed
	if v.arrival(run) {
		speed = cmp.Or(speed, run.Scenario.Compression)
	}
	return simcity.View{
		Reporter: v.mission.Attach(run.Scenario, run.Running, speed, run.Reporter),
		Speed:    speed,
		Leave: func() {
			v.hold(run)
			<-v.turn
		},
	}, nil
}

// arrival waits for somebody to come, once, and tells whether anybody did.
func (v *viewer) arrival(run simcity.ViewedRun) bool {
	limit := v.limit(run)
	v.mu.Lock()
	came, absent, changed := v.came, v.absent, v.changed
	v.mu.Unlock()
	if came || absent {
		return came
	}
	v.tell(v.invitation(run, limit))
	timer := after(limit.Sub(now()))
	defer timer.Stop()
	select {
	case <-changed:
		return true
	case <-timer.C:
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.absent = !v.came
	if v.absent && run.Wait > 0 {
		v.tell("simcity: nobody came, so the tests go on at full speed; the page stays as long as they last.")
	}
	return v.came
}

// invitation says where to look, and how long there is for it.
func (v *viewer) invitation(run simcity.ViewedRun, limit time.Time) string {
	text := fmt.Sprintf("simcity: watch %s at %s", run.Test, v.url)
	if run.Wait > 0 {
		text += fmt.Sprintf("\n         It waits for you until %s. SIMCITY_UI_WAIT=10m would wait longer.", limit.Format("15:04:05"))
	}
	if !run.Deadline.IsZero() {
		text += fmt.Sprintf("\n         go test ends everything at %s: -timeout 0 leaves you all the time you want.", run.Deadline.Format("15:04:05"))
	}
	return text
}

// margin is how long before go test's own limit a wait ends.
const margin = 15 * time.Second

// limit is when a wait ends that begins now.
func (v *viewer) limit(run simcity.ViewedRun) time.Time {
	limit := now().Add(run.Wait)
	if last := run.Deadline.Add(-margin); !run.Deadline.IsZero() && last.Before(limit) {
		return last
	}
	return limit
}

// hold waits for those who look at a run that has ended.
func (v *viewer) hold(run simcity.ViewedRun) {
	v.mu.Lock()
	v.held, v.seen = v.came && run.Wait > 0, now()
	v.mu.Unlock()
	for v.holding(run) {
		v.mu.Lock()
		changed, left := v.changed, v.until.Sub(now())
		v.mu.Unlock()
		timer := after(left)
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// holding says whether the test has to wait still, and until when.
func (v *viewer) holding(run simcity.ViewedRun) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.until = v.seen.Add(run.Wait)
	if last := run.Deadline.Add(-margin); !run.Deadline.IsZero() && last.Before(v.until) {
		v.until = last
	}
	if !now().Before(v.until) {
		v.held = false
	}
	return v.held
}

// saw is called when somebody is there.
func (v *viewer) saw() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seen = now()
	if v.came {
		return
	}
	v.came = true
	v.wake()
}

// wake lets who waits look again; the caller holds mu.
func (v *viewer) wake() {
	close(v.changed)
	v.changed = make(chan struct{})
}

// State tells how the tests stand.
func (v *viewer) State() missioncontrol.TestState {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := missioncontrol.TestState{Test: v.test, Phase: missioncontrol.TestRuns}
	if v.held {
		s.Phase, s.SecondsLeft = missioncontrol.TestHeld, v.wait.Seconds()
	}
	return s
}

// Continue lets the held test go on.
func (v *viewer) Continue() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.held {
		return errors.New("no test waits: its run goes on")
	}
	v.held = false
	later(parting, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.wake()
	})
	return nil
}

// parting is how long a test that goes on still waits, so that whoever let it go on is
// answered before the process ends.
const parting = 200 * time.Millisecond
