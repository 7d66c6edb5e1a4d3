package runner

import "github.com/bookiji/simcity/simcity"

// A witness is a reporter that notes which run begins, and tells when it has so
// many events as were asked for.
type witness struct {
	reporter  simcity.Reporter
	runID     string
	eventsMax int64 // 0 for no limit
	full      chan struct{}
	obeyed    chan struct{} // the run was asked to end
}

// Begin notes the run.
func (w *witness) Begin(run simcity.RunInfo) (simcity.Recorder, error) {
	w.runID = run.ID
	recorder, err := w.reporter.Begin(run)
	if err != nil {
		return nil, err
	}
	return &counter{Recorder: recorder, witness: w}, nil
}

// counter counts the events of one run.
type counter struct {
	simcity.Recorder
	witness *witness
}

// Record passes an event on.
func (c *counter) Record(event simcity.Event, snapshot *simcity.Snapshot) {
	c.Recorder.Record(event, snapshot)
	if event.Index+1 == c.witness.eventsMax {
		close(c.witness.full)
		<-c.witness.obeyed // simulated time stands still, so that no further event comes before the end
	}
}
