package chaos_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

func TestLatencyDelaysRequestsWhileItLasts(t *testing.T) {
	t.Parallel()
	for _, when := range []string{chaos.Before, chaos.After} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			s := trial{fault: chaos.Latency{When: when, Delay: chaos.Delay{Typical: 3 * time.Second}}.Fault()}.run(t)
			require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
			s.requireCalmOutside(t)
			require.Len(t, s.during(), 10)
			for i, c := range s.during() {
				require.InDelta(t, 3, c.took.Seconds(), 0.01)
				require.Equal(t, hello, c.body)
				require.Equal(t, when == chaos.Before, s.servedDuring()[i].at >= c.at+3*time.Second)
			}
			require.Equal(t, int64(10), s.touched(t))
		})
	}
}

func TestLatencyFollowsItsDistribution(t *testing.T) {
	t.Parallel()
	for _, distribution := range []string{chaos.Uniform, chaos.Exponential, chaos.LogNormal} {
		t.Run(distribution, func(t *testing.T) {
			t.Parallel()
			const limit = 4 * time.Second
			s := trial{citizens: 40, fault: chaos.Latency{Delay: chaos.Delay{
				Distribution: distribution, Typical: time.Second, Max: limit,
			}}.Fault()}.run(t)
			sum, different := time.Duration(0), map[time.Duration]bool{}
			for _, c := range s.during() {
				require.Less(t, c.took, limit+50*time.Millisecond)
				sum += c.took
				different[c.took] = true
			}
			require.InDelta(t, 1.1, sum.Seconds()/float64(len(s.during())), 0.4)
			require.Greater(t, len(different), 200)
		})
	}
}

func TestLatencyEndsWithTheClientsDeadline(t *testing.T) {
	t.Parallel()
	for _, when := range []string{chaos.Before, chaos.After} {
		s := trial{patience: 2 * time.Second, fault: chaos.Latency{When: when, Delay: chaos.Delay{Typical: time.Minute, Max: time.Minute}}.Fault()}.run(t)
		s.requireCalmOutside(t)
		for _, c := range s.during() {
			require.ErrorIs(t, c.err, context.DeadlineExceeded)
			require.InDelta(t, 2, c.took.Seconds(), 0.01)
		}
	}
}

func TestShareStrikesThatMany(t *testing.T) {
	t.Parallel()
	s := trial{citizens: 40, fault: chaos.Errors{Match: chaos.Match{Share: 0.25}}.Fault()}.run(t)
	struck := 0
	for _, c := range s.during() {
		if c.status == http.StatusServiceUnavailable {
			struck++
		}
	}
	require.Equal(t, int64(struck), s.touched(t))
	require.InDelta(t, 0.25, float64(struck)/float64(len(s.during())), 0.07)
}

func TestMatchSparesOthers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		match  chaos.Match
		struck bool
	}{
		{chaos.Match{Method: "POST"}, true},
		{chaos.Match{Method: "GET"}, false},
		{chaos.Match{PathPrefix: "/api/"}, true},
		{chaos.Match{PathPrefix: "/api/v2"}, false},
		{chaos.Match{Method: "POST", PathPrefix: "/apis"}, false},
	} {
		s := trial{method: "POST", path: "/api/book", fault: chaos.Errors{Match: test.match}.Fault()}.run(t)
		require.Equal(t, test.struck, s.touched(t) > 0, "%+v", test.match)
	}
}

func TestErrorsAnswerInPlaceOfTheHostOrAfterIt(t *testing.T) {
	t.Parallel()
	for _, when := range []string{chaos.Before, chaos.After} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			s := trial{method: "POST", body: "pay", fault: chaos.Errors{Status: 502, When: when}.Fault()}.run(t)
			s.requireCalmOutside(t)
			for _, c := range s.during() {
				require.NoError(t, c.err)
				require.Equal(t, http.StatusBadGateway, c.status)
				require.Equal(t, "chaos: injected Bad Gateway\n", c.body)
				require.Equal(t, int64(len(c.body)), c.length)
			}
			require.Len(t, s.servedDuring(), map[string]int{chaos.Before: 0, chaos.After: 10}[when])
			require.Equal(t, int64(10), s.touched(t))
			require.Equal(t, int64(10), s.Metrics.Outcomes["error"])
		})
	}
}

func TestConnectionResetIsWhatClientsSee(t *testing.T) {
	t.Parallel()
	for _, when := range []string{chaos.Before, chaos.After} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			s := trial{method: "POST", body: "pay", fault: chaos.ConnectionReset{When: when}.Fault()}.run(t)
			s.requireCalmOutside(t)
			for _, c := range s.during() {
				require.ErrorIs(t, c.err, syscall.ECONNRESET)
				require.ErrorIs(t, c.err, chaos.ErrInjected)
			}
			require.Len(t, s.servedDuring(), map[string]int{chaos.Before: 0, chaos.After: 10}[when])
			require.Equal(t, int64(10), s.touched(t))
		})
	}
}

func TestTimeoutHangsUntilTheClientGivesUp(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		when              string
		patience, expects time.Duration
	}{
		{chaos.Before, 0, 20 * time.Second},
		{chaos.After, 0, 20 * time.Second},
		{chaos.Before, 5 * time.Second, 5 * time.Second},
	} {
		s := trial{patience: test.patience, fault: chaos.Timeout{When: test.when, Patience: 20 * time.Second}.Fault()}.run(t)
		s.requireCalmOutside(t)
		for _, c := range s.during() {
			var timeout net.Error
			require.ErrorAs(t, c.err, &timeout)
			require.True(t, timeout.Timeout())
			require.ErrorIs(t, c.err, context.DeadlineExceeded)
			require.InDelta(t, test.expects.Seconds(), c.took.Seconds(), 0.01)
		}
		require.Len(t, s.servedDuring(), map[string]int{chaos.Before: 0, chaos.After: 10}[test.when])
		require.Equal(t, int64(10), s.touched(t))
	}
}

func TestSlowBodyTakesItsTime(t *testing.T) {
	t.Parallel()
	s := trial{fault: chaos.SlowBody{Transfer: 20 * time.Second}.Fault()}.run(t)
	require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
	s.requireCalmOutside(t)
	for _, c := range s.during() {
		require.NoError(t, c.err)
		require.Equal(t, hello, c.body)
		require.Equal(t, int64(len(hello)), c.length)
		require.InDelta(t, 20, c.took.Seconds(), 0.1)
	}
	require.Equal(t, int64(10), s.touched(t))
}

func TestTruncatedBodyBreaksOff(t *testing.T) {
	t.Parallel()
	s := trial{fault: chaos.TruncatedBody{}.Fault()}.run(t)
	s.requireCalmOutside(t)
	for _, c := range s.during() {
		require.ErrorIs(t, c.err, io.ErrUnexpectedEOF)
		require.Equal(t, hello[:len(hello)/2], c.body)
		require.Equal(t, int64(len(hello)), c.length)
	}
	require.Equal(t, int64(10), s.touched(t))
}

// Whoever cannot read why they are refused does not know that they are.
func TestARefusalThatBreaksOffIsNoAnswer(t *testing.T) {
	t.Parallel()
	s := trial{fault: chaos.TruncatedBody{}.Fault(), handler: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, "taken")
	}}.run(t)
	require.Equal(t, int64(10), s.touched(t))
	require.Equal(t, int64(10), s.Metrics.Outcomes["error"], "%v", s.Metrics.Outcomes)
	require.Equal(t, s.Operations-10, s.Metrics.Outcomes["conflict"])
}

func TestAnswersWithoutABodyAreNotTouchedByFaultsOfBodies(t *testing.T) {
	t.Parallel()
	for _, fault := range []simcity.Fault{chaos.SlowBody{}.Fault(), chaos.TruncatedBody{}.Fault()} {
		s := trial{fault: fault, handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }}.run(t)
		require.Zero(t, s.touched(t))
		require.Equal(t, simcity.Inconclusive, s.Verdict)
		for _, c := range s.during() {
			require.NoError(t, c.err)
			require.Equal(t, http.StatusNoContent, c.status)
		}
	}
}

func TestFaultsLeaveTheHostsOwnFailuresAlone(t *testing.T) {
	t.Parallel()
	broken := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for _, fault := range []simcity.Fault{
		chaos.Latency{When: chaos.After}.Fault(),
		chaos.Errors{When: chaos.After}.Fault(),
		chaos.ConnectionReset{When: chaos.After}.Fault(),
		chaos.Timeout{When: chaos.After}.Fault(),
		chaos.SlowBody{}.Fault(),
		chaos.TruncatedBody{}.Fault(),
		chaos.DuplicateDelivery{Answer: chaos.SecondAnswer}.Fault(),
		chaos.Reordered{}.Fault(),
		chaos.RateLimitBurst{}.Fault(),
	} {
		s := trial{fault: fault, handler: broken}.run(t)
		for _, c := range s.calls {
			require.ErrorContains(t, c.err, "aborted the connection", fault.Kind)
			require.False(t, errors.Is(c.err, chaos.ErrInjected))
		}
	}
}
