package booking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// healing are the bugs that an ordinary day does not meet: something has to go
// wrong first, from which the app then does not recover, or somebody has to pry.
var healing = []struct {
	bug  booking.Bug
	rule string
	day  func() simcity.Scenario
}{
	{booking.BugWatchdogSleeps, "tenant_isolation", scenarios.DisasterMix},
	{booking.BugLeaksMessages, "tenant_isolation", scenarios.DisasterMix},
	{booking.BugRefreshDies, "search_freshness", scenarios.DisasterMix},
	{booking.BugColdRestart, "recovery_time", lastingDamage},
	{booking.BugStickyLimit, "rate_limited_share", func() simcity.Scenario {
		return oneFault(chaos.RateLimitBurst{Multiplier: 300}.Fault())
	}},
	{booking.BugWebhookChargesTwice, "money_conservation", func() simcity.Scenario {
		return oneFault(chaos.WebhookTwice{Path: "/api/payments/webhook"}.Fault())
	}},
}

func bugsUnderFaults() (bugs []booking.Bug) {
	for _, planted := range healing {
		bugs = append(bugs, planted.bug)
	}
	return bugs
}

// oneFault is the day of the disasters with another fault for half an hour.
func oneFault(fault simcity.Fault) simcity.Scenario {
	day := scenarios.DisasterMix()
	day.Name = "one_fault"
	day.Duration = 4 * time.Hour
	day.Injections = []simcity.Injection{{Fault: fault, At: 90 * time.Minute, For: 30 * time.Minute}}
	return day
}

// lastingDamage is a day that is judged by how it recovers alone.
func lastingDamage() simcity.Scenario {
	day := oneFault(chaos.CacheInvalidationStorm{InvalidationRate: 1}.Fault())
	day.Invariants = []simcity.Invariant{invariants.RecoveryTime(0)}
	return day
}

// What does not heal is found by its own rule; the correct app heals from the
// same.
func TestCityFindsWhatDoesNotHeal(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "") // this test has its own
	for _, planted := range healing {
		t.Run(string(planted.bug), func(t *testing.T) {
			lived := func(bugs ...booking.Bug) *simcity.Result {
				return simcity.New(planted.day()).Target(simcity.InProcess(newCity(bugs...))).Simulate(t)
			}
			broken := brokenRules(lived(planted.bug))
			require.NotEmpty(t, broken)
			require.Equal(t, planted.rule, broken[0], "others may follow from it")
			if planted.day().Name == scenarios.DisasterMix().Name {
				return // TestSimCityDisasterMix is the correct app's day
			}
			correct := lived()
			require.Equal(t, simcity.Pass, correct.Verdict, correct.Explain())
		})
	}
}
