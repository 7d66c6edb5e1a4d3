package simcity_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// refusedLive is what a test is told whose target is a staging system.
func refusedLive(t *testing.T) string {
	t.Helper()
	target := simcity.URL("https://" + ours).AllowHost(ours)
	return record(t, "TestX", func(t testing.TB) { elsewhere(target, citizens("visitor", 1, visitor)).Simulate(t) }).fatal
}

func TestLivePassThatWouldBeCachedIsRefused(t *testing.T) {
	log := flag.Lookup("test.testlogfile").Value
	before := log.String()
	t.Cleanup(func() { _ = log.Set(before) })
	require.NoError(t, log.Set("test.log"))
	told := refusedLive(t)
	require.Contains(t, told, "-count is not given; allowed: -count=1")
	require.Contains(t, told, "answer a repeat of this live run from its cache")
}

func TestSweepOfAStagingSystemIsRefused(t *testing.T) {
	t.Setenv("SIMCITY_SEEDS", "10")
	require.Contains(t, refusedLive(t), "would load https://staging.example.com with several runs at once")
}
