package chaos_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

func TestDuplicatesAreDeliveredWithTheirBodies(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{chaos.FirstAnswer, chaos.SecondAnswer} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			s := trial{method: "POST", body: "pay 10", fault: chaos.DuplicateDelivery{Answer: answer, Delay: 2 * time.Second}.Fault()}.run(t)
			require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
			s.requireCalmOutside(t)
			require.Len(t, s.servedDuring(), 20)
			require.Len(t, s.served, len(s.calls)+10)
			for i, c := range s.during() {
				first, second := s.servedDuring()[2*i], s.servedDuring()[2*i+1]
				require.Equal(t, "pay 10", first.body)
				require.Equal(t, "pay 10", second.body)
				require.InDelta(t, 2, (second.at - first.at).Seconds(), 0.01)
				require.Equal(t, answer == chaos.SecondAnswer, c.took > time.Second)
				require.Equal(t, hello, c.body)
			}
			require.Equal(t, int64(10), s.touched(t))
		})
	}
}

// A check, a seam and a write: with both deliveries under way at once some runs
// pay twice, which is what the fault is there to find.
func TestDuplicatesMeetAtSeams(t *testing.T) {
	t.Parallel()
	twice := 0
	for seed := range uint64(10) {
		var s story
		paid := map[time.Duration]int{} // by the minute
		tr := trial{method: "POST", body: "pay", fault: chaos.DuplicateDelivery{}.Fault()}
		tr.handler = func(_ http.ResponseWriter, r *http.Request) {
			minute := s.served[len(s.served)-1].at.Truncate(time.Minute)
			known := paid[minute] > 0
			if simcity.Yield(r.Context(), "ledger") == nil && !known {
				paid[minute]++
			}
		}
		tr.city(&s).Seed(seed).Simulate(t)
		for minute, n := range paid {
			if n == 2 {
				require.True(t, active(minute+30*time.Second))
				twice++
			}
		}
	}
	require.Positive(t, twice)
	require.Less(t, twice, 100)
}

func TestReorderedRequestsAreOvertaken(t *testing.T) {
	t.Parallel()
	s := trial{citizens: 2, fault: chaos.Reordered{Hold: 4 * time.Second}.Fault()}.run(t)
	require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
	s.requireCalmOutside(t)
	require.Equal(t, int64(10), s.touched(t), "one of two, each minute")
	held := 0
	for _, c := range s.during() {
		require.NoError(t, c.err)
		require.Less(t, c.took, 4*time.Second)
		if c.took > 30*time.Millisecond {
			held++
		}
	}
	require.Equal(t, 10, held)
}

func TestLoneRequestIsHeldAndNotCounted(t *testing.T) {
	t.Parallel()
	s := trial{fault: chaos.Reordered{Hold: 4 * time.Second}.Fault()}.run(t)
	require.Equal(t, simcity.Inconclusive, s.Verdict)
	require.Contains(t, s.Reasons[0], "fault REORDERED touched nothing")
	for _, c := range s.during() {
		require.NoError(t, c.err)
		require.InDelta(t, 4, c.took.Seconds(), 0.05)
	}
}

func TestHeldRequestLeavesWithItsClient(t *testing.T) {
	t.Parallel()
	s := trial{patience: time.Second, method: "POST", body: "x", fault: chaos.Reordered{}.Fault()}.run(t)
	s.requireCalmOutside(t)
	for _, c := range s.during() {
		require.ErrorIs(t, c.err, context.DeadlineExceeded)
	}
	require.Empty(t, s.servedDuring())
}

func TestWebhookComesTwice(t *testing.T) {
	t.Parallel()
	s := trial{method: "POST", path: "/hooks/pay", body: "paid", fault: chaos.WebhookTwice{Path: "/hooks/pay", Delay: time.Second}.Fault()}.run(t)
	require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
	s.requireCalmOutside(t)
	require.Len(t, s.servedDuring(), 20)
	require.Equal(t, int64(10), s.touched(t))
	require.Equal(t, map[string]any{"path": "/hooks/pay", "delayMs": 1000.0}, s.Faults[0].Parameters)
}

func TestWebhookComesLate(t *testing.T) {
	t.Parallel()
	s := trial{method: "POST", path: "/hooks/pay", body: "paid", fault: chaos.WebhookLate{Path: "/hooks/pay", Delay: 4 * time.Minute}.Fault()}.run(t)
	require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
	s.requireCalmOutside(t)
	require.Equal(t, int64(len(s.during())), s.touched(t))
	for _, c := range s.during() {
		require.InDelta(t, 240, c.took.Seconds(), 0.01)
	}
}

func TestWebhooksAreLeftAloneWhenTheyAreOthers(t *testing.T) {
	t.Parallel()
	for _, maker := range []chaos.Maker{chaos.WebhookTwice{Path: "/hooks"}, chaos.WebhookLate{Path: "/hooks"}} {
		get := trial{path: "/hooks", fault: maker.Fault()}.run(t)
		require.Zero(t, get.touched(t))
		elsewhere := trial{method: "POST", path: "/other", fault: maker.Fault()}.run(t)
		require.Zero(t, elsewhere.touched(t))
	}
}
