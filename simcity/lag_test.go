package simcity_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// turnstile gives tickets with numbers. Who pays first waits 120 ms, each time. It
// looks for the next number and takes it at one seam later, unless mended.
func turnstile(mended bool) http.HandlerFunc {
	var next atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/paid" {
			<-time.After(120 * time.Millisecond)
		}
		number := next.Load()
		if !mended && simcity.Yield(r.Context(), "take") != nil {
			return
		}
		next.Store(number + 1)
		_, _ = fmt.Fprint(w, number)
	}
}

// draw gets a ticket every few minutes.
func draw(path string) life {
	return func(ctx context.Context, c *simcity.Citizen) error {
		for {
			if err := c.Sleep(ctx, time.Duration(1+c.Rand().IntN(5))*time.Minute); err != nil {
				return err
			}
			err := c.Do(ctx, "draw", path, func(ctx context.Context, op *simcity.Operation) error {
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL()+path, nil)
				if err != nil {
					return err
				}
				response, err := c.Send(request)
				if err != nil {
					return err
				}
				defer response.Body.Close()
				number, err := io.ReadAll(response.Body)
				op.Output = string(number)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
}

// numbered minds numbers that two have.
func numbered() simcity.Invariant {
	return simcity.Invariant{Name: "one_number_each", Begin: func(*simcity.World) simcity.Check {
		given := map[any]string{}
		return simcity.Check{Operation: func(op *simcity.Operation) *simcity.Breach {
			if other := given[op.Output]; other != "" {
				return &simcity.Breach{Got: fmt.Sprintf("%s and %s have %s", other, op.Citizen, op.Output), Want: "a number each"}
			}
			given[op.Output] = op.Citizen
			return nil
		}}
	}}
}

// station has one who pays and one who need not.
func station(mended bool, explore simcity.Explore) *simcity.Simulation {
	return city(nil, citizens("payer", 1, draw("/paid")), citizens("pupil", 1, draw("/free"))).
		Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) { return turnstile(mended), nil })).
		Check(numbered()).Explore(explore)
}

// failing are the seeds that break the rule, of so many.
func failing(t *testing.T, seeds uint64, explore simcity.Explore) (failed []uint64) {
	t.Helper()
	for seed := range seeds {
		res := station(false, explore).Seed(seed).Simulate(t)
		if res.Verdict == simcity.Fail {
			require.NotNil(t, res.Violation("one_number_each"), res.Explain())
			failed = append(failed, seed)
		}
	}
	return failed
}

func TestLagLetsCitizensMeetThoseWhoWaited(t *testing.T) {
	t.Parallel()
	require.Empty(t, failing(t, 20, simcity.Explore{Snap: time.Minute}), "120 ms keep them apart")
	require.NotEmpty(t, failing(t, 10, simcity.Explore{Snap: time.Minute, Lag: 120 * time.Millisecond}))
	require.NotEmpty(t, failing(t, 5, simcity.Explore{Snap: time.Minute, LagOf: 1}), "learned")
	require.Empty(t, failing(t, 5, simcity.Explore{Snap: time.Minute, LagOf: 2}), "no other length comes twice")
	require.NotEmpty(t, failing(t, 50, simcity.Explore{Swarm: true}))
}

func TestLagIsALengthThatComesTwice(t *testing.T) {
	t.Parallel()
	first, second := simcity.Explore{Snap: time.Second, LagOf: 1}, simcity.Explore{Snap: time.Second, LagOf: 2}
	const pay, mail = 120 * time.Millisecond, 30 * time.Millisecond
	require.Zero(t, simcity.LearnedLag(first, pay, mail))
	require.Equal(t, mail, simcity.LearnedLag(first, pay, mail, mail, pay))
	require.Equal(t, pay, simcity.LearnedLag(second, pay, mail, mail, pay))
	require.Equal(t, pay, simcity.LearnedLag(first, pay+3, pay+1), "turns cost nanoseconds")
	require.Equal(t, pay, simcity.LearnedLag(first, 3, 3, pay, pay), "who did not wait teaches nothing")
	require.Equal(t, pay, simcity.LearnedLag(first, time.Second, time.Second, pay, pay), "it is less than Snap")
}

func TestLearnedLagIsGivenToTheShrunkRun(t *testing.T) {
	explore := simcity.Explore{Snap: time.Minute, LagOf: 1}
	seed := failing(t, 5, explore)[0]
	shrunk, err := station(false, explore).Seed(seed).Shrink(t)
	require.NoError(t, err)
	require.Equal(t, simcity.Explore{Order: simcity.Uniform, Snap: time.Minute, Lag: 120 * time.Millisecond}, shrunk.Cut.Explore)
	require.Contains(t, shrunk.Test, `simcity.Explore{Order: "uniform", Snap: 60000000000, Lag: 120000000}, // snap 1m0s, lag 120ms`)
	simcity.Reproduce(t, shrunk.Cut)
	require.Equal(t, shrunk.Result.Digest, station(false, simcity.Explore{}).Simulate(t).Digest)
	require.Equal(t, simcity.Pass, station(true, simcity.Explore{}).Simulate(t).Verdict)
}
