package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// A game is a run that goes on.
type game struct {
	runID string
	stop  func()
	done  <-chan struct{}
	// outcome is the request's status and message; it is asked when done.
	outcome func(stopped bool) (status, message string)
}

// play makes the simulation and starts it.
func (r *Runner) play(registry Registry, request telemetry.RunRequest) (g *game, err error) {
	defer func() {
		if p := recover(); p != nil {
			g, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	simulation, err := registry(request)
	if err != nil {
		return nil, err
	}
	if simulation == nil {
		return nil, fmt.Errorf("the registry has nothing for scenario %q", request.Scenario)
	}
	if err := dress(simulation, request); err != nil {
		return nil, err
	}
	options := r.options.Telemetry
	if options.Tier == "" {
		options.Tier = request.Tier
	}
	witness := &witness{reporter: telemetry.NewReporter(r.store, options), eventsMax: request.MaxEvents, full: make(chan struct{}), obeyed: make(chan struct{})}
	running, err := simulation.Report(witness).Start(context.Background())
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		ended := make(chan struct{})
		go func() {
			select {
			case <-witness.full:
				running.Stop()
				close(witness.obeyed)
			case <-ended:
			}
		}()
		running.Wait()
		close(ended)
	}()
	return &game{runID: witness.runID, stop: running.Stop, done: done, outcome: func(stopped bool) (string, string) {
		return judge(running.Wait(), stopped)
	}}, nil
}

// dress puts into a simulation what the request says.
func dress(simulation *simcity.Simulation, request telemetry.RunRequest) error {
	simulation.Seed(request.Seed)
	if request.DurationSeconds > 0 {
		simulation.Until(time.Duration(request.DurationSeconds) * time.Second)
	}
	var nonsense error
	simulation.Policies(func(p *simcity.Policies) {
		if request.Concurrency > 0 {
			p.MaxConcurrentAgents = request.Concurrency
		}
		if len(request.Policies) > 0 {
			nonsense = json.Unmarshal(request.Policies, p)
		}
	})
	if nonsense != nil {
		return fmt.Errorf("the request's policies cannot be read: %w", nonsense)
	}
	return nil
}

// judge is how a request ends whose run has ended.
func judge(res *simcity.Result, stopped bool) (status, message string) {
	switch {
	case res.Verdict == simcity.Inconclusive:
		return telemetry.StatusFailed, res.Line() + ": " + strings.Join(res.Reasons, "; ")
	case res.Verdict == simcity.Stopped && stopped:
		return telemetry.StatusStopped, res.Line()
	}
	return telemetry.StatusCompleted, res.Line()
}
