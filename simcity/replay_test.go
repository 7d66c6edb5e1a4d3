package simcity_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// unlucky is a city in which the seed decides at which visit the rule breaks.
func unlucky() *simcity.Simulation {
	return busyCity().Seed(7).Check(rule("nobody_refused", func(op *simcity.Operation) *simcity.Breach {
		if op.Outcome == simcity.Conflict && op.Start > 10*time.Minute {
			return &simcity.Breach{Got: "a refusal of " + op.Citizen, Want: "none"}
		}
		return nil
	}))
}

// failed is the bundle of a run of unlucky, by a test of that name.
func failed(t *testing.T, name string) (*simcity.Result, string) {
	t.Helper()
	var res *simcity.Result
	record(t, name, func(t testing.TB) { res = unlucky().Simulate(t) })
	require.Equal(t, simcity.Fail, res.Verdict)
	require.FileExists(t, res.Bundle)
	return res, res.Bundle
}

func TestFailureReplaysFromItsBundle(t *testing.T) {
	first, bundle := failed(t, t.Name())
	t.Setenv("SIMCITY_REPLAY", bundle)
	again := unlucky().Seed(99).Simulate(t)
	require.Equal(t, uint64(7), again.Seed, "the bundle's")
	require.Equal(t, first.Digest, again.Digest)
	require.Equal(t, first.Violations, again.Violations)
	require.Empty(t, troubles(again))
	require.Contains(t, again.Repro, "SIMCITY_REPLAY='"+bundle+"' go test ", "the bundle has the seed")
}

// A bundle says how its run looked for races, so that the replay needs no setting.
func TestRunThatLookedForRacesReplaysFromItsBundle(t *testing.T) {
	for _, mode := range []string{"swarm", "priorities"} {
		t.Run(mode, func(t *testing.T) {
			t.Setenv("SIMCITY_EXPLORE", mode)
			first, bundle := failed(t, t.Name())
			t.Setenv("SIMCITY_EXPLORE", "")
			t.Setenv("SIMCITY_REPLAY", bundle)
			again := unlucky().Simulate(t)
			require.Equal(t, first.Explored, again.Explored)
			require.Equal(t, first.Digest, again.Digest)
			require.Empty(t, troubles(again))
		})
	}
}

func TestReplayThatIsJudgedInAnotherWaySaysSo(t *testing.T) {
	run := func(allowed ...string) (res *simcity.Result, told string) {
		scenario := sound()
		scenario.AllowEmpty = allowed
		told = record(t, t.Name(), func(t testing.TB) {
			res = simcity.New(scenario).Target(inProcess(hello)).Check(judged("idle", simcity.AtEnd, simcity.Judgement{})).Simulate(t)
		}).output.String()
		return res, told
	}
	first, _ := run()
	t.Setenv("SIMCITY_REPLAY", first.Bundle)
	again, told := run("idle")
	require.Equal(t, simcity.Pass, again.Verdict, again.Reasons)
	require.Contains(t, told, "simcity note: replayed, with the same events as the bundle, whose verdict was INCONCLUSIVE\n")
	_, told = run()
	require.Contains(t, told, "simcity note: replayed, with the same events as the bundle\n")
}

// name makes the pattern of -run.
func name(t *testing.T, pattern string) {
	run := flag.Lookup("test.run").Value
	before := run.String()
	t.Cleanup(func() { require.NoError(t, run.Set(before)) })
	require.NoError(t, run.Set(pattern))
}

func TestBundleOfAnotherTestIsSkippedByName(t *testing.T) {
	name(t, "Sweep/part")
	_, bundle := failed(t, "TestSweepRunsEverySeed")
	t.Setenv("SIMCITY_REPLAY", bundle)
	told := record(t, "TestX", func(t testing.TB) { unlucky().Simulate(t) })
	require.Contains(t, told.skipped, "SIMCITY_REPLAY holds a run of TestSweepRunsEverySeed, not of this test")
}

// Nothing would be replayed, and all would seem well.
func TestBundleOfATestThatIsNotRunIsNotPassedOver(t *testing.T) {
	name(t, "^TestX$")
	_, bundle := failed(t, "TestSweepRunsEverySeed")
	t.Setenv("SIMCITY_REPLAY", bundle)
	told := record(t, "TestX", func(t testing.TB) { unlucky().Simulate(t) })
	require.Regexp(t, "a run of TestSweepRunsEverySeed; allowed: a test that -run names; fix: nothing is replayed: go test .*-run '\\^TestSweepRunsEverySeed\\$'", told.fatal)
}

func TestBundleOfAFuzzersInputIsNotPassedOver(t *testing.T) {
	_, path := failed(t, "FuzzX")
	bundle, err := simcity.ReadBundle(path)
	require.NoError(t, err)
	bundle.Fuzzed = true
	data, err := json.Marshal(bundle)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	t.Setenv("SIMCITY_REPLAY", path)
	told := record(t, "FuzzX", func(t testing.TB) { unlucky().Simulate(t) })
	require.Contains(t, told.fatal, "an input of the fuzzer decided, which go test keeps in testdata/fuzz and runs again by itself: SIMCITY_SEED=7 go test ")
}

func TestBundleOfATestThatIsGoneIsNotPassedOver(t *testing.T) {
	name(t, "")
	_, bundle := failed(t, "TestOfOldTimes/part")
	t.Setenv("SIMCITY_REPLAY", bundle)
	told := record(t, "TestX", func(t testing.TB) { unlucky().Simulate(t) })
	require.Contains(t, told.fatal, "a run of TestOfOldTimes/part; allowed: a run of a test that is there; fix: github.com/bookiji/simcity/simcity has it no more: nothing is replayed")
}

func TestBundleOfAScenarioThatIsNotRunIsNotPassedOver(t *testing.T) {
	_, bundle := failed(t, "TestTown")
	t.Setenv("SIMCITY_REPLAY", bundle)
	told := record(t, "TestTown", func(t testing.TB) { simcity.New(sound()).Target(inProcess(hello)).Simulate(t) })
	told.cleanUp()
	require.Regexp(t, "SIMCITY_REPLAY holds a run of scenario \\w+, which this test did not run: nothing was replayed", told.errors)
}

// tamper changes a bundle, as JSON.
func tamper(t *testing.T, bundle string, change func(result map[string]any)) string {
	t.Helper()
	data, err := os.ReadFile(bundle)
	require.NoError(t, err)
	var all map[string]any
	require.NoError(t, json.Unmarshal(data, &all))
	change(all["result"].(map[string]any))
	data, err = json.Marshal(all)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "tampered.json")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func TestRunThatDoesNotReplaySaysWhereItDiffers(t *testing.T) {
	const zeros = "00000000000000000000000000000000"
	for _, test := range []struct {
		name   string
		change func(result map[string]any)
		says   string
	}{
		{"another event", func(result map[string]any) {
			events := result["lastEvents"].([]any)
			event := events[len(events)-2].(map[string]any)
			event["after"], result["digest"] = zeros, zeros
		}, "at event"},
		{"another seed", func(result map[string]any) { result["seed"] = "8" }, "before event"},
		{"another digest", func(result map[string]any) { result["digest"] = zeros }, "digest"},
		{"a build without the overlay", func(result map[string]any) {
			result["digest"] = zeros
			result["findings"] = []any{map[string]any{"kind": "explore", "severity": "note"}}
		}, `run go test with -overlay="$(go tool simcity overlay)"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, bundle := failed(t, t.Name())
			t.Setenv("SIMCITY_REPLAY", tamper(t, bundle, test.change))
			res := unlucky().Simulate(t)
			require.Equal(t, simcity.Fail, res.Verdict)
			f := onlyFinding(t, res, simcity.FindingDiffers)
			require.Contains(t, f.Text, "not reproducible")
			require.Contains(t, f.Text, test.says)
		})
	}
}

func TestReplayOfAMendedAppSaysThatTheRuleIsKept(t *testing.T) {
	_, bundle := failed(t, t.Name())
	t.Setenv("SIMCITY_REPLAY", bundle)
	res := busyCity().Check(rule("nobody_refused", func(*simcity.Operation) *simcity.Breach { return nil })).Simulate(t)
	require.Contains(t, onlyFinding(t, res, simcity.FindingDiffers).Text, "nobody_refused was not violated again; the replay differs")
}

func TestBundleWithNonsenseInsideIsRefused(t *testing.T) {
	for name, change := range map[string]func(result map[string]any){
		"event before the first": func(result map[string]any) {
			result["lastEvents"].([]any)[0].(map[string]any)["index"] = -1
		},
		"digest too long": func(result map[string]any) {
			result["digest"] = "0000000000000000000000000000000000000000"
		},
		"digest too short": func(result map[string]any) { result["digest"] = "00" },
	} {
		t.Run(name, func(t *testing.T) {
			_, bundle := failed(t, t.Name())
			path := tamper(t, bundle, change)
			require.NotPanics(t, func() {
				_, err := simcity.ReadBundle(path)
				requireMistake(t, mistake{field: "SIMCITY_REPLAY", says: []string{path}}, err)
			})
		})
	}
}

func TestCommandThatRepeatsAFailure(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"TestName", `github.com/bookiji/simcity/simcity -run '^TestName$'`},
		{"TestName/part", `github.com/bookiji/simcity/simcity -run '^TestName$/^part$'`},
		{"TestName/a+b(c)", `github.com/bookiji/simcity/simcity -run '^TestName$/^a\+b\(c\)$'`},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, _ := failed(t, test.name)
			require.Equal(t, "SIMCITY_SEED=7 "+simcity.GoTest+test.want, res.Repro)
		})
	}
}

func TestBundleStaysWhenTheTestIsOver(t *testing.T) {
	var path string
	t.Run("fails", func(t *testing.T) { _, path = failed(t, t.Name()) })
	require.FileExists(t, path)
	require.Contains(t, filepath.Base(path), "seed-7")
}

func TestBundlesOfTwoScenariosOfOneTestDoNotOverwriteEachOther(t *testing.T) {
	other := sound()
	other.Name = "another"
	var first, second *simcity.Result
	record(t, t.Name(), func(t testing.TB) {
		first = unlucky().Simulate(t)
		second = simcity.New(other).Target(inProcess(hello)).Populate(citizens("missing", 0, visitor)).Seed(7).Simulate(t)
	})
	require.NotEqual(t, first.Bundle, second.Bundle)
}

func TestBundlesOfOneSeedThatLookForRacesInTwoWaysDoNotOverwriteEachOther(t *testing.T) {
	_, plain := failed(t, t.Name())
	t.Setenv("SIMCITY_EXPLORE", "priorities")
	_, explored := failed(t, t.Name())
	require.NotEqual(t, plain, explored)
}

func TestReplayLeavesOtherScenariosOfTheTestAlone(t *testing.T) {
	_, bundle := failed(t, t.Name())
	t.Setenv("SIMCITY_REPLAY", bundle)
	res := simcity.New(sound()).Target(inProcess(hello)).Seed(3).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, uint64(3), res.Seed)
	require.Equal(t, simcity.Fail, unlucky().Simulate(t).Verdict, "the bundle's comes later")
}
