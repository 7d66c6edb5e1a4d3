package simcity_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// atTheStore passes a seam as a handler does before it asks its database.
func atTheStore(_ http.ResponseWriter, r *http.Request) {
	_ = simcity.Yield(r.Context(), "store.find")
}

// everyMinute asks once a minute, for as long as the run lasts.
func everyMinute(ctx context.Context, c *simcity.Citizen) error {
	for {
		if err := c.Sleep(ctx, time.Minute); err != nil {
			return err
		}
		if err := get(ctx, c, "/"); err != nil {
			return err
		}
	}
}

func TestCitizensWhoActAtTheSameTimeGoOnToMeet(t *testing.T) {
	t.Parallel()
	res := city(atTheStore, citizens("regular", 5, everyMinute)).Simulate(t)
	require.Len(t, res.Seams, 1)
	seam := res.Seams[0]
	require.Equal(t, "store.find", seam.Name)
	require.GreaterOrEqual(t, seam.Contended, seam.Passed/2, "they do not drift apart: %+v", seam)
}

func TestSeamThatNobodyContendsIsNoted(t *testing.T) {
	t.Parallel()
	told := record(t, "TestX", func(tb testing.TB) {
		res := city(atTheStore, citizens("loner", 1, everyMinute)).Simulate(tb)
		require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
		require.Zero(t, res.Seams[0].Contended)
	})
	require.Contains(t, told.output.String(), "simcity note: seam store.find was passed")
	require.Contains(t, told.output.String(), "no race can show there")
}

func TestDeadlockInTheHostIsAFailure(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	f, res := hung(t, city(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		mu.Lock() // its own lock, again
	}, citizens("customer", 1, visitor)))
	require.Equal(t, simcity.Fail, res.Verdict, res.Reasons)
	require.Contains(t, f.Text, "a deadlock in the host")
}

func TestHolderOfALockAcrossASleepIsNamed(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	f, res := hung(t, city(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		time.Sleep(time.Second) // the holder
		mu.Unlock()
	}, citizens("customer", 2, visitor)))
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
	require.Contains(t, f.Text, "one of which may hold it: [sleep] at")
	require.Equal(t, 2, strings.Count(f.Text, "seam_test.go"), "waiter and holder: %s", f.Text)
}

func TestPopulationThatNeverSucceedsTestsNothing(t *testing.T) {
	t.Parallel()
	res := city(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		citizens("customer", 2, visitor)).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Contains(t, res.Reasons[0], "population customer never succeeded: 2 operations, none of them ok, the last get -> rejected 404")
}

func TestRequestsOutsideOfDoAreNamedAsTheCause(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("customer", 2, func(ctx context.Context, c *simcity.Citizen) error {
		response, err := c.Client().Get(c.BaseURL() + "/")
		if err != nil {
			return err
		}
		return response.Body.Close()
	})).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Contains(t, res.Reasons[0], "2 requests outside of Citizen.Do")
}

func TestLivesThatAllEndInAnErrorAreTold(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("customer", 2, func(ctx context.Context, c *simcity.Citizen) error {
		if err := get(ctx, c, "/"); err != nil {
			return err
		}
		return http.ErrNoCookie
	})).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Contains(t, res.Reasons[0], "2 of 2 lives that ended did so in an error, the last of customer/")
	require.Contains(t, res.Reasons[0], "named cookie not present")
}
