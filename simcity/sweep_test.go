package simcity_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// swept runs s over seeds in worker processes and returns what the test's output
// says of the sweep.
func swept(t *testing.T, seeds string, s *simcity.Simulation) (*simcity.Result, string) {
	t.Helper()
	t.Setenv("SIMCITY_SEED", "")
	t.Setenv("SIMCITY_SEEDS", seeds)
	if os.Getenv("SIMCITY_WORKERS") == "" {
		t.Setenv("SIMCITY_WORKERS", "2")
	}
	if os.Getenv("SIMCITY_TEST_WORKER") == "" {
		t.Setenv("SIMCITY_SWEEP_HISTORY", filepath.Join(t.TempDir(), "history.json"))
	}
	told := &toldTest{T: t}
	return s.Simulate(told), told.output.String()
}

// toldTest is the test itself, whose output is kept.
type toldTest struct {
	*testing.T
	output strings.Builder
}

func (t *toldTest) Output() io.Writer { return &t.output }

// moods is a city whose host behaves as its seed says.
func moods(of map[uint64]func(*simcity.World) http.Handler) *simcity.Simulation {
	return simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		if mood := of[w.Seed()]; mood != nil {
			return mood(w), nil
		}
		return http.HandlerFunc(hello), nil
	}))
}

// handles makes a function a mood.
func handles(handler http.HandlerFunc) func(*simcity.World) http.Handler {
	return func(*simcity.World) http.Handler { return handler }
}

func TestSweepRunsEverySeed(t *testing.T) {
	res, told := swept(t, "8", moods(nil))
	require.Equal(t, simcity.Pass, res.Verdict)
	require.Equal(t, uint64(1), res.Seed)
	require.Contains(t, told, "simcity sweep: 8 seeds, 8 passed, 0 failed in 0 ways")
}

func TestSweepGroupsFailuresAndComparesWithTheLast(t *testing.T) {
	refuse := handles(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) })
	fail := handles(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	city := func(of map[uint64]func(*simcity.World) http.Handler) *simcity.Simulation {
		return moods(of).Check(
			rule("nobody_refused", func(op *simcity.Operation) *simcity.Breach {
				if op.Outcome == simcity.Conflict {
					return &simcity.Breach{Got: "a refusal", Want: "none"}
				}
				return nil
			}),
			rule("no_errors", func(op *simcity.Operation) *simcity.Breach {
				if op.Outcome == simcity.Failed {
					return &simcity.Breach{Got: "an error", Want: "none"}
				}
				return nil
			}),
		)
	}
	first, told := swept(t, "6", city(map[uint64]func(*simcity.World) http.Handler{2: refuse, 3: refuse, 5: fail}))
	require.Equal(t, uint64(2), first.Seed)
	require.NotNil(t, first.Violation("nobody_refused"), "the bundle's")
	require.Contains(t, told, "NEW         2x  nobody_refused at get\n")
	require.Contains(t, told, "NEW         1x  no_errors at get\n")
	require.Contains(t, told, "SIMCITY_SEED=5 "+simcity.GoTest+"github.com/bookiji/simcity/simcity -run '^TestSweepGroupsFailuresAndComparesWithTheLast$'")
	require.Contains(t, first.Explain(), "the first failure of sweep: 6 seeds")
}

func TestSweepTellsNewOngoingAndResolvedFailures(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history.json")
	require.Equal(t, "NEW a, NEW b", simcity.CompareSweeps(path, simcity.Fail, "a", "b"))
	require.Equal(t, "ongoing b, NEW c, not seen a (its seed 7 failed in another way)", simcity.CompareSweeps(path, simcity.Fail, "b", "c"))
	require.Equal(t, "ongoing b, not seen c (its seed 7 was not run), not seen a (its seed 7 was not run)", simcity.CompareSweeps(path, "", "b"))
	require.Equal(t, "resolved b (its seed 7 passed), resolved c (its seed 7 passed), resolved a (its seed 7 passed)", simcity.CompareSweeps(path, simcity.Pass))
	require.NoError(t, os.WriteFile(path, []byte("nonsense"), 0o600))
	require.Equal(t, "NEW b", simcity.CompareSweeps(path, simcity.Fail, "b"))
	require.Equal(t, "not seen b (its seed 7 passed, but such a run does not repeat)", simcity.CompareSweepsOfChance(path, simcity.Pass))
	require.Equal(t, "ongoing b", simcity.CompareSweepsOfChance(path, simcity.Fail, "b"))
	simcity.CompareSweeps(path, simcity.Fail, "c", "d", "e", "f", "g", "h")
	require.Contains(t, simcity.CompareSweeps(path, simcity.Fail), "not seen 2 more")
}

func TestSweepStopsAfterSoManyFailures(t *testing.T) {
	t.Setenv("SIMCITY_STOP_AFTER", "1")
	exits := handles(func(http.ResponseWriter, *http.Request) { os.Exit(1) })
	_, told := swept(t, "100", moods(map[uint64]func(*simcity.World) http.Handler{1: exits, 2: exits}))
	require.Contains(t, told, "stopped early, 100 were planned")
}

const envPatch = "SIMCITY_TEST_PATCH"

// TestSweepOfThePatch is the child of the test below: a sweep that goes on and on. The
// second seed fails, and the fourth says that it runs.
func TestSweepOfThePatch(t *testing.T) {
	there := os.Getenv(envPatch)
	if there == "" {
		return
	}
	moods(map[uint64]func(*simcity.World) http.Handler{
		2: handles(func(http.ResponseWriter, *http.Request) { panic("a weed") }),
		4: handles(func(http.ResponseWriter, *http.Request) { _ = os.WriteFile(there, nil, 0o600) }),
	}).Run(t)
}

func TestSignalEndsASweepWhichTellsWhatItHasFound(t *testing.T) {
	t.Parallel()
	there := filepath.Join(t.TempDir(), "there")
	child := exec.Command(os.Args[0], "-test.run=^TestSweepOfThePatch$", "-test.v")
	child.Env = append(os.Environ(), envPatch+"="+there, "SIMCITY_SEEDS=1000000", "SIMCITY_WORKERS=1", "SIMCITY_SWEEP_HISTORY="+there+".json")
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said strings.Builder
	child.Stderr, child.Stdout = &said, &said
	require.NoError(t, child.Start())
	require.Eventually(t, func() bool { _, err := os.Stat(there); return err == nil }, time.Minute, time.Millisecond)
	require.NoError(t, syscall.Kill(-child.Process.Pid, syscall.SIGINT), "to all of its processes, as a terminal does")
	require.Error(t, child.Wait())
	require.Contains(t, said.String(), "simcity: interrupt: the seeds under way end, and the sweep tells what it has found; once more to end at once")
	require.Contains(t, said.String(), " passed, 1 failed in 1 way")
	require.Contains(t, said.String(), "stopped by signal interrupt, 1000000 were planned")
	require.Contains(t, said.String(), "a weed")
	require.Contains(t, said.String(), "SIMCITY_SEED=2 go test")
}

func TestMachineRunsItsShardOfASweep(t *testing.T) {
	t.Setenv("SIMCITY_SHARD", "2/3")
	res, told := swept(t, "10-19", moods(nil))
	require.Equal(t, uint64(11), res.Seed)
	require.Contains(t, told, "simcity sweep: 3 seeds, 3 passed")
}

func TestMachineOfACIServiceKnowsItsShard(t *testing.T) {
	t.Setenv("CIRCLE_NODE_INDEX", "0")
	t.Setenv("CIRCLE_NODE_TOTAL", "5")
	res, told := swept(t, "10-19", moods(nil))
	require.Equal(t, uint64(10), res.Seed)
	require.Contains(t, told, "simcity sweep: 2 seeds, 2 passed")
}

func TestSweepTellsWhatWasReached(t *testing.T) {
	s := city(func(_ http.ResponseWriter, r *http.Request) {
		simcity.Sometimes(r.Context(), true, "asked")
		simcity.Sometimes(r.Context(), false, "refused")
	}, citizens("visitor", 2, func(ctx context.Context, c *simcity.Citizen) error {
		simcity.Reachable(ctx, "born")
		return visitor(ctx, c)
	})).Reach("retried")
	res, told := swept(t, "3", s)
	require.Equal(t, map[string]int64{"asked": 2, "born": 2, "refused": 0, "retried": 0}, res.Reached)
	require.Contains(t, told, "reached      6x asked")
	require.Contains(t, told, "never reached  refused")
	require.Contains(t, told, "never reached  retried")
	require.NotPanics(t, func() { simcity.Reachable(t.Context(), "outside of a run") })
}

func TestSweepOfAnAppWithoutSeamsSaysWhatItCannotShow(t *testing.T) {
	const note = "note           no seam inside the app was passed by any seed"
	t.Run("without", func(t *testing.T) {
		_, told := swept(t, "2", moods(nil))
		require.Contains(t, told, note)
	})
	t.Run("with", func(t *testing.T) {
		_, told := swept(t, "2", moods(map[uint64]func(*simcity.World) http.Handler{
			2: handles(func(_ http.ResponseWriter, r *http.Request) { _ = simcity.Yield(r.Context(), "desk") }),
		}))
		require.Contains(t, told, "2 seeds, 2 passed")
		require.NotContains(t, told, note)
	})
}

func TestSweepOfOneSimulationOfATestLeavesOthersAlone(t *testing.T) {
	t.Setenv("SIMCITY_SEEDS", "")
	before := moods(nil).Simulate(t)
	require.Equal(t, simcity.Pass, before.Verdict)
	_, told := swept(t, "2", moods(nil))
	require.Contains(t, told, "2 seeds, 2 passed")
}

func TestSettingsOfASweepThatCannotWork(t *testing.T) {
	for _, test := range []struct{ name, value, says string }{
		{"SIMCITY_SEEDS", "many", "SIMCITY_SEEDS is many"},
		{"SIMCITY_SEEDS", "9-3", "first-last"},
		{"SIMCITY_SEEDS", "0", "SIMCITY_SEEDS is 0"},
		{"SIMCITY_SEEDS", "1-99999999", "a count from 1 to 1000000"},
		{"SIMCITY_SHARD", "3/2", "i/n with 1 <= i <= n"},
		{"SIMCITY_WORKERS", "0", "1 to 1000"},
		{"SIMCITY_SEED_TIME", "soon", "a duration such as 90s"},
		{"SIMCITY_SEED_MEMORY", "-1", "1 to 1048576"},
		{"SIMCITY_STOP_AFTER", "x", "give a whole number"},
	} {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			t.Setenv(test.name, test.value)
			told := record(t, "TestX", func(t testing.TB) { moods(nil).Simulate(t) })
			require.Contains(t, told.fatal, test.says)
		})
	}
}

func TestSettingsThatCannotBeMeantTogether(t *testing.T) {
	for _, test := range []struct {
		set  [][2]string
		says string
	}{
		{[][2]string{{"SIMCITY_SEEDS", "5"}, {"SIMCITY_SEED", "5"}}, "SIMCITY_SEEDS is set beside SIMCITY_SEED"},
		{[][2]string{{"SIMCITY_SEEDS", "5"}, {"SIMCITY_SHRINK", "1"}}, "SIMCITY_SEEDS is set beside SIMCITY_SHRINK"},
		{[][2]string{{"SIMCITY_REPLAY", "x"}, {"SIMCITY_SEED", "5"}}, "SIMCITY_REPLAY is set beside SIMCITY_SEED; allowed: one of the two; fix: unset SIMCITY_SEED: the bundle has a seed"},
		{[][2]string{{"SIMCITY_WORKERS", "2"}}, "SIMCITY_WORKERS is set without SIMCITY_SEEDS"},
		{[][2]string{{"SIMCITY_SHARD", "1/2"}}, "SIMCITY_SHARD is set without SIMCITY_SEEDS"},
		{[][2]string{{"SIMCITY_SEDE", "1"}}, "did you mean SIMCITY_SEED?"},
		{[][2]string{{"SIMCITY_SRHINK", "1"}}, "did you mean SIMCITY_SHRINK?"},
	} {
		t.Run(test.says, func(t *testing.T) {
			for _, setting := range test.set {
				t.Setenv(setting[0], setting[1])
			}
			told := record(t, "TestX", func(t testing.TB) { moods(nil).Simulate(t) })
			require.Contains(t, told.fatal, test.says)
		})
	}
}

func TestOverlayThatIsNotThereIsNotPretended(t *testing.T) {
	t.Setenv("SIMCITY_OVERLAY", "1")
	told := record(t, "TestX", func(t testing.TB) { moods(nil).Simulate(t) })
	require.Contains(t, told.fatal, `run go test with -overlay="$(go tool simcity overlay)"`)
}

func TestOutcomesOfSeedsHaveSignatures(t *testing.T) {
	t.Parallel()
	sign := func(text string) string {
		var res simcity.Result
		require.NoError(t, json.Unmarshal([]byte(text), &res))
		return res.Signature()
	}
	require.Empty(t, sign(`{"verdict":"PASS"}`))
	require.Equal(t, "r at book under STORM", sign(`{"verdict":"FAIL","violations":[{"invariant":"w","severity":"warning"},{"invariant":"r","operation":{"name":"book"},"faults":["STORM"]}]}`))
	require.Equal(t, "panic: at # of #", sign(`{"verdict":"FAIL","findings":[{"kind":"panic","text":"at 0x1f of 12\nmore"}]}`))
	require.Equal(t, "inconclusive: # samples", sign(`{"verdict":"INCONCLUSIVE","reasons":["3 samples"]}`))
	for _, left := range []string{"1 goroutine", "11 goroutines"} {
		require.Equal(t, "leak: # goroutines outlived", sign(`{"verdict":"FAIL","findings":[{"kind":"leak","text":"`+left+` outlived"}]}`))
	}
	require.Equal(t, "inconclusive: fault SHY touched nothing", sign(`{"verdict":"INCONCLUSIVE","reasons":["fault SHY touched nothing (it began at 5h, and let pass GET /a, GET /b)"]}`))
}
