package simcity_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// auction takes a bid at the last of its seams, and closes at the last of six. A bid
// that is held back comes too late.
func auction(seams ...string) *simcity.Simulation {
	late := rule("never_late", func(op *simcity.Operation) *simcity.Breach {
		if op.Outcome == simcity.Conflict {
			return &simcity.Breach{Got: "a bid after the end", Want: "none"}
		}
		return nil
	})
	return simcity.New(simcity.Scenario{
		Name: "auction", Duration: time.Hour,
		Populations: []simcity.Population{citizens("bidder", 1, visitor), citizens("closer", 1, func(ctx context.Context, c *simcity.Citizen) error { return get(ctx, c, "/close") })},
	}).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		closed := false
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			closes := r.URL.Path == "/close"
			mine := seams
			if closes {
				mine = slices.Repeat([]string{"close"}, 6)
			}
			for _, seam := range mine {
				if simcity.Yield(r.Context(), seam) != nil {
					return
				}
			}
			if !closes && closed {
				w.WriteHeader(http.StatusConflict)
			}
			closed = closed || closes
		}), nil
	})).Check(late)
}

// heldBid is a cut of the auction in which the bid is held back at a stop.
func heldBid(stop string) simcity.Cut {
	return simcity.Cut{
		Scenario: "auction", Seed: 1, Until: time.Minute, Citizens: []string{"bidder/1", "closer/1"}, Held: []string{stop},
	}
}

// reproduced is the result of the cut in a test of its own.
func reproduced(t *testing.T, cut simcity.Cut, of *simcity.Simulation) (res *simcity.Result) {
	t.Helper()
	t.Run("cut", func(t *testing.T) {
		simcity.Reproduce(t, cut)
		res = of.Simulate(t)
	})
	return res
}

func TestHeldStopIsTheSameOneAmongOtherSeams(t *testing.T) {
	held := heldBid("bidder/1 bid#1")
	for name, seams := range map[string][]string{
		"as it was": {"look", "bid"}, "one before": {"count", "look", "bid"}, "one less": {"bid"}, "reordered": {"bid", "look"},
	} {
		require.Equal(t, simcity.Fail, reproduced(t, held, auction(seams...)).Verdict, name)
	}
	none := held
	none.Held = nil
	require.Equal(t, simcity.Pass, reproduced(t, none, auction("count", "look", "bid")).Verdict, "it is the hold that fails")
}

func TestShrinkingNamesHeldStopsBySeam(t *testing.T) {
	for seed := range uint64(20) {
		shrunk, err := auction("look", "bid").Seed(seed).Shrink(t)
		if err != nil {
			require.ErrorContains(t, err, "there is no failure to shrink")
			continue
		}
		require.Len(t, shrunk.Cut.Held, 1, "seed %d", seed)
		require.Regexp(t, `^bidder/1 .+#1$`, shrunk.Cut.Held[0])
		require.Equal(t, simcity.Fail, reproduced(t, shrunk.Cut, auction("count", "look", "bid")).Verdict, shrunk.Test)
		return
	}
	require.Fail(t, "none of 20 seeds failed")
}

func TestHeldStopThatNeverComesIsNoted(t *testing.T) {
	held := heldBid("bidder/1 bid#1")
	res := reproduced(t, held, auction("look"))
	require.Equal(t, simcity.Pass, res.Verdict)
	require.Contains(t, simcity.NotesOf(res), `the cut holds back a stop that was not there, so that a pass proves nothing about what it showed: "bidder/1 bid#1"; shrink the failure anew if the bug may still be there`)
	alone := held
	alone.Citizens = []string{"bidder/1"}
	require.Empty(t, findings(reproduced(t, alone, auction("bid")), simcity.FindingCut), "it came, though nobody else did")
}

func TestHeldStopThatCannotBeMeantIsRefused(t *testing.T) {
	for _, stop := range []string{"", "bidder/2@27", "bidder/2", "bidder/2 bid", "bidder/2 bid#", "bidder/2 bid#0", "bidder/2 bid#x", "bidder/2 #1", " bid#1"} {
		told := record(t, "TestX", func(t testing.TB) { simcity.Reproduce(t, heldBid(stop)) })
		require.Contains(t, told.fatal, "Cut.Held[0]", stop)
		require.Contains(t, told.fatal, `as in "customer/7 store.insert#2"`)
		require.Contains(t, told.fatal, "shrink the failure again")
	}
}

func TestLineOfALockIsNoPartOfItsSeam(t *testing.T) {
	require.Equal(t, "lock Book.Bid", simcity.SeamAt("lock Book.Bid:17"))
	require.Equal(t, "wake Book.wait.func1", simcity.SeamAt("wake Book.wait.func1:8"))
	require.Equal(t, "stock:17", simcity.SeamAt("stock:17"), "a seam that somebody placed")
}
