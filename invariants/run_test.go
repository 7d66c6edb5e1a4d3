package invariants_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

// sellers is a shop that sells one chair to up to that many people.
func sellers(limit int64) func(*simcity.World) (http.Handler, error) {
	return func(*simcity.World) (http.Handler, error) {
		var sold atomic.Int64
		mux := http.NewServeMux()
		mux.HandleFunc("POST /chair", func(w http.ResponseWriter, r *http.Request) {
			if sold.Add(1) > limit {
				w.WriteHeader(http.StatusConflict)
			}
		})
		mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "# TYPE sold_total counter\nsold_total{chair=\"1\"} %d\n", sold.Load())
		})
		return mux, nil
	}
}

func buy(ctx context.Context, c *simcity.Citizen) error {
	if err := c.Sleep(ctx, time.Duration(1+c.Rand().IntN(60))*time.Minute); err != nil {
		return err
	}
	return c.Do(ctx, "book", "chair", func(ctx context.Context, op *simcity.Operation) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL()+"/chair", nil)
		if err != nil {
			return err
		}
		response, err := c.Client().Do(request)
		if err != nil {
			return err
		}
		fact := simcity.Fact{Kind: simcity.Confirmed, ID: c.ID(), Resource: "chair", Holder: c.ID()}
		if response.StatusCode == http.StatusConflict {
			fact.Kind = simcity.Refused
		}
		op.Learn(fact)
		return response.Body.Close()
	})
}

func chairs(t *testing.T, limit int64, path string) *simcity.Result {
	t.Helper()
	arrivals := simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error {
		for range 40 {
			g.Spawn()
		}
		return nil
	})
	running, err := simcity.New(simcity.Scenario{
		Name: "chairs", Duration: 3 * time.Hour,
		Collectors: []simcity.Collector{invariants.Prometheus(path)},
		Invariants: []simcity.Invariant{
			invariants.ZeroDoubleBookings(),
			invariants.Threshold("sold", func(s *simcity.Snapshot) float64 { return s.Gauge("sold_total") }, ">=", 1, "chairs"),
			invariants.Probe("asked", func(_ context.Context, w *simcity.World) error {
				response, err := w.Client().Get(w.BaseURL() + "/metrics")
				if err != nil {
					return err
				}
				return response.Body.Close()
			}),
			invariants.MemoryUsage(1),
		},
	}).Target(simcity.InProcess(sellers(limit))).
		Populate(simcity.Population{Name: "customer", Agent: simcity.AgentFunc(buy), Arrivals: arrivals}).
		Start(context.Background())
	require.NoError(t, err)
	return running.Wait()
}

func TestInARun(t *testing.T) {
	t.Parallel()
	good := chairs(t, 1, "")
	require.Equal(t, "PASS", fmt.Sprint(good.Verdict), "%+v", good)
	require.Equal(t, good.Metrics.Gauges["sold_total"], good.Metrics.Gauges[`sold_total{chair="1"}`])
	bad := chairs(t, 2, "")
	require.Equal(t, "FAIL", fmt.Sprint(bad.Verdict))
	require.Equal(t, "zero_double_bookings", bad.Violations[0].Invariant)
	require.NotEqual(t, "PASS", fmt.Sprint(chairs(t, 1, "/nowhere").Verdict), "a threshold on figures that never came")
}
