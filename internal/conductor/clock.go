package conductor

import (
	"testing/synctest"
	"time"
)

// A Clock says what simulated time is and when the world has settled. Its zero
// value is not usable: take [Virtual], [Stepped] or [Paced].
type Clock struct {
	name   string
	grace  time.Duration // Stepped: how long in real time an actor may block
	factor float64       // Paced: simulated seconds per real second
}

// Virtual is simulated time inside a testing/synctest bubble. [Conductor.Run]
// must be called in that bubble.
func Virtual() Clock { return Clock{name: "virtual"} }

// Stepped simulates the actors' time only. An actor that stays blocked for
// longer than grace, in real time, is passed over.
func Stepped(grace time.Duration) Clock { return Clock{name: "stepped", grace: grace} }

// Paced lets wall time pass, factor simulated seconds per real second.
func Paced(factor float64) Clock { return Clock{name: "paced", factor: factor} }

// Name is "virtual", "stepped" or "paced".
func (c Clock) Name() string { return c.name }

// Factor is the compression of a paced clock, 0 for the others.
func (c Clock) Factor() float64 { return c.factor }

// HostTimeIsReal tells whether the host under this clock lives on real time.
func (c Clock) HostTimeIsReal() bool { return c.name != "virtual" }

// timekeeper is what the loop needs of a clock.
type timekeeper interface {
	// now is the simulated time since the run began.
	now() time.Duration
	// settle returns when nothing moves any more.
	settle()
	// advance moves the clock to the given time, or less far when a parking
	// arrives meanwhile.
	advance(to time.Duration)
	// tick moves the clock by a nanosecond. Nothing cuts that short.
	tick()
}

func newTimekeeper(c *Conductor) timekeeper {
	switch c.clock.name {
	case "virtual":
		timer := time.NewTimer(time.Hour)
		timer.Stop()
		return &virtualTime{arrived: c.arrived, began: time.Now(), timer: timer}
	case "stepped":
		return &steppedTime{conductor: c}
	default:
		return &pacedTime{arrived: c.arrived, began: time.Now(), factor: c.clock.factor}
	}
}

type virtualTime struct {
	arrived <-chan struct{}
	began   time.Time
	timer   *time.Timer
}

func (v *virtualTime) now() time.Duration { return time.Since(v.began) }

func (v *virtualTime) settle() { synctest.Wait() }

func (v *virtualTime) advance(to time.Duration) {
	waitFor(v.timer, to-v.now(), v.arrived)
}

func (v *virtualTime) tick() { time.Sleep(time.Nanosecond) }

// waitFor lets d pass on timer's clock, or less when arrived is signalled.
func waitFor(timer *time.Timer, d time.Duration, arrived <-chan struct{}) {
	timer.Reset(d)
	select {
	case <-timer.C:
	case <-arrived:
		timer.Stop()
	}
}

type steppedTime struct {
	conductor *Conductor
	at        time.Duration
	passed    int // threads that outstayed the grace and are not waited for
}

func (s *steppedTime) now() time.Duration {
	s.conductor.mu.Lock()
	defer s.conductor.mu.Unlock()
	return s.at
}

func (s *steppedTime) settle() {
	timer := time.NewTimer(s.conductor.clock.grace)
	defer timer.Stop()
	for {
		s.conductor.mu.Lock()
		busy := s.conductor.busy
		s.passed = min(s.passed, busy)
		settled := busy <= s.passed
		s.conductor.mu.Unlock()
		if settled {
			return
		}
		select {
		case <-s.conductor.arrived:
		case <-timer.C:
			s.conductor.mu.Lock()
			s.passed = s.conductor.busy
			s.conductor.mu.Unlock()
			return
		}
	}
}

func (s *steppedTime) advance(to time.Duration) {
	s.conductor.mu.Lock()
	ahead := to <= s.at
	s.at = max(s.at, to)
	s.conductor.mu.Unlock()
	if ahead { // only real time can bring what is waited for
		timer := time.NewTimer(time.Hour)
		waitFor(timer, s.conductor.clock.grace, s.conductor.arrived)
		timer.Stop()
	}
}

func (s *steppedTime) tick() {
	s.conductor.mu.Lock()
	s.at++
	s.conductor.mu.Unlock()
}

type pacedTime struct {
	arrived <-chan struct{}
	began   time.Time
	factor  float64
}

func (p *pacedTime) now() time.Duration {
	return time.Duration(float64(time.Since(p.began)) * p.factor)
}

func (p *pacedTime) settle() {}

func (p *pacedTime) advance(to time.Duration) {
	timer := time.NewTimer(time.Hour)
	waitFor(timer, time.Duration(float64(to-p.now())/p.factor), p.arrived)
	timer.Stop()
}

func (p *pacedTime) tick() {} // wall time is never the same twice

// farewell is how long a paced run waits, in real time, for actors that run
// when it ends.
const farewell = 5 * time.Second

// untilGone dismisses again and again as long as somebody stays: wall time is
// all that a paced run can settle by.
func untilGone(stays func() bool, dismiss func()) {
	for began := time.Now(); stays() && time.Since(began) < farewell; {
		time.Sleep(time.Millisecond)
		dismiss()
	}
}
