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

// limiter is a host that lets each address pass limit times a minute, of which
// every request takes weight.
type limiter struct {
	limit, weight int
	used          map[string]int
	minute        time.Duration
	began         time.Time
}

func newLimiter() *limiter {
	return &limiter{limit: 4, weight: 1, used: map[string]int{}, began: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)}
}

func (l *limiter) serve(w http.ResponseWriter, r *http.Request) {
	if minute := time.Since(l.began).Truncate(time.Minute); minute != l.minute {
		l.minute = minute
		clear(l.used)
	}
	if l.used[r.RemoteAddr] += l.weight; l.used[r.RemoteAddr] > l.limit {
		w.WriteHeader(http.StatusTooManyRequests)
	}
}

func TestBurstReallySends(t *testing.T) {
	t.Parallel()
	s := trial{citizens: 2, handler: newLimiter().serve, fault: chaos.RateLimitBurst{Multiplier: 6}.Fault()}.run(t)
	require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
	s.requireCalmOutside(t)
	require.Len(t, s.during(), 20)
	require.Len(t, s.servedDuring(), 6*20)
	for _, c := range s.during() {
		require.Equal(t, http.StatusTooManyRequests, c.status)
	}
	require.Equal(t, int64(5*20), s.touched(t))
	require.Equal(t, int64(5*20), s.Metrics.Counters[chaos.BurstCopies])
	require.Equal(t, int64(2*20), s.Metrics.Counters[chaos.BurstRefused], "the last copy and the citizen's own")
}

func TestBurstCopiesReadsOnly(t *testing.T) {
	t.Parallel()
	s := trial{method: "POST", body: "x", fault: chaos.RateLimitBurst{}.Fault()}.run(t)
	require.Len(t, s.served, len(s.calls))
	require.Equal(t, simcity.Inconclusive, s.Verdict)
}

func TestBurstSqueezesTheLimiterThatIsOffered(t *testing.T) {
	t.Parallel()
	l := newLimiter()
	hooks := &chaos.Hooks{SqueezeRate: func(_ context.Context, multiplier int) (func(context.Context) error, error) {
		l.weight = multiplier
		return func(context.Context) error { l.weight = 1; return nil }, nil
	}}
	s := trial{method: "POST", hooks: hooks, handler: l.serve, fault: chaos.RateLimitBurst{Multiplier: 5}.Fault()}.run(t)
	require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
	s.requireCalmOutside(t)
	require.Len(t, s.served, len(s.calls), "nothing is sent")
	for _, c := range s.during() {
		require.Equal(t, http.StatusTooManyRequests, c.status)
	}
	require.Equal(t, int64(10), s.touched(t))
	require.Equal(t, int64(10), s.Metrics.Counters[chaos.BurstRefused])
}

func TestBurstEndsWithItsClient(t *testing.T) {
	t.Parallel()
	s := trial{patience: time.Second, fault: chaos.RateLimitBurst{Multiplier: 1000}.Fault(), handler: func(_ http.ResponseWriter, r *http.Request) {
		_ = simcity.Yield(r.Context(), "work")
		timer := time.NewTimer(100 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
	}}.run(t)
	for _, c := range s.during() {
		require.ErrorIs(t, c.err, context.DeadlineExceeded)
	}
	require.Less(t, len(s.servedDuring()), 200)
}
