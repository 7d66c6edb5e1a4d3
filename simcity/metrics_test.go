package simcity_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bookiji/simcity/simcity"
)

// measured is the metrics of a run that record fills, as its last snapshot.
func measured(t *testing.T, record func(*simcity.Metrics)) *simcity.Snapshot {
	t.Helper()
	return city(hello, citizens("visitor", 1, func(ctx context.Context, c *simcity.Citizen) error {
		record(c.World().Metrics())
		return get(ctx, c, "/")
	})).Simulate(t).Metrics
}

// The figures that are read at once are those that are read one by one.
func TestSummaryTellsThePercentiles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		trend, longest := simcity.NewTrend(), time.Duration(0)
		for _, micros := range rapid.SliceOf(rapid.Int64Range(0, 2*time.Hour.Microseconds())).Draw(r, "micros") {
			d := time.Duration(micros) * time.Microsecond
			trend.Record(d)
			longest = max(longest, min(d, time.Hour))
		}
		s := trend.Summary()
		require.Equal(r, simcity.TrendSummary{Count: trend.Count(), P50: trend.Percentile(50), P95: trend.Percentile(95), P99: trend.Percentile(99), Max: trend.Percentile(100)}, s)
		require.InDelta(r, longest, s.Max, float64(longest)/1000+float64(time.Microsecond), "three digits of the longest")
	})
}

func TestMetricsOfTheHostAreInTheSnapshot(t *testing.T) {
	t.Parallel()
	s := measured(t, func(m *simcity.Metrics) {
		m.Add("mails_sent", 2)
		m.Add("mails_sent", 1)
		m.Set("queue_length", 7)
		m.Count("cache_hit", true)
		m.Count("cache_hit", false)
		m.Count("cache_hit", true)
		m.Record("checkout", 20*time.Millisecond)
	})
	require.Equal(t, int64(3), s.Counters["mails_sent"])
	require.InDelta(t, 7, s.Gauges["queue_length"], 0)
	require.Equal(t, simcity.Rate{So: 2, Tries: 3}, s.Rates["cache_hit"])
	require.InDelta(t, 2.0/3, s.Rates["cache_hit"].Share(), 1e-9)
	require.Equal(t, int64(1), s.Trends["checkout"].Count)
	require.Zero(t, simcity.Rate{}.Share())
}

func TestFiguresThatASourceNoLongerTellsAreGone(t *testing.T) {
	t.Parallel()
	s := measured(t, func(m *simcity.Metrics) {
		m.Set("own", 1)
		m.Replace("/metrics", map[string]float64{"hits": 1, "misses": 2})
		m.Replace("/metrics", map[string]float64{"hits": 3})
	})
	require.Equal(t, map[string]float64{"own": 1, "hits": 3}, s.Gauges)
	s = measured(t, func(m *simcity.Metrics) {
		m.Replace("/metrics", map[string]float64{"hits": 1})
		m.Replace("/metrics", nil)
	})
	require.Empty(t, s.Gauges)
}

func TestSendIsOneRequestWithoutRedirects(t *testing.T) {
	t.Parallel()
	var status int
	res := city(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		citizens("visitor", 1, func(ctx context.Context, c *simcity.Citizen) error {
			return c.Do(ctx, "look", nil, func(ctx context.Context, _ *simcity.Operation) error {
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL(), nil)
				if err != nil {
					return err
				}
				response, err := c.Send(request)
				if err != nil {
					return err
				}
				status = response.StatusCode
				return response.Body.Close()
			})
		})).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, http.StatusFound, status)
}
