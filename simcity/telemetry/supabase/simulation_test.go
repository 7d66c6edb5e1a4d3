package supabase_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// city is an ordinary day on the reference app that tells a reporter.
func city(t *testing.T, reporter simcity.Reporter) *simcity.Result {
	t.Helper()
	running, err := simcity.New(scenarios.Baseline()).Seed(7).Report(reporter).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		return booking.New(booking.Config{Store: booking.NewMemoryStore(), Logger: w.Logger()})
	})).Start(t.Context())
	require.NoError(t, err)
	res := running.Wait()
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	return res
}
