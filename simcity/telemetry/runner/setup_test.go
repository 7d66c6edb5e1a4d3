package runner_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/runner"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// office is a memory store that can be cut off from one runner, and that counts.
type office struct {
	*telemetry.Memory
	down    atomic.Bool
	renewed atomic.Int64
}

var errCut = telemetry.MarkTransient(errors.New("connection refused"))

func (o *office) Claim(ctx context.Context, name string, now time.Time, lease time.Duration) (*telemetry.RunRequest, error) {
	if o.down.Load() {
		return nil, errCut
	}
	return o.Memory.Claim(ctx, name, now, lease)
}

func (o *office) Renew(ctx context.Context, id, name, runID string, now time.Time, lease time.Duration) (telemetry.RunRequest, error) {
	if o.down.Load() {
		return telemetry.RunRequest{}, errCut
	}
	o.renewed.Add(1)
	return o.Memory.Renew(ctx, id, name, runID, now, lease)
}

func (o *office) Finish(ctx context.Context, id, name, status, message string, now time.Time) error {
	if o.down.Load() {
		return errCut
	}
	return o.Memory.Finish(ctx, id, name, status, message, now)
}

// desk is a runner over an office, with runs that last for as long as they are told.
type desk struct {
	*testing.T
	*office
	runner *runner.Runner
	lasts  time.Duration

	mu    sync.Mutex
	runs  []string
	times []time.Duration
}

// begun are the runs that the runner began.
func (d *desk) begun() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.runs
}

// ended is how long those of them lasted that are over.
func (d *desk) ended() []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.times
}

// inBubble opens a bubble with an office.
func inBubble(t *testing.T, do func(t *testing.T, memory *telemetry.Memory)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { do(t, telemetry.NewMemory()) })
}

var runNumber atomic.Int64

func sit(t *testing.T, memory *telemetry.Memory, name string, lasts time.Duration) *desk {
	t.Helper()
	d := &desk{T: t, office: &office{Memory: memory}, lasts: lasts}
	var err error
	d.runner, err = runner.New(d.office, func(telemetry.RunRequest) (*simcity.Simulation, error) { return nil, errors.New("unused") }, runner.Options{Name: name, Log: func(line string) { t.Log(name, line) }})
	require.NoError(t, err)
	d.runner.Start(d.play)
	return d
}

// play is a run that waits.
func (d *desk) play(telemetry.RunRequest) (*runner.Game, error) {
	run := telemetrytest.NewRun(int(runNumber.Add(1)))
	if err := d.Memory.BeginRun(context.Background(), run); err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.runs = append(d.runs, run.ID)
	d.mu.Unlock()
	began, done, stop := time.Now(), make(chan struct{}), make(chan struct{})
	var once sync.Once
	go func() {
		defer close(done)
		select {
		case <-stop:
		case <-time.After(d.lasts):
		}
		d.mu.Lock()
		d.times = append(d.times, time.Since(began))
		d.mu.Unlock()
	}()
	return &runner.Game{RunID: run.ID, Done: done, Stop: func() { once.Do(func() { close(stop) }) }, Outcome: func(stopped bool) (string, string) {
		if stopped {
			return telemetry.StatusStopped, "stopped"
		}
		return telemetry.StatusCompleted, "PASS"
	}}, nil
}

// ask adds a request.
func ask(t *testing.T, store telemetry.Requests, n int) string {
	t.Helper()
	id := telemetrytest.RunID(n)
	require.NoError(t, store.AddRequest(t.Context(), telemetry.RunRequest{ID: id, RequestedBy: "ops", Scenario: "baseline", Seed: uint64(n), CreatedAt: time.Now()}))
	return id
}

func request(t *testing.T, store telemetry.Requests, id string) telemetry.RunRequest {
	t.Helper()
	r, err := store.Request(t.Context(), id)
	require.NoError(t, err)
	return r
}
