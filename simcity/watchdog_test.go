package simcity_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// hung runs s, which must hang, and returns the finding that says so.
func hung(t *testing.T, s *simcity.Simulation) (simcity.Finding, *simcity.Result) {
	t.Helper()
	began := time.Now()
	res := s.Patience(500 * time.Millisecond).Simulate(t)
	require.Less(t, time.Since(began), 10*time.Second)
	f := onlyFinding(t, res, simcity.FindingHang)
	require.NotEmpty(t, f.Stack)
	require.Contains(t, f.Text, "advice:")
	return f, res
}

func TestHandlerInASocketReadForEverIsToldToUseStepped(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	f, res := hung(t, city(func(http.ResponseWriter, *http.Request) {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Read(make([]byte, 1)) // nobody ever writes
	}, citizens("listener", 1, visitor)))
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
	require.Contains(t, f.Actor, "listener/1 in GET /")
	require.Contains(t, f.Text, "listener/1 in GET /")
	require.Contains(t, f.Text, "socket")
	require.Contains(t, f.Text, ".Clock(simcity.Stepped())")
	require.Contains(t, f.Text, "watchdog_test.go")
	require.Contains(t, f.Stack, "IO wait")
}

func TestRunThatHangsTellsWhichFaultsItLeavesBroken(t *testing.T) {
	t.Parallel()
	late := func(ctx context.Context, c *simcity.Citizen) error {
		return errors.Join(c.Sleep(ctx, 2*time.Minute), get(ctx, c, "/"))
	}
	outside := make(chan struct{})
	f, _ := hung(t, city(func(http.ResponseWriter, *http.Request) { <-outside }, citizens("late", 1, late)).Inject(calmFault(), time.Minute, 30*time.Minute))
	require.Contains(t, f.Text, "still broken, since nothing in a run that hangs can be reverted: CALM")
}

// contended is a seed with which the second of two citizens goes first while the
// other one is parked at its first seam.
const contended = 4

func TestLockHeldAcrossASeamIsTold(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	f, res := hung(t, city(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_ = simcity.Yield(r.Context(), "store.book")
	}, citizens("customer", 2, visitor)).Seed(contended))
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
	require.Contains(t, f.Text, "lock")
	require.Contains(t, f.Text, "held across a seam")
	require.Contains(t, f.Text, "customer/1 in GET /")
	require.Contains(t, f.Text, "customer/2 in GET /")
	require.Contains(t, f.Text, "parked at seam store.book", "names the holder")
	require.Contains(t, f.Text, "watchdog_test.go")
	require.Contains(t, f.Stack, "sync.Mutex.Lock")
}

func TestLoopWithoutEndFailsTheRun(t *testing.T) {
	t.Parallel()
	var stop atomic.Bool
	defer stop.Store(true)
	f, res := hung(t, city(func(http.ResponseWriter, *http.Request) {
		for !stop.Load() {
		}
	}, citizens("customer", 1, visitor)))
	require.Equal(t, simcity.Fail, res.Verdict, res.Reasons)
	require.Contains(t, f.Text, "customer/1 in GET /")
	require.Contains(t, f.Text, "never blocks nor returns")
	require.Contains(t, f.Text, "watchdog_test.go")
}

func TestChannelMadeOutsideTheFactoryIsTold(t *testing.T) {
	t.Parallel()
	outside := make(chan struct{})
	f, res := hung(t, city(func(http.ResponseWriter, *http.Request) { <-outside }, citizens("customer", 1, visitor)))
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
	require.Contains(t, f.Text, "made outside the bubble")
	require.Contains(t, f.Text, "inside the target's factory")
	require.Contains(t, f.Text, "customer/1 in GET /")
}

func TestServerThatTheFactoryStartedIsTold(t *testing.T) {
	t.Parallel()
	var server *httptest.Server
	f, res := hung(t, simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		server = httptest.NewServer(http.HandlerFunc(hello))
		return http.HandlerFunc(hello), nil
	})))
	t.Cleanup(func() { _ = server.Listener.Close() })
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
	require.Contains(t, f.Text, "as an http.Server or httptest.Server that was started in the run does, so simulated time stands still [IO wait]; advice: give its handler to simcity.InProcess")
}

// A rule that waits is named, and not the citizen whose operation it saw alone.
func TestRuleThatNeverAnswersIsNamed(t *testing.T) {
	t.Parallel()
	outside := make(chan struct{})
	for name, check := range map[string]func(inside chan struct{}) simcity.Check{
		"an operation": func(inside chan struct{}) simcity.Check {
			return simcity.Check{Operation: func(*simcity.Operation) *simcity.Breach { <-inside; return nil }}
		},
		"the end": func(inside chan struct{}) simcity.Check {
			return simcity.Check{Judge: func() simcity.Judgement { <-inside; return simcity.Judgement{Samples: 1} }}
		},
		"the beginning": func(chan struct{}) simcity.Check { <-outside; return simcity.Check{} },
		"outside": func(chan struct{}) simcity.Check {
			return simcity.Check{Operation: func(*simcity.Operation) *simcity.Breach { <-outside; return nil }}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := city(hello, citizens("visitor", 1, visitor)).Patience(500 * time.Millisecond).Check(simcity.Invariant{
				Name: "slow", Begin: func(*simcity.World) simcity.Check { return check(make(chan struct{})) },
			}).Simulate(t)
			require.Equal(t, simcity.Inconclusive, res.Verdict)
			require.Contains(t, strings.Join(res.Reasons, "\n"), "invariant slow was asked and never answered: a Check must not wait for anything")
		})
	}
}

func TestFactoryThatReadsForEverIsTold(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	s := simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		_, err = conn.Read(make([]byte, 1))
		return nil, err
	}))
	f, res := hung(t, s)
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
	require.Contains(t, f.Text, "while the target was built")
	require.Contains(t, f.Text, "Stepped")
}

func TestFactoryThatBlocksForGoodIsTold(t *testing.T) {
	t.Parallel()
	res := simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		<-make(chan struct{})
		return nil, nil
	})).Patience(500 * time.Millisecond).Simulate(t)
	require.NotEqual(t, simcity.Pass, res.Verdict)
	f := onlyFinding(t, res, simcity.FindingHang)
	require.Contains(t, f.Text, "while the target was built")
	require.NotContains(t, f.Text, "while the host closes")
}

// A ticker that nobody stops keeps simulated time going for good.
func TestCloseThatWaitsForATickersLoopIsTold(t *testing.T) {
	t.Parallel()
	var gone atomic.Bool
	t.Cleanup(func() { gone.Store(true) })
	res := simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		var loop sync.WaitGroup
		loop.Go(func() {
			for range time.Tick(time.Second) {
				if gone.Load() {
					return
				}
			}
		})
		w.OnClose(func(context.Context) error { loop.Wait(); return nil })
		return http.HandlerFunc(hello), nil
	})).Patience(300 * time.Millisecond).Simulate(t)
	require.NotEqual(t, simcity.Pass, res.Verdict)
	f := onlyFinding(t, res, simcity.FindingHang)
	require.Regexp(t, `under way: a function of the host that waits at \S+watchdog_test.go:\d+`, f.Text)
	require.Regexp(t, `something of the host ticks|runs without end \[run\w+\] at \S+watchdog_test.go`, f.Text, "the loop is seen at work, or not")
	require.Contains(t, f.Stack, "sync.(*WaitGroup).Wait")
}

func TestCloseThatBlocksForGoodIsTold(t *testing.T) {
	t.Parallel()
	res := simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		w.OnClose(func(context.Context) error { <-make(chan struct{}); return nil })
		return http.HandlerFunc(hello), nil
	})).Patience(500 * time.Millisecond).Simulate(t)
	require.NotEqual(t, simcity.Pass, res.Verdict)
	f := onlyFinding(t, res, simcity.FindingHang)
	require.Contains(t, f.Text, "while the host closes")
	require.Regexp(t, `under way: a function of the host that waits at \S+watchdog_test.go:\d+`, f.Text)
}

func TestSlowHandlerIsNoHang(t *testing.T) {
	t.Parallel()
	res := city(func(http.ResponseWriter, *http.Request) { time.Sleep(20 * time.Second) }, citizens("regular", 1, regular)).
		Patience(500 * time.Millisecond).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
}

func TestShortestPatienceIsNoCrash(t *testing.T) {
	t.Parallel()
	require.NotPanics(t, func() {
		city(hello, citizens("visitor", 1, visitor)).Patience(time.Nanosecond).Simulate(t)
	})
}

func TestAgentThatIgnoresTheEndOfTheRunIsEnded(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("stubborn", 1, func(ctx context.Context, c *simcity.Citizen) error {
		for {
			_ = c.Sleep(ctx, time.Minute)
		}
	}), citizens("visitor", 1, visitor)).Patience(500 * time.Millisecond).Simulate(t)
	require.NotEqual(t, simcity.Fail, res.Verdict, res.Reasons)
	require.Empty(t, findings(res, simcity.FindingHang))
}

func TestAgentThatIgnoresItsStepLimitIsEnded(t *testing.T) {
	t.Parallel()
	var ignored atomic.Int64
	population := citizens("greedy", 1, func(ctx context.Context, c *simcity.Citizen) error {
		for {
			err := get(ctx, c, "/")
			if errors.Is(err, simcity.ErrOver) && ignored.Add(1) > 1_000_000 {
				return err // so that a failure of this test does not burn a processor
			}
		}
	})
	population.StepLimit = 3
	res := city(hello, population).Simulate(t)
	require.Equal(t, int64(3), res.Operations)
	require.Less(t, ignored.Load(), int64(1_000_000))
}

func TestHungRunLeavesTheNextOneAlone(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	hung(t, city(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_ = simcity.Yield(r.Context(), "store")
	}, citizens("customer", 2, visitor)).Seed(contended))
	res := city(hello, citizens("visitor", 1, visitor)).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.False(t, strings.Contains(res.Line(), "INCONCLUSIVE"))
}

func TestFactoryThatFailsItsTestIsAFinding(t *testing.T) {
	t.Parallel()
	told := record(t, "TestX", func(tb testing.TB) {
		res := simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
			runtime.Goexit() // as require.NoError does
			return nil, nil
		})).Simulate(tb)
		require.Equal(t, simcity.Fail, res.Verdict)
		require.Contains(t, onlyFinding(t, res, simcity.FindingTarget).Text, "return an error instead")
	})
	require.Empty(t, told.fatal)
}

func TestLifeThatNeverLetsTimePassIsTold(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("restless", 1, func(ctx context.Context, c *simcity.Citizen) error {
		for {
			if err := c.Sleep(ctx, 0); err != nil {
				return err
			}
		}
	})).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Contains(t, onlyFinding(t, res, simcity.FindingHang).Text, "simulated time stands still")
}

func TestSteppedRunWaitsForAnswersThatOutlastItsGrace(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.RequestTimeout = 300 * time.Millisecond
	scenario.AllowEmpty = []string{"*"}
	res := simcity.New(scenario).Target(inProcess(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // as a pool without a free connection
	})).Clock(simcity.SteppedGrace(100 * time.Millisecond)).Simulate(t)
	require.Positive(t, res.Operations)
	require.Equal(t, res.Operations, res.Metrics.Outcomes["error"], "none is lost")
}

func TestLifeThatIgnoresErrorsRecordsNothingAfterTheEnd(t *testing.T) {
	t.Parallel()
	res := city(http.NotFound, citizens("deaf", 1, func(ctx context.Context, c *simcity.Citizen) error {
		for range 100 {
			_ = c.Do(ctx, "get", nil, func(ctx context.Context, _ *simcity.Operation) error {
				if response, err := c.Client().Get(c.BaseURL()); err == nil {
					_ = response.Body.Close()
				}
				return nil // whatever happened
			})
			_ = c.Sleep(ctx, time.Minute)
		}
		return nil
	})).Simulate(t)
	require.Zero(t, res.Metrics.Outcomes["ok"], "no operation after the end")
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Contains(t, res.Reasons[0], "never succeeded")
}
