package chaos_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// Each fault again, but so that it reaches nothing: what was not touched is
// never proven.
func TestFaultsThatReachNothingProveNothing(t *testing.T) {
	t.Parallel()
	nowhere := chaos.Match{PathPrefix: "/nowhere"}
	nothing := &chaos.Hooks{
		InvalidateCache: func(context.Context, float64) (int64, error) { return 0, nil },
		PauseRefresh: func(context.Context) (func(context.Context) (int64, error), error) {
			return func(context.Context) (int64, error) { return 0, nil }, nil
		},
		MisconfigureRLS: func(context.Context, string) (func(context.Context) error, int64, error) {
			return func(context.Context) error { return nil }, 0, nil
		},
	}
	for _, maker := range []chaos.Maker{
		chaos.CacheInvalidationStorm{},
		chaos.PauseMVRefresh{},
		chaos.RLSMisconfig{},
		chaos.RateLimitBurst{PathPrefix: "/nowhere"},
		chaos.Latency{Match: nowhere},
		chaos.Errors{Match: nowhere},
		chaos.ConnectionReset{Match: nowhere},
		chaos.Timeout{Match: nowhere},
		chaos.SlowBody{Match: nowhere},
		chaos.TruncatedBody{Match: nowhere},
		chaos.DuplicateDelivery{Match: nowhere},
		chaos.Reordered{Match: nowhere},
		chaos.WebhookTwice{Path: "/nowhere"},
		chaos.WebhookLate{Path: "/nowhere"},
		chaos.SeamLatency{Seams: chaos.Seams{Prefix: "nowhere"}},
		chaos.SeamErrors{Seams: chaos.Seams{Prefix: "nowhere"}},
		chaos.PausedDependency{Prefix: "nowhere"},
	} {
		fault := maker.Fault()
		t.Run(fault.Kind, func(t *testing.T) {
			t.Parallel()
			s := trial{citizens: 2, hooks: nothing, handler: storing, fault: fault}.run(t)
			require.Equal(t, simcity.Inconclusive, s.Verdict)
			require.Contains(t, s.Reasons[0], "fault "+fault.Kind+" touched nothing: nothing is proven about it")
			require.Len(t, s.calls, 120)
			for _, c := range s.calls {
				require.NoError(t, c.err)
				require.Less(t, c.took, time.Millisecond)
			}
		})
	}
}
