package simcity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Report is how a test's run, or its sweep over many seeds, ended.
type Report struct {
	// Test is the name of the test, Package its folder seen from its module's
	// root, such as ./examples/booking, and Module that root.
	Test    string
	Package string
	Module  string
	// File and Line are where the test calls Run, 0 where that is not known.
	File string
	Line int
	// Result is the run's. Of a sweep it is that of the first seed that failed, or
	// of the first of all, and its Sweep tells the rest.
	Result *Result
	// Output takes lines for the test's output.
	Output io.Writer
}

// A Publisher takes reports to where a team looks: package report writes files
// and what a CI service shows, package report/notify opens issues and alerts.
type Publisher interface {
	// Publish is called once per [Simulation.Run], after the run and outside of
	// its bubble. An error with a method Transient() bool that says true becomes
	// a note of the test; any other fails it, because the next report would not
	// be seen either.
	Publish(ctx context.Context, report Report) error
}

// PublisherFunc makes a function a [Publisher].
type PublisherFunc func(ctx context.Context, report Report) error

// Publish calls f.
func (f PublisherFunc) Publish(ctx context.Context, report Report) error { return f(ctx, report) }

// Publish adds publishers, beside those of SIMCITY_REPORT. They hear of Run alone:
// whoever calls Simulate or Start judges, and reports, for themselves.
func (s *Simulation) Publish(publishers ...Publisher) *Simulation {
	for _, publisher := range publishers {
		s.publishers = append(slices.Clone(s.publishers), named{fmt.Sprintf("%T", publisher), publisher})
	}
	return s
}

// named is a publisher as errors call it.
type named struct {
	name string
	Publisher
}

// publishing holds what opens publishers for SIMCITY_REPORT, by name.
var publishing = struct {
	sync.Mutex
	open map[string]func(argument string) (Publisher, error)
}{open: make(map[string]func(string) (Publisher, error))}

// RegisterPublisher makes a publisher available to SIMCITY_REPORT under a name. open
// gets what follows the name's colon, or nothing. Packages of publishers call it
// when they are imported, as drivers of database/sql do. A name that is taken
// panics.
func RegisterPublisher(name string, open func(argument string) (Publisher, error)) {
	publishing.Lock()
	defer publishing.Unlock()
	if publishing.open[name] != nil {
		panic("simcity: publisher " + name + " is registered twice")
	}
	publishing.open[name] = open
}

// openPublishers adds those that the environment names.
func (p *play) openPublishers() error {
	opened, err := openPublishers(p.settings.reports)
	p.simulation.publishers = append(slices.Clone(p.simulation.publishers), opened...)
	return err
}

// openPublishers opens what SIMCITY_REPORT names.
func openPublishers(names []string) ([]named, error) {
	var all []named
	for _, text := range names {
		name, argument, _ := strings.Cut(text, ":")
		publishing.Lock()
		open, known := publishing.open[name], slices.Sorted(maps.Keys(publishing.open))
		publishing.Unlock()
		if open == nil {
			return nil, unknownPublisher(name, known)
		}
		publisher, err := open(argument)
		if err != nil {
			return nil, fmt.Errorf("simcity: %s=%s: %w", envReport, name, err)
		}
		all = append(all, named{name, publisher})
	}
	return all, nil
}

func unknownPublisher(name string, known []string) error {
	allowed := "nothing yet"
	if len(known) > 0 {
		allowed = strings.Join(known, ", ")
	}
	return &FieldError{
		Field: envReport, Value: name, Allowed: allowed,
		Fix: `correct its name, or link it into the test: import _ "github.com/bookiji/simcity/simcity/report" has summary, annotations, json and html, .../simcity/report/notify has issue and webhook too`,
	}
}

// publishTime is how long, in real time, all publishers of a run may take.
const publishTime = 5 * time.Minute

// publish tells the publishers of a run.
func (p *play) publish(res *Result, report Report) {
	if len(p.simulation.publishers) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), publishTime)
	defer cancel()
	report.Test, report.Result, report.Output = p.t.Name(), res, p.t.Output()
	report.Module, report.Package, _ = inModule() // empty outside of a module
	for _, publisher := range p.simulation.publishers {
		err := publisher.Publish(ctx, report)
		var passing interface{ Transient() bool }
		switch {
		case err == nil:
		case errors.As(err, &passing) && passing.Transient():
			fmt.Fprintf(p.t.Output(), "simcity note: report %s: %v\n", publisher.name, err)
		default:
			p.t.Errorf("simcity: report %s: %v", publisher.name, err)
		}
	}
}

// calledFrom is the line of the test that calls, for annotations.
func calledFrom() (r Report) {
	var callers [16]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for more := true; more; {
		var frame runtime.Frame
		if frame, more = frames.Next(); strings.HasSuffix(frame.File, "_test.go") {
			r.File, r.Line = frame.File, frame.Line
			return r
		}
	}
	return r
}
