package simcity_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// TestMain keeps the bundles of runs that fail on purpose out of the folder
// where those of real failures lie.
func TestMain(m *testing.M) {
	if os.Getenv("SIMCITY_TEST_WORKER") != "" {
		os.Exit(m.Run()) // a sweep's, whose bundles go where its parent's do
	}
	switch {
	case os.Getenv(envServer) != "":
		answerAlone()
		return
	case os.Getenv(envPeer) != "":
		peer()
		return
	}
	dir, err := os.MkdirTemp("", "simcity-test-")
	if err != nil {
		panic(err)
	}
	_ = os.Setenv("TMPDIR", dir)
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// life makes a function the agent of a population.
type life = func(ctx context.Context, c *simcity.Citizen) error

// citizens are n of one kind, who all arrive when the run begins.
func citizens(name string, n int, live life) simcity.Population {
	return simcity.Population{
		Name:  name,
		Agent: simcity.AgentFunc(live),
		Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
			for range n {
				g.Spawn()
			}
			return nil
		}),
	}
}

// city is an hour in which the citizens meet the handler. It has one invariant,
// called any, that sees everything and minds nothing.
func city(handler http.HandlerFunc, populations ...simcity.Population) *simcity.Simulation {
	return simcity.New(simcity.Scenario{
		Name:        "city",
		Duration:    time.Hour,
		Populations: populations,
		Faults:      []simcity.FaultKind{calmKind()},
	}).Target(inProcess(handler)).Check(anything())
}

// inProcess is a host that is nothing but a handler.
func inProcess(handler http.HandlerFunc) simcity.Target {
	return simcity.InProcess(func(*simcity.World) (http.Handler, error) { return handler, nil })
}

// anything is an invariant that nothing breaks.
func anything() simcity.Invariant {
	return rule("any", func(*simcity.Operation) *simcity.Breach { return nil })
}

// rule is an invariant that looks at operations.
func rule(name string, look func(*simcity.Operation) *simcity.Breach) simcity.Invariant {
	return simcity.Invariant{Name: name, Begin: func(*simcity.World) simcity.Check {
		return simcity.Check{Operation: look}
	}}
}

// history collects the operations of a run.
type history struct{ operations []*simcity.Operation }

// rule is the invariant through which the history sees them.
func (h *history) rule() simcity.Invariant {
	return rule("history", func(op *simcity.Operation) *simcity.Breach {
		h.operations = append(h.operations, op)
		return nil
	})
}

// get is one operation: a GET of path.
func get(ctx context.Context, c *simcity.Citizen, path string) error {
	return c.Do(ctx, "get", path, func(ctx context.Context, _ *simcity.Operation) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL()+path, nil)
		if err != nil {
			return err
		}
		response, err := c.Client().Do(request)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
}

// visitor makes one GET and goes home.
func visitor(ctx context.Context, c *simcity.Citizen) error { return get(ctx, c, "/") }

// regular makes a GET every minute.
func regular(ctx context.Context, c *simcity.Citizen) error {
	for {
		if err := c.Sleep(ctx, time.Minute); err != nil {
			return err
		}
		_ = get(ctx, c, "/")
	}
}

// hello is a handler that answers at once.
func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }

// findings of a result that are of the given kind.
func findings(res *simcity.Result, kind simcity.FindingKind) []simcity.Finding {
	var found []simcity.Finding
	for _, f := range res.Findings {
		if f.Kind == kind {
			found = append(found, f)
		}
	}
	return found
}

// troubles are the findings of a result that are more than notes.
func troubles(res *simcity.Result) []simcity.Finding {
	var found []simcity.Finding
	for _, f := range res.Findings {
		if f.Severity != simcity.NoteFinding {
			found = append(found, f)
		}
	}
	return found
}

// notes are the texts of the findings that are notes.
func notes(res *simcity.Result) []string {
	var texts []string
	for _, f := range res.Findings {
		if f.Severity == simcity.NoteFinding {
			texts = append(texts, f.Text)
		}
	}
	return texts
}

// onlyFinding is the one finding of that kind.
func onlyFinding(t *testing.T, res *simcity.Result, kind simcity.FindingKind) simcity.Finding {
	t.Helper()
	found := findings(res, kind)
	require.Len(t, found, 1, "findings of kind %s in %v", kind, res.Findings)
	return found[0]
}

// recorder is a testing.TB that lets itself be failed and skipped, and remembers.
type recorder struct {
	testing.TB
	name string

	output  bytes.Buffer
	fatal   string
	errors  []string
	skipped string
	attrs   map[string]string
	after   []func()
}

// cleanUp does what a test does at its end.
func (r *recorder) cleanUp() {
	for _, f := range r.after {
		f()
	}
	r.after = nil
}

// record runs f with a recorder of that test name, on a goroutine that Fatal
// and Skip may end.
func record(t *testing.T, name string, f func(testing.TB)) *recorder {
	t.Helper()
	r := &recorder{TB: t, name: name, attrs: map[string]string{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	t.Cleanup(r.cleanUp)
	return r
}

func (r *recorder) Cleanup(f func())       { r.after = append(r.after, f) }
func (r *recorder) Name() string           { return r.name }
func (r *recorder) Helper()                {}
func (r *recorder) Attr(key, value string) { r.attrs[key] = value }
func (r *recorder) Error(args ...any)      { r.errors = append(r.errors, fmt.Sprint(args...)) }
func (r *recorder) Logf(format string, args ...any) {
	fmt.Fprintf(&r.output, format+"\n", args...)
}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatal(args ...any) {
	r.fatal = fmt.Sprint(args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) { r.Fatal(fmt.Sprintf(format, args...)) }

func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Failed() bool { return len(r.errors) > 0 || r.fatal != "" }

func (r *recorder) Skipped() bool { return r.skipped != "" }

func (r *recorder) Output() io.Writer { return &r.output }
