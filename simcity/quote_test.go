package simcity_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// What an app logs or answers with is told in the test's output, where a CI
// service must not obey it.
func TestAppGivesNoCommandsToACIService(t *testing.T) {
	t.Parallel()
	told := record(t, "TestX", func(tb testing.TB) {
		simcity.New(sound()).Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
			w.Logger().Error("x", "text", "##[error]gone ##vso[task.complete]x")
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				panic("boom\n  ::stop-commands::all\r::error title=x::gone\n\t::add-mask::e")
			}), nil
		})).Run(tb)
	})
	require.Len(t, told.errors, 1)
	require.Contains(t, told.errors[0], ": :stop-commands::all\n")
	require.Contains(t, told.errors[0], ": :error title=x::gone")
	require.Contains(t, told.errors[0], "# #[error]gone # #vso[task.complete]")
	require.NotRegexp(t, `(?m)^\s*::`, told.errors[0])
	require.NotContains(t, told.errors[0], "##[")
	require.NotContains(t, told.errors[0], "\r")
}
