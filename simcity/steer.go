package simcity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// steering lets commands take effect: those of the scenario at their time, those
// of a recorded run where they did then, and those from outside between two steps
// of the conductor, on whose goroutine it works.
type steering struct {
	run       *run
	replay    []Command              // of a recorded run, what is still to come
	inbox     chan Command           // from outside
	stopAsked atomic.Pointer[string] // likewise: by whom
	preempt   atomic.Pointer[context.CancelFunc]
	pacer     *pacer

	mu     sync.Mutex
	obeyed []Command // as they took effect
}

// start takes what a recorded run was told, but for its pace: nobody is there to
// go on.
func (s *steering) start(r *run, replay []Command, speed float64) {
	s.run = r
	s.replay = slices.DeleteFunc(slices.Clone(replay), func(c Command) bool { return c.Kind.paces() })
	s.inbox = make(chan Command, 16)
	s.pacer = newPacer(speed)
}

// obey is called between steps.
func (s *steering) obey() {
	for len(s.replay) > 0 && s.reached(s.replay[0]) {
		c := s.replay[0]
		s.replay = s.replay[1:]
		s.command(c.By, c)
	}
	s.hear()
	if s.run.clock.inner.Name() == "virtual" && !s.run.course.past(stageRunning) {
		s.hold()
	}
}

// hear obeys what was sent from outside.
func (s *steering) hear() {
	s.stopIfAsked()
	for len(s.inbox) > 0 {
		s.command("operator", <-s.inbox)
	}
}

func (s *steering) stopIfAsked() {
	if by := s.stopAsked.Swap(nil); by != nil {
		s.command(*by, Command{Kind: Stop})
	}
}

// hold waits, between two steps of a Virtual run, for as long as whoever watches
// wants it to.
func (s *steering) hold() {
	p := s.pacer
	defer p.held.Store(false)
	for !s.run.course.cutShort() {
		switch {
		case p.paused && s.run.nextIndex() >= p.until:
			p.held.Store(true)
			select {
			case c := <-s.inbox:
				s.command("operator", c)
			case <-p.nudge:
				s.stopIfAsked()
			}
		case !p.paused && p.factor > 0 && p.ahead(s.run.elapsed()):
			p.held.Store(true)
			s.hear()
		default:
			return
		}
	}
}

// send gives a command from outside.
func (s *steering) send(c Command) error {
	select {
	case s.inbox <- c:
		s.poke()
		return nil
	default:
		return fmt.Errorf("simcity: %d commands are waiting already: the run does not move", cap(s.inbox))
	}
}

// stop asks the run to end. On a real clock it preempts the citizens at once,
// wherever they are: requests under way are cut and none begins.
func (s *steering) stop(by string) {
	s.stopAsked.Store(&by)
	if preempt := s.preempt.Load(); preempt != nil && s.run.clock.inner.HostTimeIsReal() {
		(*preempt)()
	}
	s.poke()
}

// poke lets a run on a real clock see a command at once. A virtual one steps all
// the time, and what is inside its bubble cannot be reached from outside.
func (s *steering) poke() {
	if c := s.run.kept.Load(); c != nil && s.run.clock.inner.HostTimeIsReal() {
		c.Poke()
	}
	s.pacer.wake()
}

// reached tells whether the run is where c took effect when it was recorded:
// between two events there may be many steps, and time between two steps.
func (s *steering) reached(c Command) bool {
	return c.Index <= s.run.nextIndex() && c.Step <= s.run.conductor.Steps() && c.At <= s.run.elapsed()
}

// scheduled gives a command of the scenario at its time.
func (s *steering) scheduled(a actor, c Command) {
	if a.SleepUntil(s.run.ctx, c.At) == nil {
		s.command(a.ID, c)
	}
}

// command lets c take effect.
func (s *steering) command(by string, c Command) {
	c.Index, c.Step, c.At = s.run.nextIndex(), s.run.conductor.Steps(), s.run.elapsed()
	c.Policies, c.Parameters = compact(c.Policies), compact(c.Parameters)
	if err := s.apply(by, c); err != nil {
		s.run.find(Finding{Kind: FindingCommand, Severity: NoteFinding, Actor: by, Text: err.Error()})
		return
	}
	if !c.Kind.paces() { // what changes nothing in the run is no event of it
		s.event(by, c)
	}
	if strings.HasPrefix(by, "command/") {
		return // the scenario repeats its own
	}
	c.By = by
	s.mu.Lock()
	defer s.mu.Unlock()
	s.obeyed = append(s.obeyed, c)
}

// apply does what c says.
func (s *steering) apply(by string, c Command) error {
	switch c.Kind {
	case ChangePolicies:
		return s.run.inForce.change(c.At, func(p Policies) (Policies, error) { return s.changed(p, c.Policies) })
	case Stop:
		s.run.course.stoppedBy.Store(&by)
		s.run.conductor.Halt()
	case Pause, Resume, Step, Speed:
		if err := mayPace(s.run.clock, c); err != nil {
			return err
		}
		s.pacer.take(c)
	case InjectFault:
		return s.run.strikeNow(c)
	}
	return nil
}

// check reports why a command from outside cannot be obeyed.
func (s *steering) check(c Command) error {
	switch c.Kind {
	case Stop:
		return nil
	case ChangePolicies:
		_, err := s.changed(s.run.inForce.now(), c.Policies)
		return err
	case InjectFault:
		return s.run.mayCall(c)
	case Pause, Resume, Step, Speed:
		return mayPace(s.run.clock, c)
	}
	return &FieldError{Field: "command.Kind", Value: c.Kind, Allowed: knownCommands + ", pause, resume, step, speed", Fix: "use the named constants"}
}

// changed is what a change makes of policies, within the target's limits.
func (s *steering) changed(p Policies, change json.RawMessage) (Policies, error) {
	changed, err := p.With(change)
	if err == nil {
		err = s.run.remote.allowed().allow(changed)
	}
	return changed, err
}

func (s *steering) event(by string, c Command) {
	s.run.event(by, EventCommand, func(b []byte) []byte {
		b = appendString(append(b, `{"kind":`...), string(c.Kind))
		if len(c.Policies) > 0 {
			b = append(append(b, `,"policies":`...), c.Policies...)
		}
		if c.Fault != "" {
			b = appendString(append(b, `,"fault":`...), c.Fault)
		}
		return append(b, '}')
	})
}

// commands are those that took effect.
func (s *steering) commands() []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.obeyed)
}
