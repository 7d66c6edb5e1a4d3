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

// city is the morning of an ordinary day on the reference app, in which what is rare
// may not happen, that tells a reporter.
func city(t *testing.T, reporter simcity.Reporter) *simcity.Result {
	t.Helper()
	day := scenarios.Baseline()
	day.Duration, day.AllowEmpty = 8*time.Hour, []string{"*"}
	running, err := simcity.New(day).Seed(7).Report(reporter).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
		return booking.New(booking.Config{Store: booking.NewMemoryStore(), Logger: w.Logger()})
	})).Start(t.Context())
	require.NoError(t, err)
	res := running.Wait()
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	require.Greater(t, res.Events, int64(1000))
	return res
}
