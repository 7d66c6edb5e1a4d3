package chaos_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// calm touches one thing and harms nobody.
func calm() simcity.Fault {
	return simcity.Fault{
		Kind: "CALM",
		Inject: func(_ context.Context, _ *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
			touched.Add(1)
			return nil, nil
		},
	}
}

func validate(schedule simcity.Schedule) error {
	return schedule.(interface{ Validate() error }).Validate()
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func TestAtPlansOneFault(t *testing.T) {
	t.Parallel()
	schedule := chaos.At(calm(), 5*time.Minute, time.Minute)
	require.NoError(t, validate(schedule))
	require.Equal(t, []string{"CALM"}, schedule.Kinds())
	planned := schedule.Plan(seeded(1), time.Hour)
	require.Len(t, planned, 1)
	require.Equal(t, 5*time.Minute, planned[0].At)
	require.Equal(t, time.Minute, planned[0].For)
}

func TestEveryPlansAsOftenAsFits(t *testing.T) {
	t.Parallel()
	every := chaos.Every{Fault: calm(), Period: 20 * time.Minute, For: 5 * time.Minute}
	require.NoError(t, validate(every))
	for times, expects := range map[int][]time.Duration{
		0: {20 * time.Minute, 40 * time.Minute, 60 * time.Minute, 80 * time.Minute},
		2: {20 * time.Minute, 40 * time.Minute},
		6: {20 * time.Minute, 40 * time.Minute, 60 * time.Minute, 80 * time.Minute, 100 * time.Minute, 120 * time.Minute},
	} {
		every.Times = times
		var begun []time.Duration
		for _, in := range every.Plan(seeded(1), 100*time.Minute) {
			require.Equal(t, 5*time.Minute, in.For)
			begun = append(begun, in.At)
		}
		require.Equal(t, expects, begun)
	}
	every.Times = 0
	require.Len(t, every.Plan(seeded(1), 30*time.Minute), 1, "it fits, though not with a whole period")
	require.Len(t, every.Plan(seeded(1), 10*time.Minute), 1, "for the run to refuse")
	every.Times, every.First = 1, time.Minute
	require.Equal(t, time.Minute, every.Plan(seeded(1), time.Hour)[0].At)
}

func TestTimesThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	s := story{}
	s.Result = trial{}.city(&s).Schedule(chaos.Every{Fault: calm(), Period: 20 * time.Minute, For: time.Minute, Times: 5}).Simulate(t)
	require.Contains(t, faultFinding(t, s.Result), "planned[2].At is 1h0m0s")
}

func TestSchedulesThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	broken := chaos.Errors{Status: 1}.Fault()
	swarm := func(change func(*chaos.Swarm)) chaos.Swarm {
		s := chaos.Swarm{Faults: chaos.Fixed(calm())}
		change(&s)
		return s
	}
	for _, test := range []struct {
		schedule simcity.Schedule
		field    string
	}{
		{chaos.At(broken, time.Minute, time.Minute), "HTTP_ERRORS.status"},
		{chaos.At(calm(), -1, time.Minute), "chaos.At.at"},
		{chaos.At(calm(), 0, 0), "chaos.At.lasts"},
		{chaos.Every{Fault: broken}, "HTTP_ERRORS.status"},
		{chaos.Every{Fault: calm(), First: -1}, "chaos.Every.First"},
		{chaos.Every{Fault: calm(), Period: time.Minute}, "chaos.Every.For"},
		{chaos.Every{Fault: calm(), Period: time.Minute, For: time.Minute}, "chaos.Every.Period"},
		{chaos.Every{Fault: calm(), Period: 2, For: 1}, "chaos.Every.Period"},
		{chaos.Every{Fault: calm(), Period: time.Minute, For: 1, Times: -1}, "chaos.Every.Times"},
		{chaos.Swarm{}, "chaos.Swarm.Faults"},
		{swarm(func(s *chaos.Swarm) { s.From = -1 }), "chaos.Swarm.From"},
		{swarm(func(s *chaos.Swarm) { s.From, s.To = 2*time.Hour, time.Hour }), "chaos.Swarm.To"},
		{swarm(func(s *chaos.Swarm) { s.From, s.To = time.Hour, time.Hour+time.Second }), "chaos.Swarm.To"},
		{swarm(func(s *chaos.Swarm) { s.ForMin = -1 }), "chaos.Swarm.ForMin"},
		{swarm(func(s *chaos.Swarm) { s.ForMin, s.ForMax = time.Hour, time.Minute }), "chaos.Swarm.ForMax"},
		{swarm(func(s *chaos.Swarm) { s.ForMax = time.Second }), "chaos.Swarm.ForMax"},
		{swarm(func(s *chaos.Swarm) { s.Most = -1 }), "chaos.Swarm.Most"},
		{swarm(func(s *chaos.Swarm) { s.Gap = -1 }), "chaos.Swarm.Gap"},
		{swarm(func(s *chaos.Swarm) { s.Faults[0].Draw = nil }), "chaos.Swarm.Faults[0].Draw"},
		{swarm(func(s *chaos.Swarm) { s.Faults[0].Weight = math.NaN() }), "chaos.Swarm.Faults[0].Weight"},
		{chaos.Swarm{Faults: chaos.Fixed(broken)}, "HTTP_ERRORS.status"},
	} {
		requireField(t, validate(test.schedule), test.field)
		requireField(t, trial{}.city(&story{}).Schedule(test.schedule).Validate(), test.field)
	}
}

func TestWindowThatDoesNotFitTheRunIsRefused(t *testing.T) {
	t.Parallel()
	for _, swarm := range []chaos.Swarm{
		{Faults: chaos.Fixed(calm()), From: 50 * time.Minute, To: 70 * time.Minute},
		{Faults: chaos.Fixed(calm()), ForMin: 55 * time.Minute},
		{Faults: chaos.Fixed(calm()), From: 59 * time.Minute},
	} {
		s := story{}
		s.Result = trial{}.city(&s).Schedule(swarm).Simulate(t)
		require.Contains(t, faultFinding(t, s.Result), "chaos.Swarm.From to To is")
	}
}

// everyChoice is all faults that can be drawn.
func everyChoice() []chaos.Choice {
	return slices.Concat(chaos.RandomHTTP(""), chaos.RandomSeams(""), chaos.RandomRunbook())
}

func TestRandomFaultsAreValid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		random := seeded(rapid.Uint64().Draw(t, "seed"))
		for i, choice := range everyChoice() {
			fault := choice.Draw(random)
			require.NoError(t, fault.Err, i)
			require.NotEmpty(t, fault.Kind)
			require.NotNil(t, fault.Inject)
		}
	})
}

func TestSwarmPlans(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minutes := func(low, high int, name string) time.Duration {
			return time.Duration(rapid.IntRange(low, high).Draw(t, name)) * time.Minute
		}
		duration := minutes(30, 3000, "duration")
		swarm := chaos.Swarm{
			Faults:     everyChoice(),
			ForMin:     minutes(0, 10, "forMin"),
			Most:       rapid.IntRange(0, 30).Draw(t, "most"),
			OneAtATime: rapid.Bool().Draw(t, "oneAtATime"),
			Gap:        minutes(0, 30, "gap"),
		}
		if rapid.Bool().Draw(t, "window") {
			swarm.From = minutes(1, int(duration/time.Minute)-20, "from")
			swarm.To = minutes(int(swarm.From/time.Minute)+15, int(duration/time.Minute), "to")
		}
		if rapid.Bool().Draw(t, "long") {
			swarm.ForMax = minutes(max(1, int(swarm.ForMin/time.Minute)), 100, "forMax")
		}
		require.NoError(t, swarm.Validate())
		seed := rapid.Uint64().Draw(t, "seed")
		planned := swarm.Plan(seeded(seed), duration)
		requirePlan(t, swarm, planned, duration)
		requireSame(t, planned, swarm.Plan(seeded(seed), duration))
	})
}

// requirePlan says that a plan keeps what the swarm promises.
func requirePlan(t *rapid.T, swarm chaos.Swarm, planned []simcity.Injection, duration time.Duration) {
	or := func(d, standard time.Duration) time.Duration {
		if d == 0 {
			return standard
		}
		return d
	}
	from, to := or(swarm.From, duration/10), or(swarm.To, duration-duration/10)
	shortest := or(swarm.ForMin, time.Minute)
	if to-from < shortest {
		require.Error(t, planned[0].Fault.Err)
		return
	}
	require.NotEmpty(t, planned)
	most := swarm.Most
	if most == 0 {
		most = 5
	}
	require.LessOrEqual(t, len(planned), most)
	for i, in := range planned {
		require.NoError(t, in.Fault.Err)
		require.Contains(t, swarm.Kinds(), in.Fault.Kind)
		require.GreaterOrEqual(t, in.At, from)
		require.LessOrEqual(t, in.At+in.For, to)
		require.GreaterOrEqual(t, in.For, shortest)
		require.LessOrEqual(t, in.For, max(shortest, or(swarm.ForMax, 10*time.Minute)))
		for _, earlier := range planned[:i] {
			require.LessOrEqual(t, earlier.At, in.At)
			if swarm.OneAtATime {
				require.GreaterOrEqual(t, in.At-earlier.At-earlier.For, or(swarm.Gap, 15*time.Minute))
			} else if earlier.Fault.Kind == in.Fault.Kind {
				require.Greater(t, in.At, earlier.At+earlier.For)
			}
		}
	}
}

func requireSame(t *rapid.T, a, b []simcity.Injection) {
	require.Len(t, b, len(a))
	for i := range a {
		require.Equal(t, a[i].At, b[i].At)
		require.Equal(t, a[i].For, b[i].For)
		require.Equal(t, a[i].Fault.Kind, b[i].Fault.Kind)
		require.Equal(t, a[i].Fault.Parameters, b[i].Fault.Parameters)
	}
}

func TestSwarmsOfSeedsDiffer(t *testing.T) {
	t.Parallel()
	swarm := chaos.Swarm{Faults: everyChoice()}
	kinds, counts := map[string]int{}, map[int]bool{}
	for seed := range uint64(200) {
		planned := swarm.Plan(seeded(seed), 20*time.Hour)
		counts[len(planned)] = true
		for _, in := range planned {
			kinds[in.Fault.Kind]++
		}
	}
	require.Len(t, kinds, len(everyChoice()), "each is drawn at times")
	require.Len(t, counts, 5)
}

func TestWeightsMakeFaultsMoreFrequent(t *testing.T) {
	t.Parallel()
	rare := calm()
	rare.Kind = "RARE"
	choices := chaos.Fixed(calm(), rare)
	choices[0].Weight = 9
	often, seldom := 0, 0
	for seed := range uint64(500) {
		for _, in := range (chaos.Swarm{Faults: choices, Most: 20}).Plan(seeded(seed), 200*time.Hour) {
			if in.Fault.Kind == "CALM" {
				often++
			} else {
				seldom++
			}
		}
	}
	require.Positive(t, seldom)
	require.Greater(t, often, seldom)
}
