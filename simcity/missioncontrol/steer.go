package missioncontrol

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// commandAnswer is what commands answer.
type commandAnswer struct {
	RunID      string            `json:"runId"`
	EventIndex *int64            `json:"eventIndex,string,omitempty"`
	Pending    bool              `json:"pending"`
	Policies   *simcity.Policies `json:"policies,omitempty"`
	Fault      *activeFault      `json:"fault,omitempty"`
}

// settled is the answer to an order: 200 when it took effect, else 202.
func (a *commandAnswer) settled(o *order, yes bool) (answer, error) {
	if o.refused {
		return answer{}, &failure{status: http.StatusConflict, Code: "refused", Message: "the run refused the command: its findings say why"}
	}
	if o.settled {
		a.EventIndex = &o.index
	}
	if a.Pending = !yes; a.Pending {
		return answer{http.StatusAccepted, a}, nil
	}
	return answer{http.StatusOK, a}, nil
}

// changePolicies is POST /api/simcity/policy.
func (h *Handler) changePolicies(w http.ResponseWriter, r *http.Request) (answer, error) {
	var change json.RawMessage
	if err := decodeBody(w, r, h.config.BodyBytes, object("policies", true, &change)); err != nil {
		return answer{}, err
	}
	s, err := h.active()
	if err != nil {
		return answer{}, err
	}
	o, err := s.give(simcity.Command{Kind: simcity.ChangePolicies, Policies: change}, nil)
	if err != nil {
		return answer{}, err
	}
	yes := s.until(r, h.config.CommandWait, func() bool { return o.settled })
	s.mu.Lock()
	defer s.mu.Unlock()
	policies := s.fold.policies
	return (&commandAnswer{RunID: s.info.ID, Policies: &policies}).settled(o, yes)
}

// eventFields are the engine's names of what /event takes.
var eventFields = map[string]string{"command.Fault": "type", "command.For": "durationMin", "": "parameters"}

// injectFault is POST /api/simcity/event.
func (h *Handler) injectFault(w http.ResponseWriter, r *http.Request) (answer, error) {
	command := simcity.Command{Kind: simcity.InjectFault}
	minutes := 10.0
	if err := decodeBody(w, r, h.config.BodyBytes, text("type", true, &command.Fault),
		number("durationMin", false, 0, minutesMost, true, &minutes), object("parameters", false, &command.Parameters)); err != nil {
		return answer{}, err
	}
	command.For = max(time.Duration(minutes*float64(time.Minute)), 1)
	s, err := h.active()
	if err != nil {
		return answer{}, err
	}
	o, err := s.give(command, eventFields)
	if err != nil {
		return answer{}, err
	}
	yes := s.until(r, h.config.CommandWait, func() bool { return o.settled })
	if yes {
		s.until(r, strikeWait, func() bool { return o.refused || s.paused || s.fold.struck[o.actor] })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fault, active := s.fold.faults[o.actor]
	switch {
	case active:
	case s.fold.struck[o.actor]:
		return answer{}, &failure{status: http.StatusConflict, Code: "refused", Message: "the fault could not be injected, or ended at once: the run's findings say why"}
	default: // the run is paused or slow: this is the window that it will have
		fault = activeFault{Actor: o.actor, Kind: command.Fault, Parameters: command.Parameters, Begun: s.fold.at, BeganIndex: -1}
		fault.Reverts = min(s.fold.at+command.For, s.info.Duration)
	}
	if fault.Parameters == nil {
		fault.Parameters = json.RawMessage("{}")
	}
	return (&commandAnswer{RunID: s.info.ID, Fault: &fault}).settled(o, yes)
}

// strikeWait is how long the answer waits for a fault to strike whose command has
// taken effect: that is at the run's next step, which a slow pace may hold back.
const strikeWait = 200 * time.Millisecond

// paceAnswer is what pause, resume, step and speed answer.
type paceAnswer struct {
	RunID          string  `json:"runId"`
	Status         string  `json:"status"`
	Speed          float64 `json:"speed"`
	LastEventIndex int64   `json:"lastEventIndex,string"`
	Pending        bool    `json:"pending"`
}

func (h *Handler) pace(r *http.Request, command simcity.Command, renamed map[string]string) (answer, error) {
	s, err := h.active()
	if err != nil {
		return answer{}, err
	}
	from := s.feed.next()
	if _, err := s.give(command, renamed); err != nil {
		return answer{}, err
	}
	yes := command.Kind != simcity.Step || s.until(r, h.config.CommandWait, func() bool { return s.fold.next >= from+int64(command.Steps) })
	v := s.view()
	a := answer{http.StatusOK, &paceAnswer{v.RunID, v.Status, v.Speed, v.LastEventIndex, !yes}}
	if !yes {
		a.status = http.StatusAccepted
	}
	return a, nil
}

// pause is POST /api/simcity/pause.
func (h *Handler) pause(w http.ResponseWriter, r *http.Request) (answer, error) {
	if err := decodeBody(w, r, h.config.BodyBytes); err != nil {
		return answer{}, err
	}
	return h.pace(r, simcity.Command{Kind: simcity.Pause}, nil)
}

// resume is POST /api/simcity/resume.
func (h *Handler) resume(w http.ResponseWriter, r *http.Request) (answer, error) {
	if err := decodeBody(w, r, h.config.BodyBytes); err != nil {
		return answer{}, err
	}
	return h.pace(r, simcity.Command{Kind: simcity.Resume}, nil)
}

// stepsMost is how many events a step takes at most.
const stepsMost = 1_000_000

// step is POST /api/simcity/step.
func (h *Handler) step(w http.ResponseWriter, r *http.Request) (answer, error) {
	steps := uint64(1)
	if err := decodeBody(w, r, h.config.BodyBytes, integer("steps", false, 1, stepsMost, &steps)); err != nil {
		return answer{}, err
	}
	return h.pace(r, simcity.Command{Kind: simcity.Step, Steps: int(steps)}, map[string]string{"": "steps"})
}

// factorMost is the fastest pace, in simulated seconds per real one.
const factorMost = 1_000_000

// changeSpeed is POST /api/simcity/speed.
func (h *Handler) changeSpeed(w http.ResponseWriter, r *http.Request) (answer, error) {
	var factor float64
	if err := decodeBody(w, r, h.config.BodyBytes, number("factor", true, 0, factorMost, false, &factor)); err != nil {
		return answer{}, err
	}
	return h.pace(r, simcity.Command{Kind: simcity.Speed, Factor: factor}, map[string]string{"": "factor"})
}

// stopAnswer is what stop answers.
type stopAnswer struct {
	RunID   string `json:"runId"`
	Status  string `json:"status"`
	Verdict string `json:"verdict"`
}

// stopActive is POST /api/simcity/stop.
func (h *Handler) stopActive(w http.ResponseWriter, r *http.Request) (answer, error) {
	if err := decodeBody(w, r, h.config.BodyBytes); err != nil {
		return answer{}, err
	}
	s, err := h.active()
	if err != nil {
		return answer{}, err
	}
	return h.stop(r, s)
}

// stopRun is POST /api/ops/simcity/runs/{runId}/stop.
func (h *Handler) stopRun(w http.ResponseWriter, r *http.Request) (answer, error) {
	if err := decodeBody(w, r, h.config.BodyBytes); err != nil {
		return answer{}, err
	}
	id, err := h.runID(r)
	if err != nil {
		return answer{}, err
	}
	s := h.session(id)
	if s != nil && !s.over() {
		return h.stop(r, s)
	}
	run, err := h.config.Store.Run(r.Context(), id)
	if err != nil {
		return answer{}, err
	}
	if run.Ended() {
		return answer{}, &failure{status: http.StatusConflict, Code: "run_ended", RunID: id, Message: "the run cannot be stopped: " + run.Result}
	}
	request, err := h.requestOf(r.Context(), id)
	if err != nil {
		return answer{}, err
	}
	if request == "" {
		return answer{}, &failure{status: http.StatusConflict, Code: "elsewhere", RunID: id,
			Message: "the run cannot be stopped: it belongs to another process, which is no runner", Fix: "stop it there"}
	}
	err = h.config.Store.(telemetry.Requests).AskStop(r.Context(), request, now())
	return answer{http.StatusAccepted, &stopAnswer{id, statusStopping, ""}}, err
}

// requestOf is the ID of the request for which a runner makes a run, or "". Runners
// obey the stop of a request.
func (h *Handler) requestOf(ctx context.Context, runID string) (string, error) {
	store, ok := h.config.Store.(telemetry.Requests)
	if !ok {
		return "", nil
	}
	requests, err := store.RequestList(ctx, telemetry.StatusRunning, telemetry.LimitMax)
	for _, request := range requests {
		if request.RunID == runID {
			return request.ID, err
		}
	}
	return "", err
}

func (h *Handler) stop(r *http.Request, s *session) (answer, error) {
	s.stop()
	yes := s.until(r, h.config.StopWait, func() bool { return s.result != nil })
	v := s.view()
	a := answer{http.StatusOK, &stopAnswer{v.RunID, v.Status, v.Verdict}}
	if !yes {
		a.status = http.StatusAccepted
	}
	return a, nil
}
