package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos/remote"
	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// shortened is a scenario of the pack, cut to a part of it that takes some seconds of
// real time at its factor.
type shortened struct {
	scenario simcity.Scenario
	until    time.Duration
	factor   float64
}

func thePack() []shortened {
	return []shortened{
		{scenarios.Baseline(), 5 * time.Hour, 3600},
		{scenarios.GrowthCurve(), 7 * time.Hour, 3600},
		{scenarios.VendorSLADrill(), 6 * time.Hour, 3600},
		{scenarios.Soak(), 4 * time.Hour, 3600},
		{scenarios.DisasterMix(), 270 * time.Minute, 750},
	}
}

// cut makes it a scenario of its own: what was planned for later is left out, what
// is rare need not be met in so short a time, and rules that a busy machine breaks
// are warnings.
func (s shortened) cut() simcity.Scenario {
	c := s.scenario
	c.Duration = s.until
	c.Commands = slices.DeleteFunc(slices.Clone(c.Commands), func(command simcity.Command) bool { return command.At >= s.until })
	c.AllowEmpty = []string{"*"}
	c.Invariants = slices.Clone(c.Invariants)
	for i, inv := range c.Invariants {
		if !slices.Contains(whateverTheLoad, inv.Name) {
			c.Invariants[i] = invariants.Warn(inv)
		}
	}
	return c
}

// whateverTheLoad are the rules that a slow machine does not excuse. The others are
// told: at this compression a second in which a busy machine does nothing is an
// hour, in which no vendor answers and no watchdog heals.
var whateverTheLoad = []string{
	"zero_double_bookings", "no_double_bookings_by_alias", "capacity_conservation", "no_orphaned_references",
	"money_conservation", "idempotent_retries", "host_probes",
}

// Each scenario lives against a server in another process, over a real database,
// and nothing remains of it.
func TestPackLivesOnAStagingSystem(t *testing.T) {
	for _, s := range thePack() {
		t.Run(s.scenario.Name, func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			market := startMarketplace(t, db.dsn, "-speed", "1000")
			traffic := watch(t, market.url)
			res := live(t, s, traffic.url)
			requireHeld(t, res, s.scenario.Injections)
			traffic.requireSynthetic(res)
			require.Empty(t, market.active(), "every fault was reverted")
			require.NoError(t, db.leftBehind())
			require.Empty(t, db.rowsLeft(), "the purge left rows in the database")
		})
	}
}

// The same where there is no database.
func TestDisastersLiveOnAStagingSystemInMemory(t *testing.T) {
	t.Parallel()
	market := startMarketplace(t, "", "-speed", "1000")
	res := live(t, shortened{scenarios.DisasterMix(), 270 * time.Minute, 750}, market.url)
	requireHeld(t, res, scenarios.DisasterMix().Injections)
	require.Empty(t, market.active())
}

// live lives a scenario against a marketplace.
func live(t *testing.T, s shortened, url string) *simcity.Result {
	t.Helper()
	res := simcity.New(s.cut()).
		Target(simcity.URL(url).Environment("local").Login(secret).Equip(remote.Hooks{Lease: 5 * time.Second, Purge: true}.Offer)).
		Clock(simcity.Paced(s.factor)).
		Check(invariants.Probe("host_probes", remote.Probes)).
		Simulate(t)
	t.Logf("%s: drift %.0f ms per s, p99 %s, %d requests over %d connections", s.scenario.Name,
		res.Metrics.DriftMillis, res.Metrics.Latency.P99, res.Remote.Requests, res.Remote.Opened)
	return res
}

// requireHeld tells that nothing was lost or sold twice, that the host's own word
// agrees, and that each fault struck something and is over.
func requireHeld(t *testing.T, res *simcity.Result, planned []simcity.Injection) {
	t.Helper()
	require.NotEqual(t, simcity.Fail, res.Verdict, res.Explain())
	require.NotEqual(t, simcity.Stopped, res.Verdict)
	for _, f := range res.Findings { // a machine that is too slow before the first fault is a reason, and no finding
		require.Equal(t, simcity.NoteFinding, f.Severity, f.Text)
	}
	for _, v := range res.Violations {
		t.Logf("warning: %s: got %s, want %s", v.Invariant, v.Got, v.Want)
	}
	for _, name := range []string{"zero_double_bookings", "host_probes"} {
		require.Positive(t, res.Invariant(name).Judgement.Samples, name)
	}
	require.Len(t, res.Faults, len(planned))
	for i, w := range res.Faults { // one after the other, as they are planned
		require.False(t, w.Active)
		if w.Begun > planned[i].At+planned[i].For/2 {
			t.Logf("so late on a slow machine that it may touch nothing: %s", w)
			continue
		}
		require.Positive(t, w.Touched, w.String())
	}
	require.Positive(t, res.Operations)
	require.Zero(t, res.Remote.InFlight)
}

// held is a fault that a host holds.
type held struct {
	Type      string
	BegunAt   time.Time
	ExpiresAt time.Time
}

// active are the faults that the host still holds.
func (m *aMarketplace) active() []held {
	m.Helper()
	request, err := http.NewRequestWithContext(m.Context(), http.MethodGet, m.url+"/api/test/faults", nil)
	require.NoError(m, err)
	request.Header.Set(simcity.HeaderSecret, secret)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	require.NoError(m, err)
	defer response.Body.Close()
	var told struct{ Active []held }
	require.NoError(m, json.NewDecoder(response.Body).Decode(&told))
	return told.Active
}
