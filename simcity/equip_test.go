package simcity_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

type equipmentKey struct{}

// What a factory does for faults in process, Equip does for a target elsewhere:
// before they are asked whether they can strike, and after the target was.
func TestEquipPreparesFaultsOfATargetElsewhere(t *testing.T) {
	t.Parallel()
	var asked atomic.Value
	server := serve(t, identified("staging", func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/test/faults" {
			asked.Store(r.Header.Get(simcity.HeaderSecret))
		}
	}))
	equip := func(ctx context.Context, w *simcity.World) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.BaseURL()+"/api/test/faults", nil)
		if err != nil {
			return err
		}
		response, err := w.Client().Do(request)
		if err != nil {
			return err
		}
		w.SetValue(equipmentKey{}, "hooks")
		return response.Body.Close()
	}
	fault := calmFault()
	fault.Ready = func(w *simcity.World) error {
		if w.Value(equipmentKey{}) == nil {
			return errors.New("nobody has equipped it")
		}
		return nil
	}
	lived := func(target simcity.Target) *simcity.Result {
		return elsewhere(target, citizens("visitor", 1, visitor)).Inject(fault, time.Minute, time.Minute).Simulate(t)
	}
	target := func() *simcity.URLTarget { return simcity.URL(server.URL) }
	require.NotEqual(t, simcity.Pass, lived(target()).Verdict)
	res := lived(target().Decorate(func(_ context.Context, _ *simcity.Citizen, r *http.Request) error {
		r.Header.Set(simcity.HeaderSecret, "decorated")
		return nil
	}).Equip(equip))
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	require.Equal(t, "decorated", asked.Load())
}

func TestEquipThatFailsRefusesTheRun(t *testing.T) {
	t.Parallel()
	server := serve(t, identified("staging", hello))
	broken := func(context.Context, *simcity.World) error { return errors.New("no hooks there") }
	res := elsewhere(simcity.URL(server.URL).Equip(broken), citizens("visitor", 1, visitor)).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Contains(t, onlyFinding(t, res, simcity.FindingTarget).Text, "the target cannot be equipped: no hooks there")
	require.Zero(t, res.Operations)
}

// What is sent aside is of the run and of nobody in it, and no fault touches it.
func TestRequestsAsideAreUntouched(t *testing.T) {
	t.Parallel()
	var runs atomic.Value
	server := serve(t, identified("staging", func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/lease" {
			runs.Store(r.Header.Get(simcity.HeaderRun) + r.Header.Get(simcity.HeaderCitizen))
		}
	}))
	fault := calmFault()
	fault.Inject = func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		off := w.WrapTransport(func(http.RoundTripper) http.RoundTripper { return roundTripper(refuse) })
		defer off()
		touched.Add(1)
		done := make(chan error, 1)
		go func() { // as one that renews a lease does
			request, err := http.NewRequest(http.MethodPost, w.BaseURL()+"/lease", nil)
			if err != nil {
				done <- err
				return
			}
			response, err := w.Aside().Do(request)
			if err == nil {
				err = response.Body.Close()
			}
			done <- err
		}()
		return nil, <-done
	}
	res := elsewhere(simcity.URL(server.URL), citizens("visitor", 1, visitor)).Inject(fault, time.Minute, time.Minute).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Explain())
	require.NotEmpty(t, runs.Load())
	require.NotContains(t, runs.Load(), "/", "no citizen's or actor's name")

	inside := city(hello, citizens("visitor", 1, visitor)).Inject(fault, time.Minute, time.Minute).Simulate(t)
	require.Contains(t, onlyFinding(t, inside, simcity.FindingFault).Text, "World.Aside needs a target by simcity.URL")
}

// roundTripper makes a function a transport.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func refuse(*http.Request) (*http.Response, error) { return nil, errors.New("a fault") }

func TestDoubtMakesARunInconclusive(t *testing.T) {
	t.Parallel()
	fault := calmFault()
	fault.Inject = func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		touched.Add(1)
		w.Doubt("it ended %s early", time.Minute)
		return nil, nil
	}
	res := city(hello, citizens("visitor", 1, visitor)).Inject(fault, time.Minute, time.Minute).Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict)
	require.Equal(t, "it ended 1m0s early", onlyFinding(t, res, simcity.FindingDoubt).Text)
}

// A fault whose injection the end of the run has cut did not strike, and failed
// nobody.
func TestFaultThatTheEndCutIsNoFinding(t *testing.T) {
	t.Parallel()
	fault := calmFault()
	fault.Inject = func(ctx context.Context, _ *simcity.World, _ *simcity.Touched) (func(context.Context) error, error) {
		return nil, fmt.Errorf("waiting: %w", simcity.Sleep(ctx, 24*time.Hour))
	}
	res := city(hello, citizens("visitor", 1, visitor)).Inject(fault, time.Minute, time.Minute).Simulate(t)
	require.Empty(t, findings(res, simcity.FindingFault))
	require.Equal(t, simcity.Inconclusive, res.Verdict, "what did not strike proves nothing")
}
