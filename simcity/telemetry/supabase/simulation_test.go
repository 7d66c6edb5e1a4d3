package supabase_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
)

// city is the morning of an ordinary day on the reference app that tells a reporter:
// too short for a verdict, and long enough for a history.
func city(t *testing.T, reporter simcity.Reporter) *simcity.Result {
	t.Helper()
	running, err := simcity.New(scenarios.Baseline()).Seed(7).Until(8 * time.Hour).Report(reporter).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		return booking.New(booking.Config{Store: booking.NewMemoryStore(), Logger: w.Logger()})
	})).Start(t.Context())
	require.NoError(t, err)
	res := running.Wait()
	require.NotContains(t, res.Explain(), "history is not whole")
	require.Greater(t, res.Events, int64(1000))
	return res
}
