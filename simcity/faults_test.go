package simcity_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// calmFault touches one thing and harms nobody.
func calmFault() simcity.Fault {
	return simcity.Fault{
		Kind: "CALM",
		Inject: func(_ context.Context, _ *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
			touched.Add(1)
			return nil, nil
		},
	}
}

// outage answers 503 to every request while it lasts.
func outage() simcity.Fault {
	return simcity.Fault{
		Kind: "OUTAGE",
		Inject: func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
			off := w.WrapTransport(func(http.RoundTripper) http.RoundTripper {
				return transportFunc(func(request *http.Request) (*http.Response, error) {
					touched.Add(1)
					return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody, Request: request}, nil
				})
			})
			return func(context.Context) error { off(); return nil }, nil
		},
	}
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// eventsOf keeps the events of the given types.
func eventsOf(s *simcity.Simulation, kinds ...string) *[]simcity.Event {
	var events []simcity.Event
	s.Watch(func(e simcity.Event) {
		for _, kind := range kinds {
			if e.Type == kind {
				events = append(events, e)
			}
		}
	})
	return &events
}

func TestFaultBeginsAndEndsAtItsTimes(t *testing.T) {
	t.Parallel()
	s := city(hello, citizens("regular", 1, regular)).Inject(outage(), 20*time.Minute, 5*time.Minute)
	events := eventsOf(s, simcity.EventFaultInjected, simcity.EventFaultReverted)
	var h history
	res := s.Check(h.rule()).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Len(t, *events, 2)
	require.Equal(t, 20*time.Minute, (*events)[0].At)
	require.Equal(t, 25*time.Minute, (*events)[1].At)
	for _, op := range h.operations {
		within := op.Start > 20*time.Minute+time.Second && op.Start < 25*time.Minute-time.Second
		outside := op.Start < 20*time.Minute-time.Second || op.Start > 25*time.Minute+time.Second
		if within {
			require.Equal(t, http.StatusServiceUnavailable, op.Status, "at %s", op.Start)
		}
		if outside {
			require.Equal(t, http.StatusOK, op.Status, "at %s", op.Start)
		}
	}
}

func TestParametersOfAFaultAreToldInItsEvent(t *testing.T) {
	t.Parallel()
	fault := calmFault()
	fault.Parameters = map[string]any{"share": 0.5, "after": "noon"}
	s := city(hello, citizens("visitor", 1, visitor)).Inject(fault, time.Minute, time.Minute)
	events := eventsOf(s, simcity.EventFaultInjected)
	s.Simulate(t)
	require.JSONEq(t, `{"kind":"CALM","parameters":{"after":"noon","share":0.5},"forNanos":60000000000}`,
		string((*events)[0].Payload))
}

// stickyFault cannot be undone before the given attempt.
func stickyFault(attempt int) (fault simcity.Fault, attempts *int) {
	attempts = new(int)
	return simcity.Fault{
		Kind: "STICKY",
		Inject: func(_ context.Context, _ *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
			touched.Add(1)
			return func(context.Context) error {
				if *attempts++; *attempts < attempt {
					return errors.New("stuck")
				}
				return nil
			}, nil
		},
	}, attempts
}

func TestRevertIsTriedThreeTimes(t *testing.T) {
	t.Parallel()
	fault, attempts := stickyFault(3)
	res := city(hello, citizens("visitor", 1, visitor)).Inject(fault, time.Minute, time.Minute).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, 3, *attempts)
}

func TestFaultThatCannotBeUndoneFailsTheRun(t *testing.T) {
	t.Parallel()
	fault, attempts := stickyFault(4)
	res := city(hello, citizens("visitor", 1, visitor)).Inject(fault, time.Minute, time.Minute).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Equal(t, 3, *attempts)
	f := onlyFinding(t, res, simcity.FindingFault)
	require.Contains(t, f.Text, "STICKY could not be reverted, three times: stuck")
	require.Equal(t, "fault/1", f.Actor)
}

func TestFaultThatCannotBeInjectedFailsTheRun(t *testing.T) {
	t.Parallel()
	fault := simcity.Fault{
		Kind: "BROKEN",
		Inject: func(context.Context, *simcity.World, *simcity.Touched) (func(context.Context) error, error) {
			return nil, errors.New("no such table")
		},
	}
	res := city(hello, citizens("visitor", 1, visitor)).Inject(fault, time.Minute, time.Minute).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Contains(t, onlyFinding(t, res, simcity.FindingFault).Text, "BROKEN could not be injected: no such table")
}

func TestActiveFaultsAreUndoneHoweverTheRunEnds(t *testing.T) {
	t.Parallel()
	broken := rule("broken", func(op *simcity.Operation) *simcity.Breach {
		if op.Start > 11*time.Minute {
			return &simcity.Breach{Got: "late", Want: "early"}
		}
		return nil
	})
	for _, test := range []struct {
		name    string
		end     func(*simcity.Simulation)
		verdict simcity.Verdict
	}{
		{"its time is up", func(*simcity.Simulation) {}, simcity.Pass},
		{"a command stops it", func(s *simcity.Simulation) {
			s.Command(simcity.Command{Kind: simcity.Stop, At: 15 * time.Minute})
		}, simcity.Stopped},
		{"a critical violation ends it", func(s *simcity.Simulation) { s.Check(broken) }, simcity.Fail},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			fault, attempts := stickyFault(1)
			s := city(hello, citizens("regular", 1, regular)).Inject(fault, 10*time.Minute, 50*time.Minute)
			test.end(s)
			events := eventsOf(s, simcity.EventFaultReverted)
			res := s.Simulate(t)
			require.Equal(t, test.verdict, res.Verdict, res.Reasons)
			require.Equal(t, 1, *attempts)
			require.Len(t, *events, 1)
		})
	}
}

func TestFaultsAreUndoneInReverseOrder(t *testing.T) {
	t.Parallel()
	var undone []string
	named := func(kind string) simcity.Fault {
		return simcity.Fault{
			Kind: kind,
			Inject: func(_ context.Context, _ *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
				touched.Add(1)
				return func(context.Context) error { undone = append(undone, kind); return nil }, nil
			},
		}
	}
	city(hello, citizens("visitor", 1, visitor)).
		Inject(named("FIRST"), time.Minute, 50*time.Minute).
		Inject(named("SECOND"), 2*time.Minute, 50*time.Minute).
		Command(simcity.Command{Kind: simcity.Stop, At: 5 * time.Minute}).
		Simulate(t)
	require.Equal(t, []string{"SECOND", "FIRST"}, undone)
}

// steady is an invariant of the steady state that counts errors and never lets
// one through.
func steady(seen *[]*simcity.Operation) simcity.Invariant {
	return simcity.Invariant{
		Name: "no_errors",
		When: simcity.Steady,
		Begin: func(*simcity.World) simcity.Check {
			samples := int64(0)
			var breach *simcity.Breach
			return simcity.Check{
				Operation: func(op *simcity.Operation) *simcity.Breach {
					*seen = append(*seen, op)
					samples++
					if op.Outcome == simcity.Failed {
						breach = &simcity.Breach{Got: "an error", Want: "none"}
					}
					return nil
				},
				Judge: func() simcity.Judgement {
					return simcity.Judgement{Got: "errors", Want: "none", Samples: samples, Needs: 1, Breach: breach}
				},
				Restart: func() { samples, breach = 0, nil },
			}
		},
	}
}

func TestSteadyInvariantsDoNotSeeTheFaultNorItsGrace(t *testing.T) {
	t.Parallel()
	var seen []*simcity.Operation
	res := city(hello, citizens("regular", 1, regular)).
		Check(steady(&seen)).
		Inject(outage(), 20*time.Minute+30*time.Second, 5*time.Minute).
		Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	for _, op := range seen {
		require.True(t, op.Steady)
		require.False(t, op.Start > 20*time.Minute+30*time.Second && op.Start < 35*time.Minute+30*time.Second, "saw %s", op.Start)
	}
	require.Len(t, seen, 20+25, "minutes 1 to 20 and 36 to 60")
}

// A host that breaks at a given time and stays broken.
func breaksAt(at time.Duration) http.HandlerFunc {
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	return func(w http.ResponseWriter, _ *http.Request) {
		if time.Since(start) > at {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}
}

func TestCityThatDoesNotRecoverFromAFaultFails(t *testing.T) {
	t.Parallel()
	var seen []*simcity.Operation
	res := city(breaksAt(22*time.Minute), citizens("regular", 1, regular)).
		Check(steady(&seen)).
		Inject(outage(), 20*time.Minute+30*time.Second, 5*time.Minute).
		Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict, res.Reasons)
	require.NotNil(t, res.Violation("no_errors"))
}

func TestRecoveryThatTheRunIsTooShortToShowIsInconclusive(t *testing.T) {
	t.Parallel()
	var seen []*simcity.Operation
	res := city(hello, citizens("regular", 1, regular)).
		Check(steady(&seen)).
		Inject(outage(), 50*time.Minute, 5*time.Minute).
		Simulate(t)
	require.Equal(t, simcity.Inconclusive, res.Verdict, res.Reasons)
	require.Contains(t, res.Reasons[0], "no_errors was not checked")
}

func TestActiveFaultIsToldWithTheViolation(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("regular", 1, regular)).
		Check(rule("always_up", func(op *simcity.Operation) *simcity.Breach {
			if op.Outcome == simcity.Failed {
				return &simcity.Breach{Got: "down", Want: "up"}
			}
			return nil
		})).
		Inject(outage(), 20*time.Minute, 5*time.Minute).
		Simulate(t)
	require.Equal(t, []string{"OUTAGE"}, res.Violation("always_up").Faults)
	require.Contains(t, res.Explain(), "faults active: OUTAGE")
}

func TestSeamsCanBeDelayedAndFailed(t *testing.T) {
	t.Parallel()
	slowStore := simcity.Fault{
		Kind: "SLOW_STORE",
		Inject: func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
			off := w.OnSeam(func(_ context.Context, seam string) (time.Duration, error) {
				touched.Add(1)
				if seam == "ledger" {
					return 0, errors.New("ledger down")
				}
				return 700 * time.Millisecond, nil
			})
			return func(context.Context) error { off(); return nil }, nil
		},
	}
	host := func(w http.ResponseWriter, r *http.Request) {
		if err := simcity.Yield(r.Context(), r.URL.Path[1:]); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
	var h history
	res := city(host, citizens("visitor", 1, func(ctx context.Context, c *simcity.Citizen) error {
		for _, at := range []time.Duration{0, 10 * time.Minute, 30 * time.Minute} {
			_ = c.Sleep(ctx, at-c.Elapsed())
			_ = get(ctx, c, "/store")
			_ = get(ctx, c, "/ledger")
		}
		return nil
	})).Check(h.rule()).Inject(slowStore, 5*time.Minute, 10*time.Minute).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Len(t, h.operations, 6)
	for i, op := range h.operations {
		slow := i == 2
		require.Equal(t, slow, op.Latency >= 700*time.Millisecond, "%d took %s", i, op.Latency)
		require.Equal(t, i == 3, op.Outcome == simcity.Failed, "%d is %s", i, op.Outcome)
	}
}

func TestYieldOutsideOfARunDoesNothing(t *testing.T) {
	t.Parallel()
	require.NoError(t, simcity.Yield(context.Background(), "store"))
}
