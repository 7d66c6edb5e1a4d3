package booking_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	_ "github.com/bookiji/simcity/simcity/missioncontrol/testui" // SIMCITY_UI=127.0.0.1:8787 shows the runs
	"github.com/bookiji/simcity/simcity/report"
)

// An ordinary day on the correct app.
func TestSimCityBaseline(t *testing.T) {
	simcity.New(scenarios.Baseline()).
		Target(simcity.InProcess(newCity())).
		Run(t)
}

// Demand that doubles, and more: every six hours are as good as the first.
func TestSimCityGrowthCurve(t *testing.T) {
	simcity.New(scenarios.GrowthCurve()).Target(simcity.InProcess(newCity())).Run(t)
}

// Three faults in six hours, from each of which the app recovers.
func TestSimCityDisasterMix(t *testing.T) {
	simcity.New(scenarios.DisasterMix()).Target(simcity.InProcess(newCity())).Run(t)
}

// Fifty hours in which vendors must be asked in time.
func TestSimCityVendorSLADrill(t *testing.T) {
	simcity.New(scenarios.VendorSLADrill()).Target(simcity.InProcess(newCity())).Run(t)
}

// A week in which nothing may pile up.
func TestSimCitySoak(t *testing.T) {
	simcity.New(scenarios.Soak()).Target(simcity.InProcess(newCity())).Run(t)
}

// The README shows this very run.
func TestCityReadmeShowsTheBaselinesVerdict(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "")
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	line, _, _ := strings.Cut(baseline("", 1).Simulate(t).Line(), " wall=")
	require.True(t, strings.Contains(string(readme), line), "put the new line into the README: %s", line)
}

// baseline is the ordinary day with a seed, on the app with a planted bug or
// without ("").
func baseline(bug booking.Bug, seed uint64) *simcity.Simulation {
	var bugs []booking.Bug
	if bug != "" {
		bugs = []booking.Bug{bug}
	}
	return simcity.New(scenarios.Baseline()).Seed(seed).Target(simcity.InProcess(newCity(bugs...)))
}

// The tester is tested: each planted bug breaks its own rule, and no other.
func TestCityFindsEachPlantedBugByItsOwnRule(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	var tried []booking.Bug
	for _, planted := range []struct {
		bug  booking.Bug
		rule string
		from uint64 // the first seed that is tried
	}{
		{bug: booking.BugCheckThenInsert, rule: "zero_double_bookings"},
		{bug: booking.BugRescheduleIgnores, rule: "zero_double_bookings", from: 1}, // in city 0 a traveller was there first
		{bug: booking.BugComparesText, rule: "no_double_bookings_by_alias"},
		{bug: booking.BugOversellsClasses, rule: "capacity_conservation"},
		{bug: booking.BugAcceptsUnknownVendor, rule: "no_orphaned_references"},
		{bug: booking.BugOffersTakenSlots, rule: "offered_slots_are_free"},
		{bug: booking.BugStaleCache, rule: "offered_slots_are_free"},
		{bug: booking.BugRefusesCancelled, rule: "no_refusals_while_free"},
		{bug: booking.BugForgetsRefund, rule: "money_conservation"},
		{bug: booking.BugNoQuota, rule: "quotas_respected"},
		{bug: booking.BugPromoWithoutEnd, rule: "quotas_respected"},
		{bug: booking.BugForgetsKeys, rule: "idempotent_retries"},
		{bug: booking.BugCancelRacesPay, rule: "overlapping_requests"},
		{bug: booking.BugSlowSearch, rule: "api_p95_response_time"},
		{bug: booking.BugSlowTail, rule: "api_p99_response_time"},
		{bug: booking.BugFlakyErrors, rule: "api_error_rate"},
		{bug: booking.BugLostConfirmations, rule: "booking_funnel_success"},
		{bug: booking.BugLateInbox, rule: "vendor_sla_response"},
		{bug: booking.BugColdCache, rule: "cache_hit_rate"},
		{bug: booking.BugCacheThrash, rule: "cache_invalidation_spike"},
		{bug: booking.BugHoardsMemory, rule: "memory_usage"},
	} {
		tried = append(tried, planted.bug)
		t.Run(string(planted.bug), func(t *testing.T) {
			const seedsMax = 20
			for seed := planted.from; seed < planted.from+seedsMax; seed++ {
				result := baseline(planted.bug, seed).Simulate(t)
				broken := brokenRules(result)
				if len(broken) == 0 {
					continue // this city did not meet the bug
				}
				require.Equal(t, []string{planted.rule}, broken, "seed %d", seed)
				return
			}
			t.Fatalf("%d cities did not meet the bug", seedsMax)
		})
	}
	require.ElementsMatch(t, booking.Bugs(), append(tried, bugsUnderFaults()...), "every planted bug is tried")
}

// Without a fault the app with such a bug is the correct one, request by
// request.
func TestCityDoesNotMeetOnAnOrdinaryDayWhatNeedsAFault(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	correct := baseline("", 2).Simulate(t)
	for _, bug := range bugsUnderFaults() {
		require.Equal(t, correct.Digest, baseline(bug, 2).Simulate(t).Digest, bug)
	}
}

func brokenRules(result *simcity.Result) []string {
	var names []string
	for _, v := range result.Violations {
		names = append(names, v.Invariant)
	}
	return names
}

// A rule about the tester itself: an arrival process that blocks the machine
// makes the ticks of a paced run late.
func TestCitySeesItsOwnTicksDrift(t *testing.T) {
	t.Parallel()
	stalls := simcity.CollectorFunc(func(context.Context, *simcity.World) error {
		for stop := time.Now().Add(40 * time.Millisecond); time.Now().Before(stop); {
			continue // burns the time of the next ticks
		}
		return nil
	})
	day := scenarios.Baseline()
	day.Duration = 2 * time.Hour
	day.Invariants = []simcity.Invariant{invariants.TickDrift(0)}
	day.Collectors = append(day.Collectors, stalls)
	day.AllowEmpty = []string{"*"}
	result := simcity.New(day).Target(simcity.InProcess(newCity())).Clock(simcity.Paced(20_000)).Simulate(t)
	require.Equal(t, []string{"orchestrator_tick_drift"}, brokenRules(result), result.Reasons)
}

// A paced run judges the tester's own drift and memory, as the runbook asks, and
// its figures are told by a report. Too little memory is found.
func TestCityJudgesDriftAndMemoryOfAPacedRun(t *testing.T) {
	t.Parallel()
	day := scenarios.Baseline()
	day.Duration = 2 * time.Hour
	day.Invariants = []simcity.Invariant{invariants.TickDrift(0), invariants.MemoryUsage(0.000_001)}
	day.AllowEmpty = []string{"*"}
	day.KeepGoing = true
	result := simcity.New(day).Target(simcity.InProcess(newCity())).Clock(simcity.Paced(5_000)).Simulate(t)
	drift, memory := result.Invariant("orchestrator_tick_drift"), result.Invariant("memory_usage")
	require.Positive(t, drift.Judgement.Samples)
	require.Empty(t, drift.Judgement.Exempt)
	require.Equal(t, simcity.Violated, memory.Status)
	require.Greater(t, memory.Judgement.Samples, int64(3))
	require.Contains(t, report.OfResult(result).Markdown(0), "tick drift")
	t.Log("drift", drift.Judgement.Got, "memory", memory.Judgement.Got)
}

// The correct app raises no alarm, whatever the seed, and every seed repeats:
// two runs of it end in one digest. SIMCITY_TEST_SEEDS says how many seeds.
func TestCityCorrectAppPassesAndRepeatsUnderManySeeds(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	seeds := 10
	if underRace {
		seeds = 3 // the detector looks at code, and sees the same in each
	}
	if text := os.Getenv("SIMCITY_TEST_SEEDS"); text != "" {
		var err error
		seeds, err = strconv.Atoi(text)
		require.NoError(t, err, "SIMCITY_TEST_SEEDS")
	}
	digests := map[simcity.Digest]uint64{}
	for seed := range uint64(seeds) {
		first := baseline("", seed).Simulate(t)
		require.Equal(t, simcity.Pass, first.Verdict, "seed %d: %s", seed, first.Explain())
		require.Equal(t, first.Digest, baseline("", seed).Simulate(t).Digest, "seed %d", seed)
		twin, taken := digests[first.Digest]
		require.False(t, taken, "seeds %d and %d are the same city", seed, twin)
		digests[first.Digest] = seed
	}
}

// The digest is a function of the seed: in another process, on one processor
// and on two.
func TestCityRepeatsInAnotherProcess(t *testing.T) {
	const child = "SIMCITY_TEST_CHILD"
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	result := baseline("", 3).Simulate(t)
	if os.Getenv(child) != "" {
		return // the parent reads the verdict line
	}
	for _, processors := range []string{"1", "2"} {
		command := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		command.Env = append(os.Environ(), child+"=1", "GOMAXPROCS="+processors)
		output, err := command.CombinedOutput()
		require.NoError(t, err, string(output))
		require.Contains(t, string(output), "digest="+result.Digest.String()[:16], "GOMAXPROCS=%s", processors)
	}
}

// Whole rules that nothing touched leave the day undecided, by name.
func TestCityWithoutCustomersIsInconclusive(t *testing.T) {
	day := scenarios.Baseline()
	day.Policies.CustomerSpawnRate = 0
	day.Populations = slices.DeleteFunc(day.Populations, func(p simcity.Population) bool { return p.Name == "rush" })
	result := simcity.New(day).Target(simcity.InProcess(newCity())).Simulate(t)
	require.Equal(t, simcity.Inconclusive, result.Verdict)
	reasons := strings.Join(result.Reasons, "\n")
	require.Contains(t, reasons, "population customer never acted: nobody came")
	require.Contains(t, reasons, "invariant zero_double_bookings was not checked: 0 samples, needs 1")
}

// The same citizens in a city that is watched: paced by wall time, with real
// overlap for the race detector.
func TestCityPacedDay(t *testing.T) {
	t.Parallel()
	day := scenarios.Baseline()
	day.Duration = 12 * time.Hour
	day.AllowEmpty = []string{"*"}
	day.Populations = append(day.Populations, simcity.Population{
		Name: "late", Agent: agents.Customer{}, Arrivals: agents.Burst{N: 5, At: time.Hour},
	})
	result := simcity.New(day).Target(simcity.InProcess(newCity())).Clock(simcity.Paced(10_000)).Simulate(t)
	require.NotEmpty(t, result.Operations)
	for _, v := range result.Violations {
		require.NotEqual(t, "zero_double_bookings", v.Invariant, v.Breach.String())
	}
}
