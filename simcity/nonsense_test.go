package simcity_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// visited lets one visitor meet the host and returns the operation as it was
// recorded, and the run.
func visited(t *testing.T, host http.HandlerFunc) (*simcity.Operation, *simcity.Result) {
	t.Helper()
	var h history
	res := city(host, citizens("visitor", 1, visitor)).Check(h.rule()).Simulate(t)
	require.Len(t, h.operations, 1)
	return h.operations[0], res
}

func TestNonsenseIsAnErrorOfItsOperation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		host http.HandlerFunc
		says string
	}{
		{"endless body", func(w http.ResponseWriter, _ *http.Request) {
			megabyte := make([]byte, 1<<20)
			for {
				_, _ = w.Write(megabyte)
			}
		}, "body longer than 8 MiB"},
		{"endless body with no body allowed", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			for range 10_000_000 { // as good as endless, but for a failure of this test
				_, _ = w.Write([]byte("x"))
			}
		}, "body longer than 8 MiB"},
		{"body too long", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 9<<20))
		}, "longer than 8 MiB"},
		{"redirect to another host", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example/", http.StatusFound)
		}, "elsewhere.example, refused"},
		{"redirect without end", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/again", http.StatusFound)
		}, "more than 10 redirects"},
		{"aborted connection", func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		}, "aborted the connection"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			op, res := visited(t, test.host)
			require.Equal(t, simcity.Failed, op.Outcome)
			require.Contains(t, op.Err, test.says)
			require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
		})
	}
}

func TestLongestBodyThatIsReadWhole(t *testing.T) {
	t.Parallel()
	op, _ := visited(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 8<<20))
	})
	require.Equal(t, simcity.OK, op.Outcome, op.Err)
}

func TestHandlerThatPanicsIsAFindingWithCitizenAndRequest(t *testing.T) {
	t.Parallel()
	var panicked simcity.Event
	res := city(func(http.ResponseWriter, *http.Request) { panic("boom") }, citizens("visitor", 1, visitor)).
		Watch(func(e simcity.Event) {
			if e.Type == simcity.EventFinding {
				panicked = e
			}
		}).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	f := onlyFinding(t, res, simcity.FindingPanic)
	require.Equal(t, "visitor/1 in GET /", f.Actor)
	require.Equal(t, "panic in visitor/1 in GET /: boom", f.Text)
	require.Equal(t, panicked.Index, f.Index)
	require.Contains(t, f.Stack, "nonsense_test.go")
	require.Contains(t, res.Explain(), "panic in visitor/1 in GET /: boom")
}

func TestKeepGoingLivesThroughPanics(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.KeepGoing = true
	scenario.Populations[0] = citizens("regular", 1, regular)
	res := simcity.New(scenario).Target(inProcess(func(http.ResponseWriter, *http.Request) { panic("boom") })).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Equal(t, int64(60), res.Operations)
	require.Len(t, findings(res, simcity.FindingPanic), 60)
}

func TestHandlerThatExitsItsGoroutineHasNotAnswered(t *testing.T) {
	t.Parallel()
	op, _ := visited(t, func(http.ResponseWriter, *http.Request) {
		runtime.Goexit() // as t.FailNow does
	})
	require.Equal(t, simcity.Failed, op.Outcome)
}

func TestHandlerThatNeverReturnsButWatchesItsContext(t *testing.T) {
	t.Parallel()
	var told error
	op, res := visited(t, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		told = context.Cause(r.Context())
	})
	require.Equal(t, simcity.Failed, op.Outcome)
	require.Equal(t, 30*time.Second, op.Latency)
	require.Contains(t, op.Err, "no answer to GET / within the deadline of 30s: context deadline exceeded")
	require.ErrorIs(t, told, context.DeadlineExceeded)
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
}

func TestAnswerAtTheDeadlineIsStillAnAnswer(t *testing.T) {
	t.Parallel()
	op, _ := visited(t, func(http.ResponseWriter, *http.Request) { time.Sleep(30 * time.Second) })
	require.Equal(t, simcity.OK, op.Outcome, op.Err)
}

func TestAnswerAfterTheDeadlineIsTooLate(t *testing.T) {
	t.Parallel()
	op, res := visited(t, func(http.ResponseWriter, *http.Request) { time.Sleep(30*time.Second + 1) })
	require.Equal(t, simcity.Failed, op.Outcome)
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
}

func TestHandlerThatIgnoresItsContextIsStuck(t *testing.T) {
	t.Parallel()
	op, res := visited(t, func(http.ResponseWriter, *http.Request) { <-make(chan struct{}) })
	require.Equal(t, simcity.Failed, op.Outcome)
	require.Equal(t, simcity.Fail, res.Verdict)
	f := onlyFinding(t, res, simcity.FindingStuck)
	require.Equal(t, "visitor/1 in GET /", f.Actor)
	require.Contains(t, f.Text, "never returned")
	require.Contains(t, f.Text, "r.Context()")
}

func TestManyStuckHandlersAreOneFinding(t *testing.T) {
	t.Parallel()
	never := func(http.ResponseWriter, *http.Request) { <-make(chan struct{}) }
	res := simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		return leaky{http.HandlerFunc(never)}, nil
	})).Populate(citizens("crowd", 8, visitor)).Simulate(t)
	f := onlyFinding(t, res, simcity.FindingStuck)
	require.Contains(t, f.Text, " handlers never returned: crowd/1 in GET /")
	require.Contains(t, f.Actor, "crowd/2 in GET /; ")
	require.Equal(t, 1, strings.Count(f.Stack, "nonsense_test.go"), f.Stack)
	require.Contains(t, f.Stack, "goroutines like it")
}

func TestCitizenGoesOnAfterAStuckHandler(t *testing.T) {
	t.Parallel()
	first := true
	var h history
	city(func(http.ResponseWriter, *http.Request) {
		if first {
			first = false
			<-make(chan struct{})
		}
	}, citizens("regular", 1, regular)).Check(h.rule()).Simulate(t)
	require.Len(t, h.operations, 59, "one took half a minute")
	require.Equal(t, simcity.OK, h.operations[1].Outcome)
}

func TestSlowLorisMeetsTheDeadline(t *testing.T) {
	t.Parallel()
	op, _ := visited(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			fmt.Fprint(w, ".")
			time.Sleep(time.Second)
		}
	})
	require.Equal(t, simcity.Failed, op.Outcome)
	require.Equal(t, 30*time.Second, op.Latency)
}

func TestRequestTimeoutIsTheScenarios(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.RequestTimeout = 3 * time.Second
	var h history
	simcity.New(scenario).Target(inProcess(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })).
		Check(h.rule()).Simulate(t)
	require.Equal(t, 3*time.Second, h.operations[0].Latency)
}

func TestClientThatGivesUpIsSeenByTheHandler(t *testing.T) {
	t.Parallel()
	var told error
	res := city(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		told = r.Context().Err()
	}, citizens("hasty", 1, func(ctx context.Context, c *simcity.Citizen) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		err := get(ctx, c, "/")
		if !errors.Is(err, context.DeadlineExceeded) || c.Elapsed().Truncate(time.Millisecond) != time.Second {
			return fmt.Errorf("%w at %s", err, c.Elapsed())
		}
		return nil
	})).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
	require.ErrorIs(t, told, context.Canceled)
}

func TestHostSaysWhatItsAnswersMean(t *testing.T) {
	t.Parallel()
	var h history
	city(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "already booked", http.StatusInternalServerError)
	},
		citizens("visitor", 1, visitor)).
		Classify(func(_ *http.Response, body []byte) simcity.Outcome {
			if string(body) == "already booked\n" {
				return simcity.Conflict
			}
			return simcity.Failed
		}).Check(h.rule()).Simulate(t)
	require.Equal(t, simcity.Conflict, h.operations[0].Outcome)
	require.Equal(t, http.StatusInternalServerError, h.operations[0].Status)
}

func TestStatusesMeanWhatMostHostsMean(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]simcity.Outcome{
		200: simcity.OK, 204: simcity.OK, 304: simcity.OK, 409: simcity.Conflict,
		400: simcity.Rejected, 404: simcity.Rejected, 429: simcity.Rejected, 500: simcity.Failed, 503: simcity.Failed, 999: simcity.Failed,
	} {
		require.Equal(t, want, simcity.ClassifyStatus(&http.Response{StatusCode: status}, nil), "%d", status)
	}
}

func TestHandlerSeesTheRequestAsFromAServer(t *testing.T) {
	t.Parallel()
	var seen []*http.Request
	host := func(_ http.ResponseWriter, r *http.Request) { seen = append(seen, r) }
	city(host, citizens("visitor", 2, func(ctx context.Context, c *simcity.Citizen) error {
		return get(ctx, c, "/slots?day=1")
	})).Simulate(t)
	require.Len(t, seen, 2)
	for _, r := range seen {
		require.Equal(t, "/slots", r.URL.Path)
		require.Equal(t, "/slots?day=1", r.RequestURI)
		require.Equal(t, "host.simcity.invalid", r.Host)
		require.Empty(t, r.URL.Host)
		require.NotNil(t, r.Body)
	}
	require.NotEqual(t, seen[0].RemoteAddr, seen[1].RemoteAddr, "each citizen has an address of its own")
}

func TestHandlerThatNeedsNoBuilding(t *testing.T) {
	t.Parallel()
	res := simcity.New(sound()).Target(simcity.Handler(http.HandlerFunc(hello))).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
}
