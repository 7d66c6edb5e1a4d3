package simcity_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// oneAnywhere plans one calm fault of five minutes somewhere in the run.
type oneAnywhere struct{}

func (oneAnywhere) Kinds() []string { return []string{"CALM"} }

func (oneAnywhere) Plan(random *rand.Rand, duration time.Duration) []simcity.Injection {
	at := time.Duration(random.Int64N(int64(duration - 10*time.Minute)))
	return []simcity.Injection{{Fault: calmFault(), At: at, For: 5 * time.Minute}}
}

func TestScheduleIsAFunctionOfTheSeed(t *testing.T) {
	t.Parallel()
	begins := func(seed uint64) time.Duration {
		res := city(hello, citizens("visitor", 1, visitor)).Schedule(oneAnywhere{}).Seed(seed).Simulate(t)
		require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
		require.Len(t, res.Faults, 1)
		require.Equal(t, "CALM", res.Faults[0].Kind)
		require.Equal(t, res.Faults[0].Begun+5*time.Minute, res.Faults[0].Ended)
		require.EqualValues(t, 1, res.Faults[0].Touched)
		return res.Faults[0].Begun
	}
	require.Equal(t, begins(1), begins(1))
	require.NotEqual(t, begins(1), begins(2))
}

// tooLate plans a fault that the run never reaches.
type tooLate struct{ oneAnywhere }

func (tooLate) Plan(_ *rand.Rand, duration time.Duration) []simcity.Injection {
	return []simcity.Injection{{Fault: calmFault(), At: duration + time.Minute, For: time.Minute}}
}

func TestScheduleThatPlansOutsideOfTheRunIsRefused(t *testing.T) {
	t.Parallel()
	res := city(hello, citizens("visitor", 1, visitor)).Schedule(tooLate{}).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Zero(t, res.Operations)
	require.Contains(t, res.Reasons[0], "planned[0].At is 1h1m0s")
}

func TestFaultThatIsNotReadyRefusesTheRun(t *testing.T) {
	t.Parallel()
	fault := calmFault()
	fault.Ready = func(w *simcity.World) error {
		if w.Value("hook") == nil {
			return errors.New("the host offers no hook")
		}
		return nil
	}
	res := city(hello, citizens("visitor", 1, visitor)).Inject(fault, time.Minute, time.Minute).Simulate(t)
	require.Equal(t, simcity.Fail, res.Verdict)
	require.Zero(t, res.Operations, "nothing happened")
	require.Equal(t, []string{"simcity: fault CALM cannot strike this host: the host offers no hook"}, res.Reasons)
}

func TestMistakeInAFaultsParametersIsToldBeforeTheRun(t *testing.T) {
	t.Parallel()
	fault := calmFault()
	fault.Err = &simcity.FieldError{Field: "share", Value: 2, Allowed: "0 to 1", Fix: "give a share"}
	err := city(hello, citizens("visitor", 1, visitor)).Inject(fault, time.Minute, time.Minute).Validate()
	require.ErrorContains(t, err, "scenario.Injections[0]")
	require.ErrorContains(t, err, "share is 2; allowed: 0 to 1")
}

// calmKind makes calm faults by name; its parameter may be 0 to 9.
func calmKind() simcity.FaultKind {
	return simcity.FaultKind{
		Kind:       "CALM",
		Parameters: []simcity.FaultParameter{{Name: "depth", Default: 0, Allowed: "0 to 9"}},
		Make: func(parameters json.RawMessage) (simcity.Fault, error) {
			var p struct{ Depth int }
			if len(parameters) > 0 {
				if err := json.Unmarshal(parameters, &p); err != nil {
					return simcity.Fault{}, err
				}
			}
			fault := calmFault()
			fault.Parameters = map[string]any{"depth": p.Depth}
			if p.Depth > 9 {
				fault.Err = &simcity.FieldError{Field: "depth", Value: p.Depth, Allowed: "0 to 9", Fix: "be calm"}
			}
			return fault, nil
		},
	}
}

// callable is a city in which a calm fault may be called by name.
func callable() *simcity.Simulation { return city(hello, citizens("visitor", 1, visitor)) }

func TestCommandInjectsAFaultByName(t *testing.T) {
	t.Parallel()
	res := callable().Command(simcity.Command{
		Kind: simcity.InjectFault, At: 20 * time.Minute, Fault: "CALM", Parameters: json.RawMessage(`{"depth": 3}`),
	}).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Len(t, res.Faults, 1)
	require.Equal(t, simcity.FaultWindow{
		Actor: "fault/called/1", Kind: "CALM", Parameters: map[string]any{"depth": 3},
		Begun: 20 * time.Minute, Ended: 30 * time.Minute, Touched: 1,
	}, res.Faults[0])
}

func TestCommandThatCannotInjectSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		command simcity.Command
		says    string
	}{
		"unknown fault":    {simcity.Command{Fault: "STORM"}, `command.Fault is STORM; allowed: CALM`},
		"parameter":        {simcity.Command{Fault: "CALM", Parameters: json.RawMessage(`{"depth":10}`)}, "depth is 10; allowed: 0 to 9"},
		"not JSON":         {simcity.Command{Fault: "CALM", Parameters: json.RawMessage(`{`)}, "unexpected end of JSON input"},
		"negative lasting": {simcity.Command{Fault: "CALM", For: -1}, "command.For"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.command.Kind = simcity.InjectFault
			require.ErrorContains(t, callable().Command(test.command).Validate(), test.says)

			running, err := callable().Clock(simcity.Paced(3600)).Start(t.Context())
			require.NoError(t, err)
			require.ErrorContains(t, running.Send(test.command), test.says)
			running.Stop()
			running.Wait()
		})
	}
}

// A fault's own actor acts while the fault lasts, at its times, and ends with it.
func TestFaultActsAgainAndAgainWhileItLasts(t *testing.T) {
	t.Parallel()
	var at []time.Duration
	storm := simcity.Fault{
		Kind: "STORM",
		Inject: func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
			ctx, stop := context.WithCancel(ctx)
			w.Go(ctx, "gust", func(ctx context.Context) {
				for ctx.Err() == nil {
					touched.Add(1)
					at = append(at, w.Elapsed())
					if simcity.Sleep(ctx, 2*time.Minute) != nil {
						return
					}
				}
			})
			return func(context.Context) error { stop(); return nil }, nil
		},
	}
	res := city(hello, citizens("visitor", 1, visitor)).Inject(storm, 10*time.Minute, 5*time.Minute).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.EqualValues(t, 3, res.Faults[0].Touched)
	for i, begun := range at {
		require.InDelta(t, float64(10*time.Minute+time.Duration(i)*2*time.Minute), float64(begun), float64(time.Second))
	}
}

// What a host keeps for faults is found again.
func TestHostKeepsValuesForFaults(t *testing.T) {
	t.Parallel()
	var w *simcity.World
	res := simcity.New(sound()).Target(simcity.InProcess(func(world *simcity.World) (http.Handler, error) {
		w = world
		w.SetValue(7, "seven")
		return http.HandlerFunc(hello), nil
	})).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, "seven", w.Value(7))
	require.Nil(t, w.Value("7"))
}

func TestPairTellsWhatTheFaultsChanged(t *testing.T) {
	t.Parallel()
	pair := city(hello, citizens("regular", 1, regular)).Inject(outage(), 20*time.Minute, 5*time.Minute).SimulatePair(t)
	require.Equal(t, "city_without_faults", pair.Without.Scenario)
	require.Empty(t, pair.Without.Faults)
	touched := pair.With.Faults[0].Touched
	require.NotZero(t, touched)
	require.Equal(t, []simcity.Difference{
		{Figure: "outcome ok", With: float64(pair.Without.Operations - touched), Without: float64(pair.Without.Operations)},
		{Figure: "outcome error", With: float64(touched)},
	}, pair.Differences())
	require.Contains(t, pair.String(), "fault OUTAGE from 20m0s to 25m0s touched "+strconv.FormatInt(touched, 10))
}
