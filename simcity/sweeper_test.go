package simcity_test

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// leaky is a host that promises to close and leaves a goroutine behind.
type leaky struct{ http.Handler }

func (leaky) Close() error { return nil }

// A worker may go on to speak before what it said of its seed is looked at.
func TestWhatAWorkerSaysNextLeavesWhatItSaidAlone(t *testing.T) {
	t.Parallel()
	said, left := simcity.SaidBefore("WARNING: DATA RACE\ndone\n--- FAIL: TestCity\n", "\ndone\n")
	require.Equal(t, "WARNING: DATA RACE", said)
	require.Equal(t, "--- FAIL: TestCity\n", left)
}

func TestSeedThatEndsItsProcessIsThatSeedsFinding(t *testing.T) {
	never := make(chan struct{})
	res, told := swept(t, "9", moods(map[uint64]func(*simcity.World) http.Handler{
		2: handles(func(http.ResponseWriter, *http.Request) { os.Exit(0) }),
		3: handles(func(http.ResponseWriter, *http.Request) { os.Exit(7) }),
		4: handles(func(http.ResponseWriter, *http.Request) {
			go func() { panic("in a goroutine of the host") }()
		}),
		5: handles(func(http.ResponseWriter, *http.Request) { <-never }),
		6: func(*simcity.World) http.Handler {
			inside := make(chan struct{})
			go func() { <-inside }()
			return leaky{http.HandlerFunc(hello)}
		},
	}).Patience(3*time.Second)) // the race detector takes a second to exit
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Equal(t, uint64(2), res.Seed)
	require.Contains(t, told, "simcity sweep: 9 seeds, 4 passed, 5 failed in 5 ways")
	for _, signature := range []string{
		"crash: it exited with status #",
		"crash: exit status #: panic: in a goroutine of the host", "exit status #",
		"hang: nothing moved", "leak: ",
	} {
		require.Contains(t, strings.ReplaceAll(told, "inconclusive: nothing moved", "hang: nothing moved"), signature)
	}
}

// A worker's end is told at once, also when what it started goes on: that process has
// the worker's open files, unless they are kept from it.
func TestProcessThatAWorkerStartedDoesNotHoldTheSweep(t *testing.T) {
	note := cmp.Or(os.Getenv("GOES_ON"), filepath.Join(t.TempDir(), "pid"))
	t.Setenv("GOES_ON", note) // for the worker
	_, told := swept(t, "2", moods(map[uint64]func(*simcity.World) http.Handler{
		1: handles(func(http.ResponseWriter, *http.Request) {
			goesOn := exec.Command("sleep", "60")
			goesOn.Stderr = os.Stderr
			goesOn.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a daemon does, so that it is not ended
			_ = goesOn.Start()
			_ = os.WriteFile(note, []byte(strconv.Itoa(goesOn.Process.Pid)), 0o600)
			os.Exit(7)
		}),
	}))
	require.Contains(t, told, "2 seeds, 1 passed, 1 failed in 1 way")
	require.Contains(t, told, "crash: exit status #")
	text, err := os.ReadFile(note)
	require.NoError(t, err)
	pid, err := strconv.Atoi(string(text))
	require.NoError(t, err)
	goesOn, err := os.FindProcess(pid)
	require.NoError(t, err)
	require.NoError(t, goesOn.Kill(), "the sweep waited until it had ended")
}

// Its children are in its group, and one of them holds a pipe that the test reads.
func TestWhatAWorkerHasStartedEndsWithAWorkerThatIsGivenUp(t *testing.T) {
	t.Setenv("SIMCITY_WORKERS", "1")
	path := cmp.Or(os.Getenv("GOES_ON"), filepath.Join(t.TempDir(), "pipe"))
	if os.Getenv("GOES_ON") == "" {
		require.NoError(t, syscall.Mkfifo(path, 0o600))
		t.Setenv("GOES_ON", path) // for the worker
	}
	pipe, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	require.NoError(t, err)
	defer pipe.Close()
	res, told := swept(t, "2", moods(map[uint64]func(*simcity.World) http.Handler{
		2: handles(func(http.ResponseWriter, *http.Request) {
			end, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err == nil {
				goesOn := exec.Command("sleep", "60")
				goesOn.Stdout = end
				_ = goesOn.Start()
			}
			os.Exit(7)
		}),
	}))
	require.Contains(t, told, "2 seeds, 1 passed, 1 failed in 1 way")
	require.Contains(t, res.Explain(), "it was tried twice: after 1 other seed in the same process, and then in one of its own")
	require.NoError(t, pipe.SetReadDeadline(time.Now().Add(5*time.Second)))
	_, err = io.ReadAll(pipe)
	require.NoError(t, err, "a child lives on")
}

// What a seed left behind might break the next one.
func TestProcessOfASeedThatHangsRunsNoOther(t *testing.T) {
	t.Setenv("SIMCITY_WORKERS", "1")
	never, tainted := make(chan struct{}), false
	_, told := swept(t, "3", moods(map[uint64]func(*simcity.World) http.Handler{
		1: handles(func(http.ResponseWriter, *http.Request) { tainted = true; <-never }),
		2: handles(func(http.ResponseWriter, *http.Request) {
			if tainted {
				<-never
			}
		}),
	}).Patience(300*time.Millisecond))
	require.Contains(t, told, "3 seeds, 2 passed, 1 failed in 1 way")
}

// The worker's test stays failed, so that it is of no use for another seed.
func TestAssertionInTheHostIsItsSeedsFailure(t *testing.T) {
	t.Setenv("SIMCITY_WORKERS", "1")
	objects := handles(func(http.ResponseWriter, *http.Request) { t.Error("not in this town") })
	_, told := swept(t, "4", moods(map[uint64]func(*simcity.World) http.Handler{2: objects, 3: objects}))
	require.Contains(t, told, "4 seeds, 2 passed, 2 failed in 1 way")
	require.Contains(t, told, "test: a life, a rule or the host failed the test while the run went on")
	require.Contains(t, told, "SIMCITY_SEED=2 ")
}

func TestHandlerThatNeverReturnsLeavesItsProcessToNoOther(t *testing.T) {
	t.Setenv("SIMCITY_WORKERS", "1")
	var kept atomic.Bool
	_, told := swept(t, "2", moods(map[uint64]func(*simcity.World) http.Handler{
		1: handles(func(w http.ResponseWriter, r *http.Request) { kept.Store(true); <-r.Context().Done(); select {} }),
		2: handles(func(w http.ResponseWriter, _ *http.Request) {
			if kept.Load() {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}),
	}))
	require.Contains(t, told, "2 seeds, 1 passed, 1 failed in 1 way", "a handler that never returned may hold what others wait for")
}

// What a seed leaves behind on real time may fail while another one runs: that
// one passes alone, and the other is told.
func TestCrashAfterASeedsEndIsNotTheNextOnesFinding(t *testing.T) {
	t.Setenv("SIMCITY_WORKERS", "1")
	never, later, armed := make(chan struct{}), make(chan struct{}), false
	go func() {
		<-later
		panic("what seed 2 left behind")
	}()
	res, told := swept(t, "4", moods(map[uint64]func(*simcity.World) http.Handler{
		2: handles(func(http.ResponseWriter, *http.Request) { armed = true }),
		3: handles(func(http.ResponseWriter, *http.Request) {
			if armed {
				close(later)
				<-never
			}
		}),
	}))
	require.Equal(t, uint64(2), res.Seed)
	require.Contains(t, told, "simcity sweep: 4 seeds, 3 passed, 1 failed in 1 way")
	require.Contains(t, told, "crash: exit status #: panic: what seed # left behind")
	require.Contains(t, res.Explain(), "seed 3 was run, which does not fail so alone: seed 2 had ended in the same process, the last of 2")
}

func TestCrashOfAWorkerThatHasNoMoreSeedsIsTold(t *testing.T) {
	t.Setenv("SIMCITY_WORKERS", "1")
	armed := false
	t.Cleanup(func() {
		if armed {
			panic("in the clean-up")
		}
	})
	res, told := swept(t, "2", moods(map[uint64]func(*simcity.World) http.Handler{
		1: handles(func(http.ResponseWriter, *http.Request) { armed = os.Getenv("SIMCITY_TEST_WORKER") != "" }),
	}))
	require.Contains(t, told, "simcity sweep: 2 seeds, 1 passed, 1 failed in 1 way")
	require.Contains(t, res.Explain(), "it came after its last seed: seed 2 had ended in the same process, the last of 2")
}

func TestSeedThatTakesTooLongIsItsFinding(t *testing.T) {
	never := make(chan struct{})
	t.Setenv("SIMCITY_SEED_TIME", "2s")
	_, told := swept(t, "3", moods(map[uint64]func(*simcity.World) http.Handler{
		2: handles(func(http.ResponseWriter, *http.Request) { <-never }),
	}).Patience(time.Hour))
	require.Contains(t, told, "3 seeds, 2 passed, 1 failed in 1 way")
	require.Contains(t, told, "time: the seed took longer than #s; raise SIMCITY_SEED_TIME if it may")
}

func TestSeedThatTakesTooMuchMemoryIsItsFinding(t *testing.T) {
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		return // no system but Linux tells what another process takes
	}
	never := make(chan struct{})
	t.Setenv("SIMCITY_SEED_MEMORY", "400")
	var hoard [][]byte
	_, told := swept(t, "2", moods(map[uint64]func(*simcity.World) http.Handler{
		2: handles(func(http.ResponseWriter, *http.Request) {
			for range 600 {
				hoard = append(hoard, bytes.Repeat([]byte{1}, 1<<20))
			}
			<-never
		}),
	}).Patience(time.Hour))
	require.Contains(t, told, "2 seeds, 1 passed, 1 failed in 1 way")
	require.Contains(t, told, "memory: its process took # MB, more than # MB; raise SIMCITY_SEED_MEMORY if it may")
}
