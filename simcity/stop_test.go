package simcity_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// swamp is a server in which requests to /stay never come to an end, and which
// knows how many there are.
type swamp struct {
	*httptest.Server
	inside  atomic.Int64
	most    atomic.Int64
	after   atomic.Int64 // requests that began after drained was first asked
	drained atomic.Bool

	mu   sync.Mutex
	said []string
}

func newSwamp(t *testing.T) *swamp {
	t.Helper()
	s := &swamp{}
	s.Server = serve(t, identified("staging", func(_ http.ResponseWriter, r *http.Request) {
		if s.drained.Load() {
			s.after.Add(1)
		}
		s.mu.Lock()
		s.said = append(s.said, r.URL.Path)
		s.mu.Unlock()
		if r.URL.Path == "/stay" {
			n := s.inside.Add(1)
			defer s.inside.Add(-1)
			s.most.Store(max(s.most.Load(), n))
			<-r.Context().Done()
		}
	}))
	return s
}

func (s *swamp) paths() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.said, " ")
}

// stayer asks for what never comes, and does not listen to errors.
func stayer(ctx context.Context, c *simcity.Citizen) error {
	for range 1000 {
		if get(ctx, c, "/stay") == simcity.ErrOver {
			return nil
		}
	}
	return nil
}

// breakage is a fault that breaks the remote system until it is reverted.
func breakage() simcity.Fault {
	call := func(ctx context.Context, w *simcity.World, path string) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.BaseURL()+path, nil)
		if err != nil {
			return err
		}
		response, err := w.Client().Do(request)
		if err != nil {
			return err
		}
		return response.Body.Close()
	}
	return simcity.Fault{
		Kind: "BREAKAGE",
		Inject: func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
			touched.Add(1)
			return func(ctx context.Context) error { return call(ctx, w, "/mend") }, call(ctx, w, "/break")
		},
	}
}

// On any real clock a stop cuts the requests of all citizens within a second,
// leaves none under way, and undoes what is broken.
func TestStopWithinASecondLeavesNothingUnderWay(t *testing.T) {
	t.Parallel()
	for name, clock := range map[string]simcity.Clock{"paced": simcity.Paced(1000), "stepped": simcity.SteppedGrace(time.Hour)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSwamp(t)
			running, err := city(nil, citizens("stayer", 40, stayer)).Inject(breakage(), 0, 59*time.Minute).
				Target(simcity.URL(s.URL).Environment("staging")).Clock(clock).Start(t.Context())
			require.NoError(t, err)
			if name == "paced" {
				require.Eventually(t, func() bool { return s.inside.Load() == 40 && strings.Contains(s.paths(), "/break") }, time.Minute, time.Millisecond)
			} else { // one citizen after the other, each waited for
				require.Eventually(t, func() bool { return s.inside.Load() > 0 }, time.Minute, time.Millisecond)
			}
			began := time.Now()
			running.Stop()
			res := running.Wait()
			took := time.Since(began)
			t.Logf("stopped within %s of real time, %d requests were under way", took, s.most.Load())
			require.Less(t, took, 5*time.Second, "a fraction of a request's deadline, 30s, and of the clock's grace")
			s.drained.Store(true)
			require.Equal(t, simcity.Stopped, res.Verdict, res.Reasons)
			require.Zero(t, res.Remote.InFlight)
			require.Zero(t, res.Operations, "what was cut short is no operation")
			require.Eventually(t, func() bool { return s.inside.Load() == 0 }, time.Minute, time.Millisecond)
			require.Zero(t, s.after.Load())
			require.GreaterOrEqual(t, strings.Count(s.paths(), "/mend"), strings.Count(s.paths(), "/break"))
			for _, w := range res.Faults {
				require.False(t, w.Active, w)
			}
		})
	}
}

func TestEndOfTheContextIsAStop(t *testing.T) {
	t.Parallel()
	s := newSwamp(t)
	ctx, cancel := context.WithCancel(t.Context())
	running, err := city(nil, citizens("stayer", 5, stayer)).Target(simcity.URL(s.URL)).Clock(simcity.Paced(1000)).Start(ctx)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.inside.Load() == 5 }, time.Minute, time.Millisecond)
	cancel()
	require.Equal(t, simcity.Stopped, running.Wait().Verdict)
}

func TestFaultIsUndoneAtTheEndOfARunToAServerElsewhere(t *testing.T) {
	t.Parallel()
	s := newSwamp(t)
	res := elsewhere(simcity.URL(s.URL), citizens("visitor", 1, visitor)).Inject(breakage(), time.Minute, 59*time.Minute).Simulate(t)
	require.Equal(t, 1, strings.Count(s.paths(), "/mend"), s.paths())
	require.False(t, res.Faults[0].Active)
}

func TestCitizensCleanUpAtTheEndOfARunToAServerElsewhere(t *testing.T) {
	t.Parallel()
	s := newSwamp(t)
	res := elsewhere(simcity.URL(s.URL), citizens("tenant", 3, func(ctx context.Context, c *simcity.Citizen) error {
		c.AtEnd(func(ctx context.Context) error { return get(ctx, c, "/leave") })
		return regular(ctx, c)
	})).Simulate(t)
	require.Equal(t, 3, strings.Count(s.paths(), "/leave"), res.Reasons)
}

const envSwamp = "SIMCITY_TEST_SWAMP"

// TestLifeInTheSwamp is the child of the test below: it runs until it is stopped.
func TestLifeInTheSwamp(t *testing.T) {
	url := os.Getenv(envSwamp)
	if url == "" {
		return
	}
	city(nil, citizens("stayer", 10, stayer)).Inject(breakage(), 0, 59*time.Minute).
		Target(simcity.URL(url)).Clock(simcity.Paced(10)).Run(t)
}

func TestSignalsStopARunAndItsFaultsAreUndone(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s := newSwamp(t)
			child := inTheSwamp(s.URL)
			var said strings.Builder
			child.Stderr, child.Stdout = &said, &said
			require.NoError(t, child.Start())
			require.Eventually(t, func() bool { return s.inside.Load() == 10 && strings.Contains(s.paths(), "/break") }, time.Minute, time.Millisecond)
			require.NoError(t, child.Process.Signal(sig))
			require.Error(t, child.Wait(), "a run that was stopped did not pass")
			require.Contains(t, said.String(), "the run stops and undoes its faults")
			require.Contains(t, said.String(), "verdict=STOPPED")
			require.Contains(t, said.String(), "stopped by signal "+sig.String())
			require.Equal(t, 1, strings.Count(s.paths(), "/mend"), said.String())
		})
	}
}

// A terminal's signal comes to the workers as well, where a run on real time stops at once.
func TestSignalStopsThePacedRunOfASweep(t *testing.T) {
	t.Parallel()
	s := newSwamp(t)
	child := inTheSwamp(s.URL)
	child.Env = append(child.Env, "SIMCITY_SEEDS=2", "SIMCITY_WORKERS=1", "SIMCITY_SWEEP_HISTORY="+filepath.Join(t.TempDir(), "history.json"))
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said strings.Builder
	child.Stderr, child.Stdout = &said, &said
	require.NoError(t, child.Start())
	require.Eventually(t, func() bool { return s.inside.Load() == 10 && strings.Contains(s.paths(), "/break") }, time.Minute, time.Millisecond)
	require.NoError(t, syscall.Kill(-child.Process.Pid, syscall.SIGINT))
	require.Error(t, child.Wait())
	require.Contains(t, said.String(), "0 seeds, 0 passed, 0 failed in 0 ways")
	require.Contains(t, said.String(), "stopped by signal interrupt after 0 of 2 seeds, none of which failed")
	require.Equal(t, 1, strings.Count(s.paths(), "/mend"), said.String())
}

// The second signal does what signals do.
func TestSecondSignalKills(t *testing.T) {
	t.Parallel()
	broken, mending := make(chan struct{}), make(chan struct{})
	server := serve(t, identified("staging", func(_ http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/break":
			close(broken)
		case "/mend":
			close(mending)
			<-r.Context().Done()
		case "/stay":
			<-r.Context().Done()
		}
	}))
	child := inTheSwamp(server.URL)
	require.NoError(t, child.Start())
	<-broken
	require.NoError(t, child.Process.Signal(syscall.SIGINT))
	<-mending
	require.NoError(t, child.Process.Signal(syscall.SIGTERM))
	require.Error(t, child.Wait())
	require.Equal(t, syscall.SIGTERM, child.ProcessState.Sys().(syscall.WaitStatus).Signal())
}

// inTheSwamp is a process of its own in which TestLifeInTheSwamp runs.
func inTheSwamp(url string) *exec.Cmd {
	child := exec.Command(os.Args[0], "-test.run=^TestLifeInTheSwamp$", "-test.v")
	child.Env = append(os.Environ(), envSwamp+"="+url)
	return child
}

const envGlacier = "SIMCITY_TEST_GLACIER"

// TestLifeOnTheGlacier is the child of the tests below: its rule is broken after a while,
// but the run of that number goes on and on.
func TestLifeOnTheGlacier(t *testing.T) {
	there, number, _ := strings.Cut(os.Getenv(envGlacier), "#")
	if there == "" {
		return
	}
	runs, endless := 0, false
	simcity.New(simcity.Scenario{Name: "glacier", Duration: 480 * time.Hour, Populations: []simcity.Population{citizens("climber", 2, func(ctx context.Context, c *simcity.Citizen) error {
		for step := range 240 * time.Hour / time.Millisecond {
			if endless && step == 1 {
				if err := os.WriteFile(there, nil, 0o600); err != nil {
					return err
				}
			}
			if !endless && c.Sleep(ctx, 240*time.Hour) == nil || c.Sleep(ctx, time.Millisecond) != nil {
				break
			}
		}
		return get(ctx, c, "/")
	})}}).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		runs++
		endless = strconv.Itoa(runs) == number
		return http.HandlerFunc(hello), nil
	})).Check(rule("nobody_arrives", func(*simcity.Operation) *simcity.Breach {
		return &simcity.Breach{Got: "one", Want: "none"}
	})).Run(t)
}

// onTheGlacier is what that test says as a process of its own, which is interrupted in
// the run of that number.
func onTheGlacier(t *testing.T, setting, number string) string {
	t.Helper()
	there := filepath.Join(t.TempDir(), "there")
	child := exec.Command(os.Args[0], "-test.run=^TestLifeOnTheGlacier$", "-test.v")
	child.Env = append(os.Environ(), envGlacier+"="+there+"#"+number, setting)
	var said strings.Builder
	child.Stderr, child.Stdout = &said, &said
	require.NoError(t, child.Start())
	require.Eventually(t, func() bool { _, err := os.Stat(there); return err == nil }, time.Minute, time.Millisecond)
	require.NoError(t, child.Process.Signal(syscall.SIGINT))
	require.Error(t, child.Wait())
	return said.String()
}

func TestSignalStopsAVirtualRun(t *testing.T) {
	t.Parallel()
	said := onTheGlacier(t, "SIMCITY_VERIFY=1", "1")
	require.Contains(t, said, "simcity: interrupt: the run stops and undoes its faults; once more to end at once")
	require.Contains(t, said, "simcity verdict=STOPPED scenario=glacier")
	require.Regexp(t, `stopped by signal interrupt at simulated [0-9]`, said)
	require.Contains(t, said, "all about it: ")
}

func TestSignalInTheSecondRunIsNoDifference(t *testing.T) {
	t.Parallel()
	said := onTheGlacier(t, "SIMCITY_VERIFY=1", "2")
	require.Contains(t, said, "simcity verdict=FAIL scenario=glacier")
	require.Contains(t, said, "not verified: a signal stopped the second run")
	require.NotContains(t, said, "differ from event")
}

func TestSignalEndsShrinkingWhichKeepsTheFailure(t *testing.T) {
	t.Parallel()
	said := onTheGlacier(t, "SIMCITY_SHRINK=1", "3")
	require.Contains(t, said, "simcity: interrupt: shrinking ends, and tells the smallest run so far; once more to end at once")
	require.Contains(t, said, "simcity verdict=FAIL scenario=glacier")
	require.Contains(t, said, "simcity shrunk seed 1 from 2 citizens to 2")
	require.Contains(t, said, "Unfinished: a signal ended shrinking: a smaller run may be there, the cause is not known")
	require.NotContains(t, said, "Cause:")
	require.Contains(t, said, "repeat it:  SIMCITY_SEED=1 go test")
}

func TestStopWhileTheTargetIsAskedWhoItIsIsNoFailure(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	server := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	running, err := elsewhere(simcity.URL(server.URL), citizens("visitor", 1, regular)).Start(t.Context())
	require.NoError(t, err)
	<-asked
	running.Stop()
	res := running.Wait()
	require.Equal(t, simcity.Stopped, res.Verdict, res.Explain())
	require.Empty(t, troubles(res))
}
