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

// storing is a host that passes two seams and tells of failures.
func storing(w http.ResponseWriter, r *http.Request) {
	for _, seam := range []string{"postgres INSERT", "redis SET"} {
		if err := simcity.Yield(r.Context(), seam); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
}

func TestSeamLatencyDelaysTheHost(t *testing.T) {
	t.Parallel()
	for seam, expects := range map[string]float64{"postgres": 2, "redis": 2, "": 4} {
		s := trial{handler: storing, fault: chaos.SeamLatency{
			Seams: chaos.Seams{Prefix: seam}, Delay: chaos.Delay{Typical: 2 * time.Second},
		}.Fault()}.run(t)
		require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
		s.requireCalmOutside(t)
		for _, c := range s.during() {
			require.InDelta(t, expects, c.took.Seconds(), 0.01)
		}
		require.InDelta(t, 10*expects/2, s.touched(t), 0)
	}
}

func TestSeamErrorsFailTheHostsCalls(t *testing.T) {
	t.Parallel()
	s := trial{handler: storing, fault: chaos.SeamErrors{Seams: chaos.Seams{Prefix: "redis"}}.Fault()}.run(t)
	s.requireCalmOutside(t)
	for _, c := range s.during() {
		require.Equal(t, http.StatusInternalServerError, c.status)
		require.Equal(t, "redis SET: chaos: injected failure\n", c.body)
	}
	require.Equal(t, int64(10), s.touched(t))
}

func TestSeamErrorsOfAShare(t *testing.T) {
	t.Parallel()
	s := trial{citizens: 40, handler: storing, fault: chaos.SeamErrors{Seams: chaos.Seams{Prefix: "postgres", Share: 0.3}}.Fault()}.run(t)
	require.InDelta(t, 0.3*float64(len(s.during())), s.touched(t), 30)
}

func TestPausedDependencyHoldsTheHostUntilTheFaultEnds(t *testing.T) {
	t.Parallel()
	tr := trial{citizens: 2, handler: storing, fault: chaos.PausedDependency{Prefix: "postgres"}.Fault()}
	var s story
	s.Result = tr.city(&s).Inject(chaos.SeamLatency{Delay: chaos.Delay{Typical: time.Millisecond}}.Fault(), begins, lasts).Simulate(t)
	s.requireCalmOutside(t)
	for _, c := range s.during() {
		require.ErrorIs(t, c.err, context.DeadlineExceeded, "the deadline is 30 s, and the window ends later")
	}
	require.Equal(t, int64(20), s.Faults[0].Touched)
}

func TestPausedDependencyLetsGoWhenItEnds(t *testing.T) {
	t.Parallel()
	tr := trial{citizens: 3, handler: storing}
	var s story
	s.Result = tr.city(&s).
		Inject(chaos.PausedDependency{Prefix: "postgres"}.Fault(), begins, 45*time.Second).
		Simulate(t)
	require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
	waited := 0
	for _, c := range s.calls {
		require.NoError(t, c.err)
		if c.took > time.Second {
			require.InDelta(t, 15, c.took.Seconds(), 0.2)
			waited++
		}
	}
	require.Equal(t, 3, waited)
	require.Equal(t, int64(3), s.touched(t))
}
