package notify_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/report/notify"
)

// failing is a run in which a rule broke, with a seed.
func failing(seed uint64) *simcity.Result {
	return &simcity.Result{
		Verdict: simcity.Fail, Scenario: "baseline", Seed: seed, Clock: "virtual", Simulated: 14 * time.Hour,
		Reasons:    []string{"zero_double_bookings: got two holders, want one"},
		Violations: []simcity.Violation{{Invariant: "zero_double_bookings", At: 14 * time.Hour, Breach: simcity.Breach{Got: "two holders", Want: "one"}, Operation: &simcity.Operation{Name: "book"}}},
		Repro:      fmt.Sprintf("SIMCITY_SEED=%d go test ./shop -run '^TestSimCityBaseline$'", seed),
		Metrics:    &simcity.Snapshot{},
	}
}

func passing(seed uint64) *simcity.Result {
	return &simcity.Result{Verdict: simcity.Pass, Scenario: "baseline", Seed: seed, Clock: "virtual", Metrics: &simcity.Snapshot{}}
}

// A desk is a publisher of issues over a forge.
type desk struct {
	*testing.T
	publisher simcity.Publisher
	output    bytes.Buffer
}

func newDesk(t *testing.T, f *forge, change ...func(*notify.IssueConfig)) *desk {
	t.Helper()
	c := notify.IssueConfig{API: "https://api.github.example", Repository: "acme/shop", Token: token, Job: "https://github.example/acme/shop/actions/runs/1", Transport: f}
	for _, f := range change {
		f(&c)
	}
	publisher, err := notify.Issues(c)
	require.NoError(t, err)
	return &desk{T: t, publisher: publisher}
}

func (d *desk) tell(res *simcity.Result) error {
	return d.publisher.Publish(d.Context(), simcity.Report{Test: "TestSimCityBaseline", Package: "./shop", Result: res, Output: &d.output})
}

func TestFirstFailureOpensAnIssueAndLaterOnesCountInIt(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		f := newForge(t)
		f.issues = []*issue{ // what others have
			{Number: 1, State: "open", Title: "no mark", Labels: []map[string]string{{"name": "simcity"}}},
			{Number: 2, State: "open", Title: "a pull request", Body: "", PullRequest: map[string]string{"url": "x"}},
		}
		d := newDesk(t, f)
		for range 3 {
			require.NoError(t, d.tell(failing(7)))
			time.Sleep(24 * time.Hour)
		}
		require.Len(t, f.issues, 3)
		made := f.issues[2]
		require.Equal(t, "SimCity: baseline: zero_double_bookings at book", made.Title)
		require.Equal(t, []map[string]string{{"name": "simcity"}}, made.Labels)
		require.Empty(t, made.comments, "nobody is disturbed again")
		golden(t, "issue.md", made.Body)

		require.NoError(t, d.tell(passing(7)), "nothing is asked to happen")
		require.Equal(t, "open", made.State)
	})
}

func TestWhatPeopleWriteIntoAnIssueStays(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		f := newForge(t)
		d := newDesk(t, f)
		require.NoError(t, d.tell(failing(7)))
		f.issues[0].Body = "Ann looks after it.\n\n" + f.issues[0].Body + "\n\nSee also #3."
		require.NoError(t, d.tell(failing(7)))
		require.True(t, strings.HasPrefix(f.issues[0].Body, "Ann looks after it.\n\n<!-- simcity key="))
		require.True(t, strings.HasSuffix(f.issues[0].Body, "<!-- simcity end -->\n\nSee also #3."))
		require.Equal(t, 1, strings.Count(f.issues[0].Body, "<!-- simcity key="))
		require.Contains(t, f.issues[0].Body, "Seen 2 times")
	})
}

func TestOtherFailuresAndTestsHaveIssuesOfTheirOwn(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		f := newForge(t)
		d := newDesk(t, f)
		require.NoError(t, d.tell(failing(7)))
		other := failing(7)
		other.Violations[0].Invariant = "money_conservation"
		require.NoError(t, d.tell(other))
		other = failing(7)
		other.Scenario = "soak"
		require.NoError(t, d.tell(other))
		require.NoError(t, d.tell(failing(8)), "another seed, the same failure")
		require.Len(t, f.issues, 3)
	})
}

func TestFailureThatComesBackReopensItsIssueUnlessPeopleClosedIt(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		f := newForge(t)
		d := newDesk(t, f)
		require.NoError(t, d.tell(failing(7)))
		reason := "completed"
		f.issues[0].State, f.issues[0].StateReason = "closed", &reason
		require.NoError(t, d.tell(failing(7)))
		require.Equal(t, "open", f.issues[0].State)
		require.Equal(t, []string{"It is back in https://github.example/acme/shop/actions/runs/1."}, f.issues[0].comments)

		reason = "not_planned"
		f.issues[0].State, f.issues[0].StateReason = "closed", &reason
		require.NoError(t, d.tell(failing(7)))
		require.Equal(t, "closed", f.issues[0].State)
		require.Len(t, f.issues, 1)
		require.Contains(t, d.output.String(), "issue #1 tells of this failure and is closed as not planned")
	})
}

func TestIssueIsResolvedByTheSeedThatShowedIt(t *testing.T) {
	t.Parallel()
	for resolved, want := range map[string]string{"close": "closed", "comment": "open"} {
		inBubble(t, func(t *testing.T) {
			f := newForge(t)
			d := newDesk(t, f, func(c *notify.IssueConfig) { c.Resolved = resolved })
			require.NoError(t, d.tell(failing(7)))
			require.NoError(t, d.tell(passing(8)))
			require.Empty(t, f.issues[0].comments, "another seed proves nothing")
			require.NoError(t, d.tell(passing(7)))
			require.NoError(t, d.tell(passing(7)))
			require.Equal(t, want, f.issues[0].State)
			require.Equal(t, []string{"It has gone: seed 7 passes in https://github.example/acme/shop/actions/runs/1."}, f.issues[0].comments)
		})
	}
}

func TestPacedRunsResolveByAnySeedAndSweepsByTheirComparison(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		f := newForge(t)
		d := newDesk(t, f, func(c *notify.IssueConfig) { c.Resolved = "close" })
		require.NoError(t, d.tell(failing(7)))
		again := passing(8)
		again.Clock = "paced"
		require.NoError(t, d.tell(again))
		require.Equal(t, "closed", f.issues[0].State)

		require.NoError(t, d.tell(failing(7)))
		swept := passing(1)
		swept.Sweep = &simcity.Sweep{Seeds: 10, Passed: 10}
		require.NoError(t, d.tell(swept))
		require.Equal(t, "open", f.issues[0].State)
		swept.Sweep.Resolved = []simcity.FailureGroup{{Signature: "zero_double_bookings at book", First: 7}}
		require.NoError(t, d.tell(swept))
		require.Equal(t, "closed", f.issues[0].State)
	})
}

func TestSweepOpensAnIssuePerWayOfFailing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		f := newForge(t)
		res := failing(7)
		res.Sweep = &simcity.Sweep{Seeds: 100, Passed: 80, Failed: 20}
		for i := range 9 {
			res.Sweep.Groups = append(res.Sweep.Groups, simcity.FailureGroup{Signature: fmt.Sprintf("rule_%c", 'a'+i), Verdict: simcity.Fail, Seeds: 9 - i, First: uint64(7 + i), Reason: "it broke", Repro: fmt.Sprintf("SIMCITY_SEED=%d go test .", 7+i)})
		}
		require.NoError(t, newDesk(t, f).tell(res))
		require.Len(t, f.issues, 5)
		require.Equal(t, "SimCity: baseline: rule_b", f.issues[1].Title)
		require.Contains(t, f.issues[1].Body, "8 of 100 seeds of a sweep")
		require.Contains(t, f.issues[1].Body, "SIMCITY_SEED=8 go test .")
		require.NotContains(t, f.issues[1].Body, "two holders", "that is of another seed")
	})
}

func TestIssuesAreFoundOnLaterPages(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		f := newForge(t)
		d := newDesk(t, f)
		require.NoError(t, d.tell(failing(7)))
		for n := range 250 {
			f.issues = append(f.issues, &issue{Number: n + 2, State: "open"})
		}
		require.NoError(t, d.tell(failing(7)))
		require.Len(t, f.issues, 251)
		require.Contains(t, f.issues[0].Body, "Seen 2 times")

		f.elsewhere = true
		require.ErrorContains(t, d.tell(failing(7)), "its next page is elsewhere")
		require.NotContains(t, d.output.String(), token)
	})
}

func TestTwoWhoOpenAtOnceLeaveOneIssue(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		f := newForge(t)
		first, second := newDesk(t, f), newDesk(t, f)
		raced := false
		f.trouble = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == "POST" && !raced { // just before it, another process is faster
				raced = true
				f.mu.Unlock()
				require.NoError(t, first.tell(failing(7)))
				f.mu.Lock()
			}
			return false
		}
		require.NoError(t, second.tell(failing(7)))
		require.Len(t, f.issues, 2)
		require.Equal(t, "open", f.issues[0].State)
		require.Equal(t, "closed", f.issues[1].State)
		require.NoError(t, second.tell(failing(7)))
		require.Contains(t, f.issues[0].Body, "Seen 2 times")
	})
}

// The tracker's answer was lost, but the issue is there: it is not opened twice.
func TestIssueWhoseAnswerWasLostIsNotOpenedTwice(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		f := newForge(t)
		f.trouble = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == "POST" && len(f.issues) == 0 {
				f.open(httptest.NewRecorder(), r)
				refuse(w, 502, "Bad Gateway")
				return true
			}
			return false
		}
		require.NoError(t, newDesk(t, f).tell(failing(7)))
		require.Len(t, f.issues, 1)
	})
}

func TestMissingLabelIsToldAndNotIgnored(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		f := newForge(t)
		f.mayLabel = false
		require.ErrorContains(t, newDesk(t, f).tell(failing(7)), "opened without its label, by which the next report would find it; fix: give the token write access")
	})
}
