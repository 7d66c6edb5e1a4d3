package invariants_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/invariants"
	"github.com/bookiji/simcity/simcity"
)

// A safe shows nobody what is somebody else's, but while it is open. It shuts
// itself a while after somebody opened it.
type safe struct {
	opened atomic.Int64 // Unix nanoseconds, 0 while it is shut
	heals  time.Duration
}

func (s *safe) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if at := s.opened.Load(); at == 0 || time.Since(time.Unix(0, at)) >= s.heals {
		w.WriteHeader(http.StatusNotFound)
	}
}

// ajar is the fault that opens the safe.
func (s *safe) ajar() simcity.Fault {
	return simcity.Fault{Kind: "RLS_MISCONFIG", Inject: func(_ context.Context, _ *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		s.opened.Store(time.Now().UnixNano())
		touched.Add(1)
		return func(context.Context) error { s.opened.Store(0); return nil }, nil
	}}
}

// spy asks every minute for what is not its own.
func spy(ctx context.Context, c *simcity.Citizen) error {
	for {
		if err := c.Sleep(ctx, time.Minute); err != nil {
			return err
		}
		err := c.Do(ctx, "spy", "1", func(ctx context.Context, op *simcity.Operation) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL()+"/1", nil)
			if err != nil {
				return err
			}
			response, err := c.Client().Do(request)
			if err != nil {
				return err
			}
			fact := simcity.Fact{Kind: simcity.Denied, ID: "1", Holder: c.ID()}
			if response.StatusCode == http.StatusOK {
				fact.Kind, fact.Of = simcity.Saw, "ann"
			}
			op.Learn(fact)
			return response.Body.Close()
		})
		if err != nil {
			return err
		}
	}
}

// spied is a run of four hours in which the safe is opened after one.
func spied(t *testing.T, heals, opened time.Duration) *simcity.Result {
	t.Helper()
	s := &safe{heals: heals}
	scenario := simcity.Scenario{
		Name: "spied", Duration: 4 * time.Hour, KeepGoing: true, AllowEmpty: []string{"spy"},
		Invariants: []simcity.Invariant{
			invariants.TenantIsolation(0), invariants.RecoveryTime(0), invariants.Stages(time.Hour), invariants.Limits(0),
		},
		Populations: []simcity.Population{{Name: "spy", Agent: simcity.AgentFunc(spy), Arrivals: simcity.ArrivalsFunc(
			func(_ context.Context, g *simcity.Gate) error {
				g.Spawn()
				g.Spawn()
				return nil
			})}},
	}
	if opened > 0 {
		scenario.Injections = []simcity.Injection{{Fault: s.ajar(), At: opened, For: min(time.Hour, 4*time.Hour-opened)}}
	}
	running, err := simcity.New(scenario).
		Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) { return s, nil })).
		Start(context.Background())
	require.NoError(t, err)
	return running.Wait()
}

func TestAHostThatHealsItselfIsExcused(t *testing.T) {
	t.Parallel()
	r := spied(t, 5*time.Minute, time.Hour+30*time.Second)
	require.Equal(t, simcity.Pass, r.Verdict, r.Reasons)
	require.Equal(t, "0 looks at foreign data; excused: 10 under RLS_MISCONFIG, the last 4m30s after it began",
		r.Invariant("tenant_isolation").Judgement.Got)
	require.Equal(t, "RLS_MISCONFIG 4m30s", r.Invariant("recovery_time").Judgement.Got)
	require.Equal(t, simcity.Kept, r.Invariant("stages").Status)
}

func TestAHostThatDoesNotHealIsAccused(t *testing.T) {
	t.Parallel()
	r := spied(t, time.Hour, time.Hour+30*time.Second)
	require.Equal(t, simcity.Fail, r.Verdict)
	require.Equal(t, time.Hour+11*time.Minute, r.Violation("tenant_isolation").At.Round(time.Second))
	require.Equal(t, "RLS_MISCONFIG: 2 looks at foreign data, 59m30s into recovery", r.Violation("recovery_time").Got)
}

func TestRecoveryWithoutAFaultIsExempt(t *testing.T) {
	t.Parallel()
	r := spied(t, time.Hour, 0)
	require.Equal(t, simcity.Pass, r.Verdict, r.Reasons)
	require.Contains(t, r.Invariant("recovery_time").Judgement.Exempt, "no fault struck")
	late := spied(t, time.Minute, 3*time.Hour+50*time.Minute)
	require.Equal(t, simcity.Inconclusive, late.Verdict)
	require.Contains(t, late.Reasons[0], "recovery_time was not checked: 0 samples, needs 1")
}
