package missioncontrol

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// The statuses of a run.
const (
	statusRunning   = "RUNNING"
	statusPaused    = "PAUSED"
	statusStopping  = "STOPPING"
	statusCompleted = "COMPLETED"
	statusStopped   = "STOPPED"
)

// A session is a run of this process: what it told so far, and how to steer it. It
// stays in memory until the next run begins.
type session struct {
	info        simcity.RunInfo
	scenario    simcity.Scenario
	compression float64 // as it began; 0: flat out
	feed        *feed
	inner       simcity.Recorder
	observed    atomic.Int64 // real time in microseconds: a bubble cannot tell it
	running     *simcity.Running
	done        chan struct{} // closed when the run has ended and is told
	stopTelling context.CancelFunc

	sending sync.Mutex // one command is sent at a time
	mu      sync.Mutex // below; the run enters it
	fold    *fold
	stands  []simcity.Standing // of the invariants, as of the last tick
	queue   []*order           // commands that have not taken effect
	paused  bool
	speed   float64
	asked   bool // to stop
	result  *simcity.Result
	ended   time.Time
}

// A desk makes the session of a run when the run announces itself: it is the
// run's reporter, and hands on to the store's.
type desk struct {
	*Handler
	scenario    simcity.Scenario
	compression float64
	running     *simcity.Running // of a run that somebody else starts
	next        simcity.Reporter // told as well, or nil
	session     *session
}

// Begin announces the run.
func (d *desk) Begin(info simcity.RunInfo) (simcity.Recorder, error) {
	inner, err := d.record(info)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &session{
		info: info, scenario: d.scenario, compression: d.compression, speed: d.compression,
		feed: newFeed(d.config.RetainEvents, d.config.RetainBytes), inner: inner,
		done: make(chan struct{}), stopTelling: cancel, fold: newFold(info.Policies, info.Duration),
	}
	s.observe()
	go s.feed.broadcast(ctx, d.config.Heartbeat, s.heartbeat)
	d.session = s
	if d.running != nil {
		d.attach(s, d.running)
	}
	return s, nil
}

// record begins the run's history.
func (d *desk) record(info simcity.RunInfo) (simcity.Recorder, error) {
	own, err := telemetry.NewReporter(d.config.Store, d.config.Telemetry).Begin(info)
	if err != nil || d.next == nil {
		return own, err
	}
	other, err := d.next.Begin(info)
	return tee{own, other}, err
}

// steeredBy says which run the session is of, when that exists.
func (s *session) steeredBy(running *simcity.Running) {
	s.mu.Lock()
	s.running = running
	s.mu.Unlock()
}

// policiesInUse are those that make a difference to the run; the caller holds mu.
func (s *session) policiesInUse() []string {
	if s.running == nil { // it is about to begin
		return nil
	}
	return s.running.PoliciesInUse()
}

// Record takes an event, inside of the run.
func (s *session) Record(e simcity.Event, snapshot *simcity.Snapshot) {
	s.inner.Record(e, snapshot)
	row := eventRow(e, s.observedAt())
	var data []byte
	if snapshot != nil {
		data = encode(snapshotRow(snapshot, row.ObservedAt))
	}
	frame := appendRows(make([]byte, 0, 512), &row, data)
	s.mu.Lock()
	s.fold.take(&e, snapshot)
	s.settle(&e)
	s.mu.Unlock()
	s.feed.append(frame, data)
}

// Stand takes how the invariants stand, inside of the run.
func (s *session) Stand(standings []simcity.Standing) {
	s.mu.Lock()
	s.stands = standings
	s.mu.Unlock()
}

// End delivers what is left.
func (s *session) End(res *simcity.Result) error { return s.inner.End(res) }

// await waits for the end of the run and tells it.
func (s *session) await() {
	res := s.running.Wait()
	s.mu.Lock()
	s.result, s.ended, s.paused = res, now().UTC(), false
	s.mu.Unlock()
	s.feed.finish(appendFrame(nil, "end", s.feed.next(), encode(s.endOf(res))))
	close(s.done)
}

func (s *session) observe() { s.observed.Store(now().UnixMicro()) }

func (s *session) observedAt() time.Time { return time.UnixMicro(s.observed.Load()).UTC() }

// over tells whether the run has ended.
func (s *session) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// runView is RUN of the manual.
type runView struct {
	RunID           string            `json:"runId"`
	Scenario        string            `json:"scenario"`
	Seed            uint64            `json:"seed,string"`
	Clock           string            `json:"clock"`
	Compression     float64           `json:"compression"`
	Speed           float64           `json:"speed"`
	Status          string            `json:"status"`
	Verdict         string            `json:"verdict"`
	StartedAt       time.Time         `json:"startedAt"`
	EndedAt         time.Time         `json:"endedAt,omitzero"`
	DurationMinutes float64           `json:"durationMinutes"`
	LastEventIndex  int64             `json:"lastEventIndex,string"`
	At              time.Duration     `json:"at,string"`
	Policies        simcity.Policies  `json:"policies"`
	PoliciesInUse   []string          `json:"policiesInUse"`
	Faults          []activeFault     `json:"faults"`
	Violations      int               `json:"violations"`
	Metrics         *simcity.Snapshot `json:"metrics"`
}

// view is the run as it is now.
func (s *session) view() runView {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := runView{
		RunID: s.info.ID, Scenario: s.info.Scenario, Seed: s.info.Seed, Clock: s.info.Clock,
		Compression: s.compression, Speed: s.speed, Status: s.status(), StartedAt: s.info.StartedAt.UTC(), EndedAt: s.ended,
		DurationMinutes: s.info.Duration.Minutes(), LastEventIndex: s.fold.next - 1, At: s.fold.at,
		Policies: s.fold.policies, PoliciesInUse: s.policiesInUse(), Faults: s.fold.active(), Violations: len(s.fold.violations), Metrics: s.fold.metrics,
	}
	if s.result != nil {
		v.Verdict, v.Metrics = string(s.result.Verdict), s.result.Metrics
	}
	return v
}

// status is the run's; the caller holds mu.
func (s *session) status() string {
	switch {
	case s.result != nil && s.result.Verdict == simcity.Stopped:
		return statusStopped
	case s.result != nil:
		return statusCompleted
	case s.asked:
		return statusStopping
	case s.paused:
		return statusPaused
	}
	return statusRunning
}

// beatView is the data of a heartbeat.
type beatView struct {
	RunID          string            `json:"runId"`
	Status         string            `json:"status"`
	Speed          float64           `json:"speed"`
	LastEventIndex int64             `json:"lastEventIndex,string"`
	At             time.Duration     `json:"at,string"`
	Policies       simcity.Policies  `json:"policies"`
	PoliciesInUse  []string          `json:"policiesInUse"`
	Faults         []activeFault     `json:"faults"`
	Violations     int               `json:"violations"`
	Metrics        *simcity.Snapshot `json:"metrics"`
	Invariants     []invariantView   `json:"invariants"`
	Now            time.Time         `json:"now"`
}

// heartbeat is the frame that tells the run's state, made once for all streams.
func (s *session) heartbeat() []byte {
	s.observe()
	v := s.view()
	s.mu.Lock()
	invariants := s.invariants()
	s.mu.Unlock()
	return appendFrame(nil, "heartbeat", -1, encode(beatView{
		v.RunID, v.Status, v.Speed, v.LastEventIndex, v.At, v.Policies, v.PoliciesInUse, v.Faults, v.Violations, v.Metrics, invariants, s.observedAt(),
	}))
}

// endView is the data of the last frame.
type endView struct {
	RunID   string            `json:"runId"`
	Verdict string            `json:"verdict"`
	Status  string            `json:"status"`
	Reasons []string          `json:"reasons"`
	Events  int64             `json:"events,string"`
	Digest  string            `json:"digest"`
	Metrics *simcity.Snapshot `json:"metrics"`
}

func (s *session) endOf(res *simcity.Result) endView {
	status := statusCompleted
	if res.Verdict == simcity.Stopped {
		status = statusStopped
	}
	return endView{s.info.ID, string(res.Verdict), status, append([]string{}, res.Reasons...), res.Events, res.Digest.String(), res.Metrics}
}
