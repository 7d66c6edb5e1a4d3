package missioncontrol

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// runList is what runs answers.
type runList struct {
	Runs []listedRun `json:"runs"`
	Next *nextPage   `json:"next"`
}

// listedRun is a run without what is long. Throughput is empty where nobody here knows it.
type listedRun struct {
	telemetry.Run
	Throughput telemetry.Throughput `json:"throughput,omitempty"`
}

// nextPage are the parameters with which the list goes on.
type nextPage struct {
	Before   time.Time `json:"before"`
	BeforeID string    `json:"beforeId"`
}

// runs is GET /api/ops/simcity/runs.
func (h *Handler) runs(_ http.ResponseWriter, r *http.Request) (answer, error) {
	filter, err := runFilter(r)
	if err != nil {
		return answer{}, err
	}
	rows, err := h.config.Store.Runs(r.Context(), filter)
	if err != nil {
		return answer{}, err
	}
	list := runList{Runs: make([]listedRun, 0, len(rows))}
	for _, row := range rows {
		throughput := h.throughputOf(&row)
		row.Summary, row.FailForensic, row.Commands, row.Policies = nil, nil, nil, nil
		list.Runs = append(list.Runs, listedRun{row, throughput})
	}
	if len(rows) == filter.Limit {
		last := rows[len(rows)-1]
		list.Next = &nextPage{last.StartedAt, last.ID}
	}
	return answer{data: list}, nil
}

// throughputOf is the throughput of a run that has ended, or goes on here.
func (h *Handler) throughputOf(row *telemetry.Run) telemetry.Throughput {
	if s := h.session(row.ID); s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.Clone(s.fold.throughput)
	}
	var told struct {
		Throughput telemetry.Throughput `json:"throughput"`
	}
	_ = json.Unmarshal(row.Summary, &told) // what tells none has none
	return told.Throughput
}

var verdicts = []string{string(simcity.Pass), string(simcity.Fail), string(simcity.Stopped), string(simcity.Inconclusive)}

func runFilter(r *http.Request) (telemetry.RunFilter, error) {
	f := telemetry.RunFilter{}
	values, err := query(r, "scenario", "verdict", "seed", "before", "beforeId", "limit")
	if err != nil {
		return f, err
	}
	f.Scenario, f.Result, f.BeforeID = values.Get("scenario"), values.Get("verdict"), values.Get("beforeId")
	if f.Result != "" && !slices.Contains(verdicts, f.Result) {
		return f, wrong("verdict", quote(f.Result), strings.Join(verdicts, ", "), "")
	}
	if values.Get("seed") != "" {
		seed, err := wholeNumber(values, "seed", 0, seedMost, 0)
		if err != nil {
			return f, err
		}
		f.Seed = &seed
	}
	if text := values.Get("before"); text != "" {
		if f.Before, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return f, wrong("before", quote(text), "a time such as 2026-01-05T08:00:00Z", "take next.before of the page before, and write + as %2B")
		}
	} else if f.BeforeID != "" {
		return f, wrong("beforeId", quote(f.BeforeID), "", "give before as well")
	}
	limit, err := wholeNumber(values, "limit", 1, telemetry.LimitMax, telemetry.LimitDefault)
	f.Limit = int(limit)
	return f, err
}

// runAnswer is what one run answers.
type runAnswer struct {
	Run  telemetry.Run  `json:"run"`
	Live telemetry.Live `json:"live"`
	// Stoppable: it goes on, and a call of stop ends it.
	Stoppable bool `json:"stoppable"`
}

// run is GET /api/ops/simcity/runs/{runId}.
func (h *Handler) run(_ http.ResponseWriter, r *http.Request) (answer, error) {
	if _, err := query(r); err != nil {
		return answer{}, err
	}
	id, err := h.runID(r)
	if err != nil {
		return answer{}, err
	}
	row, err := h.config.Store.Run(r.Context(), id)
	if err != nil {
		return answer{}, err
	}
	if s := h.session(id); s != nil {
		return answer{data: runAnswer{row, s.live(), !s.over()}}, nil
	}
	live, err := h.config.Store.Live(r.Context(), id)
	if err != nil || row.Ended() {
		return answer{data: runAnswer{row, live, false}}, err
	}
	request, err := h.requestOf(r.Context(), id)
	return answer{data: runAnswer{row, live, request != ""}}, err
}

// live is the run's live row as it is now.
func (s *session) live() telemetry.Live {
	v := s.view()
	l := telemetry.Live{RunID: v.RunID, Status: v.Status, LastEventIndex: v.LastEventIndex, HeartbeatAt: now().UTC(), Metrics: encode(v.Metrics)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.result != nil {
		l.HeartbeatAt, l.Message = s.ended, s.result.Line()
	}
	return l
}

// rowsFrom are the parameters of events and snapshots.
func (h *Handler) rowsFrom(r *http.Request) (id string, from int64, limit int, err error) {
	values, err := query(r, "from", "limit")
	if err != nil {
		return "", 0, 0, err
	}
	first, err := wholeNumber(values, "from", 0, seedMost, 0)
	if err != nil {
		return "", 0, 0, err
	}
	most, err := wholeNumber(values, "limit", 1, telemetry.LimitMax, telemetry.LimitDefault)
	if err != nil {
		return "", 0, 0, err
	}
	id, err = h.runID(r)
	return id, int64(first), int(most), err
}

// eventsAnswer is what events answers.
type eventsAnswer struct {
	RunID  string            `json:"runId"`
	Events []telemetry.Event `json:"events"`
	From   int64             `json:"from,string"`
	Next   int64             `json:"next,string"`
}

// events is GET /api/ops/simcity/runs/{runId}/events.
func (h *Handler) events(_ http.ResponseWriter, r *http.Request) (answer, error) {
	id, from, limit, err := h.rowsFrom(r)
	if err != nil {
		return answer{}, err
	}
	rows, err := h.config.Store.Events(r.Context(), id, from, limit)
	if err != nil {
		return answer{}, err
	}
	a := eventsAnswer{id, append([]telemetry.Event{}, rows...), from, from}
	if len(rows) > 0 {
		a.Next = rows[len(rows)-1].Index + 1
	}
	return answer{data: a}, nil
}

// snapshotsAnswer is what snapshots answers.
type snapshotsAnswer struct {
	RunID     string               `json:"runId"`
	Snapshots []telemetry.Snapshot `json:"snapshots"`
	From      int64                `json:"from,string"`
	Next      int64                `json:"next,string"`
}

// snapshots is GET /api/ops/simcity/runs/{runId}/snapshots.
func (h *Handler) snapshots(_ http.ResponseWriter, r *http.Request) (answer, error) {
	id, from, limit, err := h.rowsFrom(r)
	if err != nil {
		return answer{}, err
	}
	rows, err := h.config.Store.Snapshots(r.Context(), id, from, limit)
	if err != nil {
		return answer{}, err
	}
	a := snapshotsAnswer{id, append([]telemetry.Snapshot{}, rows...), from, from}
	if len(rows) > 0 {
		a.Next = rows[len(rows)-1].Index + 1
	}
	return answer{data: a}, nil
}

// resultOf is the result that the row of a run keeps: all of it for a run that did
// not pass.
func resultOf(run *telemetry.Run) (*simcity.Result, error) {
	res := &simcity.Result{}
	for _, text := range []json.RawMessage{run.FailForensic, run.Summary} {
		if len(text) == 0 {
			continue
		}
		if err := json.Unmarshal(text, res); err != nil {
			return nil, fmt.Errorf("missioncontrol: the result of run %s cannot be read: %w", run.ID, err)
		}
		if res.Scenario != "" {
			break
		}
	}
	return res, nil
}
