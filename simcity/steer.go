package simcity

import (
	"encoding/json"
	"strings"
)

// obey is called between steps: commands from a replay or from outside take
// effect here, at a definite index.
func (r *run) obey() {
	for len(r.replay) > 0 && r.reached(r.replay[0]) {
		c := r.replay[0]
		r.replay = r.replay[1:]
		r.command(c.By, c)
	}
	r.hear()
	if r.clock.inner.Name() == "virtual" && !r.course.past(stageRunning) {
		r.hold()
	}
}

// hear obeys what was sent from outside.
func (r *run) hear() {
	r.stopIfAsked()
	for len(r.inbox) > 0 {
		r.command("operator", <-r.inbox)
	}
}

func (r *run) stopIfAsked() {
	if by := r.stopAsked.Swap(nil); by != nil {
		r.command(*by, Command{Kind: Stop})
	}
}

// stop asks the run to end. On a real clock it preempts the citizens at once,
// wherever they are: requests under way are cut and none begins.
func (r *run) stop(by string) {
	r.stopAsked.Store(&by)
	if preempt := r.preempt.Load(); preempt != nil && r.clock.inner.HostTimeIsReal() {
		(*preempt)()
	}
	r.poke()
}

// poke lets a run on a real clock see a command at once. A virtual one steps all
// the time, and what is inside its bubble cannot be reached from outside.
func (r *run) poke() {
	if c := r.kept.Load(); c != nil && r.clock.inner.HostTimeIsReal() {
		c.Poke()
	}
	r.pacer.wake()
}

// reached tells whether the run is where c took effect when it was recorded:
// between two events there may be many steps, and time between two steps.
func (r *run) reached(c Command) bool {
	r.mu.Lock()
	next := r.log.next
	r.mu.Unlock()
	return c.Index <= next && c.Step <= r.conductor.Steps() && c.At <= r.elapsed()
}

// scheduled gives a command of the scenario at its time.
func (r *run) scheduled(a actor, c Command) {
	if a.SleepUntil(r.ctx, c.At) == nil {
		r.command(a.ID, c)
	}
}

// command lets c take effect.
func (r *run) command(by string, c Command) {
	now := r.elapsed()
	r.mu.Lock()
	c.Index, c.Step, c.At = r.log.next, r.conductor.Steps(), now
	r.mu.Unlock()
	switch c.Kind {
	case ChangePolicies:
		c.Policies = compact(c.Policies)
		r.mu.Lock()
		changed, err := r.changed(r.policies, c.Policies)
		if err == nil {
			r.tickBase = now
			r.policies = changed
		}
		r.mu.Unlock()
		if err != nil {
			r.find(Finding{Kind: FindingCommand, Severity: NoteFinding, Actor: by, Text: err.Error()})
			return
		}
	case Stop:
		r.course.stoppedBy.Store(&by)
		r.conductor.Halt()
	case Pause, Resume, Step, Speed:
		if err := r.mayPace(c); err != nil {
			r.find(Finding{Kind: FindingCommand, Severity: NoteFinding, Actor: by, Text: err.Error()})
			return
		}
		r.pace(c)
	case InjectFault:
		c.Parameters = compact(c.Parameters)
		if err := r.strikeNow(c, now); err != nil {
			r.find(Finding{Kind: FindingCommand, Severity: NoteFinding, Actor: by, Text: err.Error()})
			return
		}
	}
	if !c.Kind.paces() { // what changes nothing in the run is no event of it
		r.eventOf(by, c)
	}
	if strings.HasPrefix(by, "command/") {
		return // the scenario repeats its own
	}
	c.By = by
	r.mu.Lock()
	r.commands = append(r.commands, c)
	r.mu.Unlock()
}

// changed is what a change makes of policies, within the target's limits.
func (r *run) changed(p Policies, change json.RawMessage) (Policies, error) {
	changed, err := p.With(change)
	if err == nil {
		err = r.remote.allowed().allow(changed)
	}
	return changed, err
}

func (r *run) eventOf(by string, c Command) {
	r.event(by, EventCommand, func(b []byte) []byte {
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
