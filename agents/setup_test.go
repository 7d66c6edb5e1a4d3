package agents_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/simcity"
)

// watch is an invariant that hands every operation to a test.
func watch(see func(*simcity.Operation)) simcity.Invariant {
	return simcity.Invariant{Name: "watch", Begin: func(*simcity.World) simcity.Check {
		return simcity.Check{
			Operation: func(op *simcity.Operation) *simcity.Breach {
				see(op)
				return nil
			},
			Judge: func() simcity.Judgement { return simcity.Judgement{Samples: 1} },
		}
	}}
}

func serving(h http.HandlerFunc) simcity.Target {
	return simcity.InProcess(func(*simcity.World) (http.Handler, error) { return h, nil })
}

func nobody(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }

// arrive runs an arrival process and returns when citizens arrived.
func arrive(t *testing.T, seed uint64, lasts time.Duration, arrivals simcity.Arrivals, policies func(*simcity.Policies)) ([]time.Duration, *simcity.Result) {
	t.Helper()
	var times []time.Duration
	agent := simcity.AgentFunc(func(_ context.Context, c *simcity.Citizen) error {
		times = append(times, c.Elapsed())
		return nil
	})
	if policies == nil {
		policies = func(p *simcity.Policies) { p.MaxConcurrentAgents = 100_000 }
	}
	r := simcity.New(simcity.Scenario{
		Name: "arrivals", Duration: lasts, AllowEmpty: []string{"*"},
		Populations: []simcity.Population{{Name: "walker", Agent: agent, Arrivals: arrivals}},
		Invariants:  []simcity.Invariant{watch(func(*simcity.Operation) {})},
	}).Policies(policies).Target(serving(nobody)).Seed(seed).Simulate(t)
	require.NotEqual(t, simcity.Fail, r.Verdict, r.Reasons)
	return times, r
}

// ask lets one citizen use a port on a handler and returns what it got.
func ask(t *testing.T, h http.HandlerFunc, use func(ctx context.Context, u *agents.User) error) (op *simcity.Operation, err error) {
	t.Helper()
	agent := simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
		u := agents.NewUser(c, agents.RoleCustomer)
		err = c.Do(ctx, "ask", "", func(ctx context.Context, _ *simcity.Operation) error { return use(ctx, u) })
		return nil
	})
	simcity.New(simcity.Scenario{
		Name: "ask", Duration: time.Hour, AllowEmpty: []string{"*"},
		Populations: []simcity.Population{{Name: "one", Agent: agent, Arrivals: agents.Burst{N: 1}}},
		Invariants:  []simcity.Invariant{watch(func(o *simcity.Operation) { op = o })},
	}).Target(serving(h)).Simulate(t)
	require.NotNil(t, op)
	return op, err
}
