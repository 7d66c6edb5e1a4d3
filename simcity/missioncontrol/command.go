package missioncontrol

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// An order is a command on its way into the run: the event of its effect settles
// it. Orders of one kind take effect in the order in which they were given.
type order struct {
	kind    simcity.CommandKind
	settled bool
	refused bool
	index   int64
	actor   string // of the fault that it injects
}

// settle finds the order that an event is the effect of; the caller holds mu.
func (s *session) settle(e *simcity.Event) {
	if len(s.queue) == 0 {
		return
	}
	var told commandPayload
	refused := false
	switch {
	case e.Type == simcity.EventCommand && e.Actor == operator:
		_ = json.Unmarshal(e.Payload, &told)
	case e.Type == simcity.EventFinding && refusesCommand(e.Payload):
		told.Kind, refused = s.queue[0].kind, true
	default:
		return
	}
	i := slices.IndexFunc(s.queue, func(o *order) bool { return o.kind == told.Kind })
	if i < 0 {
		return
	}
	o := s.queue[i]
	o.settled, o.refused, o.index = true, refused, e.Index
	if o.kind == simcity.InjectFault {
		o.actor = calledFault(s.fold.called)
	}
	s.queue = slices.Delete(s.queue, i, i+1)
}

// operator is who gives the commands that come from outside.
const operator = "operator"

// refusesCommand tells whether a finding is that a command from outside was not
// obeyed.
func refusesCommand(payload json.RawMessage) bool {
	var told struct {
		Kind  simcity.FindingKind `json:"kind"`
		Actor string              `json:"actor"`
	}
	_ = json.Unmarshal(payload, &told)
	return told.Kind == simcity.FindingCommand && told.Actor == operator
}

// give sends a command to the run. One that changes the run is settled by an
// event; others are done when they are sent.
func (s *session) give(command simcity.Command, renamed map[string]string) (*order, error) {
	s.sending.Lock()
	defer s.sending.Unlock()
	o := &order{kind: command.Kind}
	awaited := command.Kind == simcity.ChangePolicies || command.Kind == simcity.InjectFault
	if awaited {
		s.mu.Lock()
		s.queue = append(s.queue, o)
		s.mu.Unlock()
	}
	err := s.running.Send(command)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil && !awaited:
		s.pace(command)
		return o, nil
	case err == nil:
		return o, nil
	}
	s.queue = slices.DeleteFunc(s.queue, func(other *order) bool { return other == o })
	return nil, refusal(err, renamed)
}

// refusal tells why the run did not take a command.
func refusal(err error, renamed map[string]string) error {
	var field *simcity.FieldError
	switch {
	case errors.Is(err, simcity.ErrOver):
		return &failure{status: http.StatusConflict, Code: "run_ended", Message: "the run has ended"}
	case errors.As(err, &field) && field.Field != "command.Kind":
		return asWrong(err, renamed, renamed[""])
	}
	refused := &failure{status: http.StatusConflict, Code: "refused", Message: err.Error()}
	if field != nil {
		refused.Allowed, refused.Fix = field.Allowed, field.Fix
	}
	return refused
}

// pace keeps what the commands say that are no events; the caller holds mu.
func (s *session) pace(command simcity.Command) {
	switch command.Kind {
	case simcity.Pause, simcity.Step:
		s.paused = true
	case simcity.Resume:
		s.paused = false
	case simcity.Speed:
		s.speed = command.Factor
	}
}

// stop ends the run before commands that wait.
func (s *session) stop() {
	s.mu.Lock()
	s.asked = true
	s.mu.Unlock()
	s.running.Stop()
}

// until waits until it is so, the run has ended, the request has gone, or the time
// is over, and tells whether it is so. so is called with mu held.
func (s *session) until(r *http.Request, most time.Duration, so func() bool) bool {
	timer := newTimer(most)
	defer timer.Stop()
	for {
		changed := s.feed.waiting() // before asking: nothing is missed in between
		s.mu.Lock()
		yes := so()
		s.mu.Unlock()
		if yes {
			return true
		}
		select {
		case <-changed:
		case <-s.done:
			s.mu.Lock()
			defer s.mu.Unlock()
			return so()
		case <-timer.C:
			return false
		case <-r.Context().Done():
			return false
		}
	}
}
