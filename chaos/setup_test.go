package chaos_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// TestMain keeps the bundles of runs that fail on purpose out of the folder
// where those of real failures lie.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "simcity-chaos-")
	if err != nil {
		panic(err)
	}
	_ = os.Setenv("TMPDIR", dir)
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// The window in which a trial's fault is active.
const (
	begins = 20 * time.Minute
	lasts  = 10 * time.Minute
)

// hello is what the host answers unless a trial says otherwise.
const hello = "hello, city"

// A trial is an hour in which citizens call the host at half past each minute,
// while one fault strikes.
type trial struct {
	fault    simcity.Fault
	citizens int // default 1
	method   string
	mixed    bool // every second citizen uses GET whatever the method
	path     string
	body     string
	handler  http.HandlerFunc // after the host has written the request down
	hooks    *chaos.Hooks
	kinds    []simcity.FaultKind
	patience time.Duration // of the citizen's own context; 0: none
}

// A story is what came of a trial.
type story struct {
	*simcity.Result
	calls  []call
	served []served
}

// A call as the citizen saw it.
type call struct {
	at, took time.Duration
	status   int
	length   int64
	body     string
	err      error
}

// served is a request as the host saw it.
type served struct {
	at   time.Duration
	body string
	from string
}

func (tr trial) run(t *testing.T) *story {
	t.Helper()
	var s story
	s.Result = tr.city(&s).Simulate(t)
	return &s
}

func (tr trial) city(s *story) *simcity.Simulation {
	var mu sync.Mutex
	factory := func(w *simcity.World) (http.Handler, error) {
		if tr.hooks != nil {
			chaos.Offer(w, *tr.hooks)
		}
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			s.served = append(s.served, served{at: w.Elapsed(), body: string(body), from: r.RemoteAddr})
			mu.Unlock()
			if tr.handler != nil {
				tr.handler(rw, r)
				return
			}
			_, _ = io.WriteString(rw, hello)
		}), nil
	}
	life := func(ctx context.Context, c *simcity.Citizen) error {
		for {
			next := (c.Elapsed() + 30*time.Second).Truncate(time.Minute) + 30*time.Second
			if err := c.Sleep(ctx, next-c.Elapsed()); err != nil {
				return err
			}
			made := tr.call(ctx, c)
			mu.Lock()
			s.calls = append(s.calls, made)
			mu.Unlock()
		}
	}
	city := simcity.New(simcity.Scenario{Name: "trial", Duration: time.Hour, Faults: tr.kinds}).
		Target(simcity.InProcess(factory)).
		Populate(simcity.Population{Name: "caller", Agent: simcity.AgentFunc(life), Arrivals: exactly(max(1, tr.citizens))}).
		Check(anything())
	if tr.fault.Kind != "" {
		city.Inject(tr.fault, begins, lasts)
	}
	return city
}

func (tr trial) call(ctx context.Context, c *simcity.Citizen) call {
	made := call{at: c.Elapsed()}
	_ = c.Do(ctx, "call", tr.path, func(ctx context.Context, _ *simcity.Operation) error {
		if tr.patience > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, tr.patience)
			defer cancel()
		}
		method := tr.method
		if method == "" || tr.mixed && c.Number()%2 == 0 {
			method = http.MethodGet
		}
		var body io.Reader
		if tr.body != "" {
			body = strings.NewReader(tr.body)
		}
		request, err := http.NewRequestWithContext(ctx, method, c.BaseURL()+"/"+strings.TrimPrefix(tr.path, "/"), body)
		if err != nil {
			return err
		}
		var response *http.Response
		response, made.err = c.Client().Do(request)
		if made.err != nil {
			return made.err
		}
		defer response.Body.Close()
		made.status, made.length = response.StatusCode, response.ContentLength
		var content []byte
		content, made.err = io.ReadAll(response.Body)
		made.body = string(content)
		return made.err
	})
	made.took = c.Elapsed() - made.at
	return made
}

// during are the calls while the fault was active, outside all others.
func (s *story) during() (calls []call) {
	for _, c := range s.calls {
		if active(c.at) {
			calls = append(calls, c)
		}
	}
	return calls
}

func (s *story) outside() (calls []call) {
	for _, c := range s.calls {
		if !active(c.at) {
			calls = append(calls, c)
		}
	}
	return calls
}

func active(at time.Duration) bool { return at > begins && at < begins+lasts }

// servedDuring are the requests that reached the host while the fault was
// active.
func (s *story) servedDuring() (all []served) {
	for _, r := range s.served {
		if active(r.at) {
			all = append(all, r)
		}
	}
	return all
}

// touched is what the only fault counted.
func (s *story) touched(t *testing.T) int64 {
	t.Helper()
	require.Len(t, s.Faults, 1, s.Reasons)
	return s.Faults[0].Touched
}

// requireCalmOutside says that nothing is felt of the fault before and after.
func (s *story) requireCalmOutside(t *testing.T) {
	t.Helper()
	require.GreaterOrEqual(t, len(s.outside()), 40)
	for _, c := range s.outside() {
		require.NoError(t, c.err)
		require.Equal(t, http.StatusOK, c.status, "at %s", c.at)
		require.Less(t, c.took, 10*time.Millisecond, "at %s", c.at)
	}
}

// exactly lets n citizens arrive when the run begins.
func exactly(n int) simcity.Arrivals {
	return simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
		for range n {
			g.Spawn()
		}
		return nil
	})
}

// anything is an invariant that nothing breaks.
func anything() simcity.Invariant {
	return simcity.Invariant{Name: "any", Begin: func(*simcity.World) simcity.Check {
		return simcity.Check{Operation: func(*simcity.Operation) *simcity.Breach { return nil }}
	}}
}

// requireField says that an error names a parameter, what it takes and what to
// do.
func requireField(t *testing.T, err error, field string) {
	t.Helper()
	var wrong *simcity.FieldError
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, field, wrong.Field)
	require.NotEmpty(t, wrong.Allowed)
	require.NotEmpty(t, wrong.Fix)
}

// faultFinding is the text of the one finding about a fault.
func faultFinding(t *testing.T, res *simcity.Result) string {
	t.Helper()
	var found []string
	for _, f := range res.Findings {
		if f.Kind == simcity.FindingFault {
			found = append(found, f.Text)
		}
	}
	require.Len(t, found, 1, "%v", res.Findings)
	return found[0]
}
