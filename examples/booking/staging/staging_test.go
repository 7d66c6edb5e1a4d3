package staging_test

import (
	"context"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos/remote"
	"github.com/bookiji/simcity/examples/booking/staging"
	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// An ordinary day on the staging system, from outside.
func TestStaging(t *testing.T) {
	base, secret := os.Getenv("STAGING_URL"), os.Getenv("SIMCITY_SECRET")
	day, clock := scenarios.Baseline(), simcity.Paced(100)
	if base == "" {
		base, secret = standIn(t)
		day, clock = glimpse(day), simcity.Paced(1800)
	}
	simcity.New(day).
		Target(simcity.URL(base).
			AllowHost("staging.example.com"). // yours
			Login(secret).
			Equip(remote.Hooks{Purge: true}.Offer)).
		Clock(clock).
		Check(invariants.Probe("host_probes", remote.Probes)).
		Run(t)
}

// standIn is a staging system for those who have none.
func standIn(t *testing.T) (base, secret string) {
	t.Helper()
	secret = "correct-horse-battery-staple"
	market, err := staging.New(t.Context(), staging.Config{Environment: "staging", Secret: secret, Speed: 1000})
	require.NoError(t, err)
	server := httptest.NewServer(market)
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, market.Close(context.Background()))
	})
	return server.URL, secret
}

// glimpse is an hour of a scenario, in which not everything is met, and in which a
// busy machine may be slow.
func glimpse(day simcity.Scenario) simcity.Scenario {
	day.Duration, day.AllowEmpty = time.Hour, []string{"*"}
	day.Invariants = slices.Clone(day.Invariants)
	for i, inv := range day.Invariants {
		if slices.Contains([]string{"orchestrator_tick_drift", "api_p95_response_time", "api_p99_response_time"}, inv.Name) {
			day.Invariants[i] = invariants.Warn(inv)
		}
	}
	return day
}
