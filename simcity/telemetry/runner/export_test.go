package runner

import "github.com/bookiji/simcity/simcity/telemetry"

// A Game is a run that goes on, for tests that make their own.
type Game struct {
	RunID   string
	Stop    func()
	Done    chan struct{}
	Outcome func(stopped bool) (status, message string)
}

// Start replaces how the runner starts a request's run.
func (r *Runner) Start(start func(telemetry.RunRequest) (*Game, error)) {
	r.start = func(request telemetry.RunRequest) (*game, error) {
		g, err := start(request)
		if err != nil {
			return nil, err
		}
		return &game{runID: g.RunID, stop: g.Stop, done: g.Done, outcome: g.Outcome}, nil
	}
}
