package agents_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/agents"
	"github.com/bookiji/simcity/simcity"
)

// vault is a market with bookings bk_1 to bk_40, all of "ann". open decides who
// is shown them.
type vault struct {
	agents.Unsupported
	open  func(u *agents.User) bool
	chats map[string][]agents.Message
}

func (v vault) SignIn(_ context.Context, u *agents.User) error {
	u.Account = "account of " + u.ID()
	return nil
}

func (v vault) Mine(_ context.Context, u *agents.User) (list []agents.Booking, _ error) {
	for i := range 40 {
		if v.open(u) {
			list = append(list, agents.Booking{ID: fmt.Sprint("bk_", i+1), Customer: "ann"})
		}
	}
	return list, nil
}

func (v vault) See(_ context.Context, u *agents.User, id string) (agents.Booking, error) {
	var n int
	_, err := fmt.Sscanf(id, "bk_%d", &n)
	if err != nil || n < 1 || n > 40 || !v.open(u) {
		return agents.Booking{}, refuse(http.StatusNotFound, "not_found")
	}
	return agents.Booking{ID: id, Customer: "ann"}, nil
}

func (v vault) Messages(_ context.Context, u *agents.User, id string) ([]agents.Message, error) {
	if !v.open(u) {
		return nil, refuse(http.StatusForbidden, "")
	}
	return v.chats[id], nil
}

// prowl lets one intruder live for an hour.
func prowl(t *testing.T, seed uint64, intruder agents.Intruder, h http.HandlerFunc) *town {
	t.Helper()
	tw := &town{facts: map[simcity.FactKind]int{}}
	p := agents.Intruders(agents.Burst{N: 1})
	p.Agent = intruder
	tw.result = simcity.New(simcity.Scenario{
		Name: "vault", Duration: time.Hour, Populations: []simcity.Population{p},
		Invariants: []simcity.Invariant{watch(func(op *simcity.Operation) {
			tw.operations = append(tw.operations, *op)
			for _, f := range op.Facts {
				tw.facts[f.Kind]++
			}
		})},
	}).Target(serving(h)).Seed(seed).Simulate(t)
	require.Equal(t, simcity.Pass, tw.result.Verdict, tw.result.Reasons)
	return tw
}

func shut(*agents.User) bool { return false }

func TestAnIntruderIsDenied(t *testing.T) {
	t.Parallel()
	tw := prowl(t, 1, agents.Intruder{Market: vault{open: shut}}, nobody)
	require.Zero(t, tw.facts[simcity.Saw])
	require.GreaterOrEqual(t, tw.facts[simcity.Denied], 4*10, "four questions, about every five minutes")
	require.LessOrEqual(t, tw.facts[simcity.Denied], 4*13)
	require.Zero(t, tw.result.Metrics.Outcomes["error"])
	tw.each(func(op *simcity.Operation, f simcity.Fact) {
		require.Equal(t, simcity.Rejected, op.Outcome)
		require.Empty(t, op.Err)
		require.Equal(t, "intruder/1", f.Holder)
		require.Equal(t, op.Input, f.ID)
		require.Contains(t, []string{agents.OpSeeForeign, agents.OpChatForeign}, op.Name)
	})
}

// While the vault is open, for ten minutes, everything that it is shown is told
// as somebody else's, and later it asks for the same again.
func TestAnIntruderTellsWhatItIsShown(t *testing.T) {
	t.Parallel()
	ajar := func(u *agents.User) bool { return u.Elapsed() >= 20*time.Minute && u.Elapsed() < 30*time.Minute }
	market := vault{open: ajar, chats: map[string][]agents.Message{}}
	for i := range 30 {
		market.chats[fmt.Sprint("bk_", i+1)] = []agents.Message{{From: "bob", Text: "hello"}}
	}
	tw := prowl(t, 2, agents.Intruder{Market: market}, nobody)
	owners, again := map[string]string{}, 0
	tw.each(func(op *simcity.Operation, f simcity.Fact) {
		switch {
		case f.Kind == simcity.Saw:
			require.True(t, op.Start >= 20*time.Minute && op.Start < 30*time.Minute, "at %v", op.Start)
			require.Equal(t, simcity.OK, op.Outcome)
			owners[op.Name] = f.Of
		case op.Start > 30*time.Minute:
			again++
		}
	})
	require.Equal(t, map[string]string{agents.OpMineForeign: "ann", agents.OpSeeForeign: "ann", agents.OpChatForeign: "bob"}, owners)
	require.Positive(t, again)
}

func TestAnIntruderGuessesAsItIsTold(t *testing.T) {
	t.Parallel()
	tw := prowl(t, 1, agents.Intruder{
		Market: vault{open: shut}, Every: 10 * time.Minute, Stay: 25 * time.Minute,
		Guess: func(r *rand.Rand) string { return fmt.Sprint("order-", r.IntN(9)) },
	}, nobody)
	require.LessOrEqual(t, len(tw.operations), 1+3*5)
	tw.each(func(op *simcity.Operation, _ simcity.Fact) {
		require.True(t, strings.HasPrefix(op.Input.(string), "order-"))
	})
}

// Over HTTP: 404 and 403 are the right answers, 429 is none, 500 is a failure.
func TestAnIntruderOverREST(t *testing.T) {
	t.Parallel()
	looks := 0
	tw := prowl(t, 1, agents.Intruder{}, func(w http.ResponseWriter, r *http.Request) {
		require.True(t, r.Method == http.MethodGet || r.URL.Path == "/api/test/login", "an intruder does not write")
		switch path := r.URL.Path; {
		case path == "/api/test/login":
			_, _ = io.WriteString(w, `{"token":"t","userId":"me"}`)
		case path == "/api/bookings":
			_, _ = io.WriteString(w, `{"bookings":[{"id":"bk_7","customer":"me"},{"id":"bk_8"}]}`)
		case strings.HasSuffix(path, "/messages"):
			_, _ = io.WriteString(w, `{"messages":[]}`)
		default:
			looks++
			w.WriteHeader([]int{404, 403, 429, 500}[looks%4])
		}
	})
	outcomes := map[int]simcity.Outcome{}
	for i := range tw.operations {
		op := &tw.operations[i]
		switch op.Name {
		case agents.OpMineForeign:
			require.Equal(t, "intruder/1", op.Facts[0].Of, "its own by the app's word")
			require.Equal(t, "somebody else", op.Facts[1].Of, "it has none, so whatever it is shown is foreign")
		case agents.OpChatForeign:
			require.Equal(t, simcity.Denied, op.Facts[0].Kind)
		case agents.OpSeeForeign:
			outcomes[op.Status] = op.Outcome
			denied := op.Status == 404 || op.Status == 403
			require.Equal(t, denied, len(op.Facts) == 1)
			require.Equal(t, denied, op.Err == "")
		}
	}
	require.Equal(t, map[int]simcity.Outcome{404: simcity.Rejected, 403: simcity.Rejected, 429: simcity.Rejected, 500: simcity.Failed}, outcomes)
}

func TestAnIntruderNeedsSomethingToLookAt(t *testing.T) {
	t.Parallel()
	p := agents.Intruders(agents.Burst{N: 1})
	p.Agent = agents.Intruder{Market: agents.Unsupported{}}
	result := simcity.New(simcity.Scenario{
		Name: "void", Duration: time.Hour, Populations: []simcity.Population{p},
		Invariants: []simcity.Invariant{watch(func(*simcity.Operation) {})},
	}).Target(serving(nobody)).Simulate(t)
	require.Equal(t, simcity.Inconclusive, result.Verdict)
	require.Contains(t, strings.Join(result.Reasons, "\n"), "nothing to look at")
	require.ErrorContains(t, agents.Intruder{Every: time.Millisecond}.Validate(), "Intruder.Every")
	require.ErrorContains(t, agents.Intruder{Stay: -1}.Validate(), "Intruder.Stay")
}
