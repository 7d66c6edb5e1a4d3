//go:build race

package simcity_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// Where everybody takes turns the race detector sees no race; in a free run it
// does, and the sweep tells it as its seed's finding.
func TestFreeSweepFindsDataRaces(t *testing.T) {
	t.Setenv("SIMCITY_STOP_AFTER", "1")
	res, told := swept(t, "50", simcity.New(sound()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		visits := map[string]int{}
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_ = simcity.Yield(r.Context(), "middle")
			visits[r.URL.Path]++
		}), nil
	})).Populate(citizens("regular", 5, regular)).Explore(simcity.Explore{Order: simcity.Free}))
	require.Contains(t, told, "NEW")
	require.Contains(t, told, "data race in github.com/bookiji/simcity/simcity_test.TestFreeSweepFindsDataRaces")
	require.Contains(t, res.Explain(), "race_sweep_test.go:")
	require.Contains(t, told, "go test -race github.com/bookiji/simcity/simcity -run")
}

// A data race fails the test, and takes nothing from the run in which it was seen.
func TestRaceInARunLeavesItsResult(t *testing.T) {
	if !inChild() {
		output, ok := inOwnProcess(t, t.Name())
		require.False(t, ok)
		require.Contains(t, output, "WARNING: DATA RACE")
		require.Contains(t, output, "it has a result")
		return
	}
	visits := 0
	res := city(func(http.ResponseWriter, *http.Request) {
		go func() { visits++ }()
		visits++
	}, citizens("visitor", 1, visitor)).Simulate(t)
	require.Empty(t, findings(res, simcity.FindingHang))
	t.Log("it has a result")
}
