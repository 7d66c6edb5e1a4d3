package simcity_test

import (
	"encoding/json"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// A mistake of the caller fails at once, and its message says which field, what
// it was and how to mend it.
type mistake struct {
	name  string
	field string
	says  []string
}

func requireMistake(t *testing.T, want mistake, err error) {
	t.Helper()
	var field *simcity.FieldError
	require.ErrorAs(t, err, &field)
	require.Equal(t, want.field, field.Field)
	require.NotEmpty(t, field.Fix)
	for _, text := range append(want.says, want.field, field.Fix) {
		require.ErrorContains(t, err, text)
	}
}

// sound is a scenario without a mistake.
func sound() simcity.Scenario {
	return simcity.Scenario{
		Name:        "sound",
		Duration:    time.Hour,
		Populations: []simcity.Population{citizens("customer", 1, visitor)},
		Invariants:  []simcity.Invariant{anything()},
	}
}

func TestSoundScenarioIsValid(t *testing.T) {
	t.Parallel()
	require.NoError(t, sound().Validate())
}

func TestScenarioMistakesNameTheFieldAndTheFix(t *testing.T) {
	t.Parallel()
	fault := simcity.Fault{Kind: "OUTAGE", Inject: calmFault().Inject}
	for _, test := range []struct {
		mistake
		spoil func(*simcity.Scenario)
	}{
		{mistake{"no name", "scenario.Name", []string{`""`, "snake_case"}}, func(s *simcity.Scenario) { s.Name = "" }},
		{mistake{"name of two words", "scenario.Name", []string{`"two words"`}}, func(s *simcity.Scenario) { s.Name = "two words" }},
		{mistake{"too short", "scenario.Duration", []string{"1ms", "1s to"}}, func(s *simcity.Scenario) { s.Duration = time.Millisecond }},
		{mistake{"too long", "scenario.Duration", []string{"8784h"}}, func(s *simcity.Scenario) { s.Duration = 10_000 * time.Hour }},
		{mistake{"too early", "scenario.Start", []string{"1999", "2000-01-01"}}, func(s *simcity.Scenario) { s.Start = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{mistake{"start beyond the clock", "scenario.Start", []string{"2300"}}, func(s *simcity.Scenario) { s.Start = time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{mistake{"slower than real time", "scenario.Compression", []string{"0.5", "1 to 1000000"}}, func(s *simcity.Scenario) { s.Compression = 0.5 }},
		{mistake{"compression not a number", "scenario.Compression", []string{"NaN"}}, func(s *simcity.Scenario) { s.Compression = math.NaN() }},
		{mistake{"negative grace", "scenario.RecoveryGrace", []string{"-1s", "10 minutes"}}, func(s *simcity.Scenario) { s.RecoveryGrace = -time.Second }},
		{mistake{"negative timeout", "scenario.RequestTimeout", []string{"-1s", "30 seconds"}}, func(s *simcity.Scenario) { s.RequestTimeout = -time.Second }},
		{mistake{"tick too short", "policies.tickSpeedMs", []string{"is 1", "at least 1s", "Compression"}}, func(s *simcity.Scenario) {
			s.Policies = simcity.DefaultPolicies()
			s.Policies.TickSpeedMs = 1
		}},
		{mistake{"bad policy", "policies.cancelChance", []string{"is 2", "0 to 1", "DefaultPolicies"}}, func(s *simcity.Scenario) {
			s.Policies = simcity.DefaultPolicies()
			s.Policies.CancelChance = 2
		}},
		{mistake{"nobody", "scenario.Populations", []string{"empty", "Populate"}}, func(s *simcity.Scenario) { s.Populations = nil }},
		{mistake{"nameless population", "scenario.Populations[0].Name", []string{`""`, "customer"}}, func(s *simcity.Scenario) { s.Populations[0].Name = "" }},
		{mistake{"slash in a population's name", "scenario.Populations[0].Name", []string{`"a/b"`}}, func(s *simcity.Scenario) { s.Populations[0].Name = "a/b" }},
		{mistake{"two of one name", "scenario.Populations[1].Name", []string{"customer", "rename"}}, func(s *simcity.Scenario) {
			s.Populations = append(s.Populations, s.Populations[0])
		}},
		{mistake{"no function", "AgentFunc", []string{"Populations[0].Agent", "nil", "a function"}}, func(s *simcity.Scenario) { s.Populations[0].Agent = simcity.AgentFunc(nil) }},
		{mistake{"no agent", "scenario.Populations[0].Agent", []string{"nil", "AgentFunc"}}, func(s *simcity.Scenario) { s.Populations[0].Agent = nil }},
		{mistake{"no arrivals", "scenario.Populations[0].Arrivals", []string{"nil", "agents.Exactly"}}, func(s *simcity.Scenario) { s.Populations[0].Arrivals = nil }},
		{mistake{"negative step limit", "scenario.Populations[0].StepLimit", []string{"-1", "1000"}}, func(s *simcity.Scenario) { s.Populations[0].StepLimit = -1 }},
		{mistake{"negative weight", "scenario.Populations[0].Personas[1].Weight", []string{"-1", "allowed: 0 "}}, func(s *simcity.Scenario) {
			s.Populations[0].Personas = []simcity.Persona{{Name: "calm"}, {Name: "angry", Weight: -1}}
		}},
		{mistake{"infinite weight", "scenario.Populations[0].Personas[0].Weight", []string{"+Inf"}}, func(s *simcity.Scenario) {
			s.Populations[0].Personas = []simcity.Persona{{Name: "calm", Weight: math.Inf(1)}}
		}},
		{mistake{"no rule", "scenario.Invariants", []string{"empty", "Check"}}, func(s *simcity.Scenario) { s.Invariants = nil }},
		{mistake{"nameless rule", "scenario.Invariants[0].Name", []string{`""`}}, func(s *simcity.Scenario) { s.Invariants[0].Name = "" }},
		{mistake{"two rules of one name", "scenario.Invariants[1].Name", []string{"any", "rename"}}, func(s *simcity.Scenario) {
			s.Invariants = append(s.Invariants, anything())
		}},
		{mistake{"rule that cannot begin", "scenario.Invariants[0].Begin", []string{"nil", "package invariants"}}, func(s *simcity.Scenario) { s.Invariants[0].Begin = nil }},
		{mistake{"unknown severity", "scenario.Invariants[0]", []string{"any", "Critical or Warning"}}, func(s *simcity.Scenario) { s.Invariants[0].Severity = 9 }},
		{mistake{"fault without kind", "scenario.Injections[0].Fault", []string{`""`, "name the fault"}}, func(s *simcity.Scenario) {
			s.Injections = []simcity.Injection{{Fault: simcity.Fault{Inject: fault.Inject}, For: time.Minute}}
		}},
		{mistake{"fault that does nothing", "scenario.Injections[0].Fault", []string{`"OUTAGE"`, "Inject function"}}, func(s *simcity.Scenario) {
			s.Injections = []simcity.Injection{{Fault: simcity.Fault{Kind: "OUTAGE"}, For: time.Minute}}
		}},
		{mistake{"fault with unreadable parameters", "scenario.Injections[0].Fault.Parameters", []string{"encoding/json"}}, func(s *simcity.Scenario) {
			odd := fault
			odd.Parameters = map[string]any{"when": make(chan int)}
			s.Injections = []simcity.Injection{{Fault: odd, At: time.Minute, For: time.Minute}}
		}},
		{mistake{"fault after the end", "scenario.Injections[0].At", []string{"1h0m0s", "into the run"}}, func(s *simcity.Scenario) {
			s.Injections = []simcity.Injection{{Fault: fault, At: time.Hour, For: time.Minute}}
		}},
		{mistake{"fault of no length", "scenario.Injections[0].For", []string{"0s", "more than 0"}}, func(s *simcity.Scenario) {
			s.Injections = []simcity.Injection{{Fault: fault, At: time.Minute}}
		}},
		{mistake{"fault longer than the run", "scenario.Injections[0].For", []string{"1h0m0s", "scenario.Duration"}}, func(s *simcity.Scenario) {
			s.Injections = []simcity.Injection{{Fault: fault, At: time.Minute, For: time.Hour}}
		}},
		{mistake{"fault for ever", "scenario.Injections[0].For", []string{"scenario.Duration"}}, func(s *simcity.Scenario) {
			s.Injections = []simcity.Injection{{Fault: fault, At: time.Minute, For: math.MaxInt64}}
		}},
		{mistake{"unknown command", "scenario.Commands[0].Kind", []string{"dance", "policy, event, stop"}}, func(s *simcity.Scenario) {
			s.Commands = []simcity.Command{{Kind: "dance"}}
		}},
		{mistake{"command after the end", "scenario.Commands[0].At", []string{"2h0m0s", "into the run"}}, func(s *simcity.Scenario) {
			s.Commands = []simcity.Command{{Kind: simcity.Stop, At: 2 * time.Hour}}
		}},
		{mistake{"command with an unknown policy", "policies.tax", []string{"cancelChance", "known names"}}, func(s *simcity.Scenario) {
			s.Commands = []simcity.Command{{Kind: simcity.ChangePolicies, Policies: json.RawMessage(`{"tax":1}`)}}
		}},
		{mistake{"unknown name in AllowEmpty", "scenario.AllowEmpty[0]", []string{"nobody", "*, any, customer"}}, func(s *simcity.Scenario) {
			s.AllowEmpty = []string{"nobody"}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			scenario := sound()
			test.spoil(&scenario)
			requireMistake(t, test.mistake, scenario.Validate())
		})
	}
}

func TestMistakeInACommandSaysWhichCommand(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.Commands = []simcity.Command{
		{Kind: simcity.Stop},
		{Kind: simcity.ChangePolicies, Policies: json.RawMessage(`{"cancelChance":7}`)},
	}
	require.ErrorContains(t, scenario.Validate(), "scenario.Commands[1]: simcity: policies.cancelChance is 7")
}

// pickyArrivals has parameters of its own to be checked.
type pickyArrivals struct{ simcity.Arrivals }

func (pickyArrivals) Validate() error {
	return &simcity.FieldError{Field: "agents.Poisson.Rate", Value: -1, Allowed: "0 or more", Fix: "give a rate"}
}

func TestMistakeInAnArrivalProcessSaysWhichPopulation(t *testing.T) {
	t.Parallel()
	scenario := sound()
	scenario.Populations[0].Arrivals = pickyArrivals{}
	err := scenario.Validate()
	requireMistake(t, mistake{field: "agents.Poisson.Rate", says: []string{"scenario.Populations[0].Arrivals"}}, err)
}

func TestPolicyMistakesNameTheFieldAndTheRange(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		mistake
		spoil func(*simcity.Policies)
	}{
		{mistake{"fee below zero", "policies.skinFee", []string{"-1", "0 to"}}, func(p *simcity.Policies) { p.SkinFee = -1 }},
		{mistake{"opens at midnight's end", "policies.vendorOpenHours.from", []string{"24", "0 to 23"}}, func(p *simcity.Policies) { p.VendorOpenHours.From = 24 }},
		{mistake{"closes before it opens", "policies.vendorOpenHours.to", []string{"is 8", "9 to 24"}}, func(p *simcity.Policies) { p.VendorOpenHours.To = 8 }},
		{mistake{"no patience", "policies.customerPatienceThreshold", []string{"is 0", "1 to"}}, func(p *simcity.Policies) { p.CustomerPatienceThreshold = 0 }},
		{mistake{"chance above one", "policies.rescheduleChance", []string{"1.1", "0 to 1"}}, func(p *simcity.Policies) { p.RescheduleChance = 1.1 }},
		{mistake{"chance not a number", "policies.cancelChance", []string{"NaN", "0 to 1"}}, func(p *simcity.Policies) { p.CancelChance = math.NaN() }},
		{mistake{"no room", "policies.maxConcurrentAgents", []string{"is 0", "1 to"}}, func(p *simcity.Policies) { p.MaxConcurrentAgents = 0 }},
		{mistake{"no tick", "policies.tickSpeedMs", []string{"is 0", "1 to"}}, func(p *simcity.Policies) { p.TickSpeedMs = 0 }},
		{mistake{"infinite customers", "policies.customerSpawnRate", []string{"+Inf"}}, func(p *simcity.Policies) { p.CustomerSpawnRate = math.Inf(1) }},
		{mistake{"negative vendors", "policies.vendorSpawnRate", []string{"-0.1"}}, func(p *simcity.Policies) { p.VendorSpawnRate = -0.1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			policies := simcity.DefaultPolicies()
			require.NoError(t, policies.Validate())
			test.spoil(&policies)
			requireMistake(t, test.mistake, policies.Validate())
		})
	}
}

func TestPolicyChangeThatCannotWorkChangesNothing(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]mistake{
		`[]`:                       {field: "policies", says: []string{"[]", "a JSON object"}},
		`{"cancelChance":`:         {field: "policies", says: []string{"a JSON object"}},
		`{"CancelChance":0.5}`:     {field: "policies.CancelChance", says: []string{"0.5", "cancelChance"}},
		`{"cancelChance":"often"}`: {field: "policies", says: []string{"often", "right type", "cancelChance"}},
		`{"cancelChance":2}`:       {field: "policies.cancelChance", says: []string{"2", "0 to 1"}},
		`{"cancelChance":0.5,"maxConcurrentAgents":0}`: {field: "policies.maxConcurrentAgents", says: []string{"0"}},
		`{"vendorOpenHours":{"form":9}}`:               {field: "policies.vendorOpenHours.form", says: []string{"form", "from, to"}},
		`null`:                                         {field: "policies", says: []string{"null", "a JSON object"}},
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			before := simcity.DefaultPolicies()
			after, err := before.With(json.RawMessage(change))
			requireMistake(t, want, err)
			require.Equal(t, before, after)
		})
	}
}

func TestPolicyChangeTouchesOnlyTheFieldsItNames(t *testing.T) {
	t.Parallel()
	changed, err := simcity.DefaultPolicies().With(json.RawMessage(`{"cancelChance":0.5,"vendorOpenHours":{"to":20}}`))
	require.NoError(t, err)
	want := simcity.DefaultPolicies()
	want.CancelChance = 0.5
	want.VendorOpenHours.To = 20
	require.Equal(t, want, changed)
}

func TestSimulationMistakesNameTheFieldAndTheFix(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		mistake
		simulation *simcity.Simulation
	}{
		{mistake{"no target", "Target", []string{"nil", "InProcess"}}, simcity.New(sound())},
		{mistake{"nil factory", "Target", []string{"nil", "InProcess"}}, simcity.New(sound()).Target(simcity.InProcess(nil))},
		{mistake{"nil handler", "Target", []string{"nil"}}, simcity.New(sound()).Target(simcity.Handler(nil))},
		{mistake{"nil mux", "Target", []string{"nil"}}, simcity.New(sound()).Target(simcity.Handler((*http.ServeMux)(nil)))},
		{mistake{"nil function as a handler", "Target", []string{"nil"}}, simcity.New(sound()).Target(simcity.Handler(http.HandlerFunc(nil)))},
		{mistake{"seed too large", "Seed", []string{"18446744073709551615", "9223372036854775807"}}, city(hello).Seed(math.MaxUint64)},
		{mistake{"no patience", "Patience", []string{"0s", "10 seconds"}}, city(hello).Patience(0)},
		{mistake{"no grace", "Clock grace", []string{"0s", "Stepped()"}}, city(hello).Clock(simcity.SteppedGrace(0))},
		{mistake{"backwards", "Clock factor", []string{"-1", "Paced(100)"}}, city(hello).Clock(simcity.Paced(-1))},
		{mistake{"factor not a number", "Clock factor", []string{"NaN"}}, city(hello).Clock(simcity.Paced(math.NaN()))},
		{mistake{"zero clock", "Clock", []string{"Virtual()"}}, city(hello, citizens("a", 1, visitor)).Clock(simcity.Clock{})},
		{mistake{"no URL", "Target", []string{"http://host:port"}}, simcity.New(sound()).Target(simcity.URL("localhost:80")).Clock(simcity.Stepped())},
		{mistake{"URL with a password", "Target", []string{"a user or a password", "header"}}, simcity.New(sound()).Target(simcity.URL("http://me:secret@127.0.0.1")).Clock(simcity.Stepped())},
		{mistake{"URL far away", "Target", []string{"example.com", "127.0.0.1"}}, simcity.New(sound()).Target(simcity.URL("http://example.com")).Clock(simcity.Stepped())},
		{mistake{"URL on a virtual clock", "Target", []string{"127.0.0.1", "simcity.Stepped()", "simcity.Paced(100)"}}, simcity.New(sound()).Target(simcity.URL("http://127.0.0.1:80"))},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := test.simulation.Validate()
			requireMistake(t, test.mistake, err)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestTheFirstMistakeInBuildingIsTheOneTold(t *testing.T) {
	t.Parallel()
	err := city(hello).Patience(-1).Seed(math.MaxUint64).Validate()
	requireMistake(t, mistake{field: "Patience"}, err)
}

func TestSimulationThatCannotRunFailsTheTestWithTheFix(t *testing.T) {
	t.Parallel()
	told := record(t, "TestX", func(t testing.TB) { simcity.New(sound()).Simulate(t) })
	require.Contains(t, told.fatal, "Target is nil")
	require.Contains(t, told.fatal, "fix: add .Target(")
}

func TestSettingsMistakesFailTheTestWithTheFix(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	garbage := filepath.Join(t.TempDir(), "garbage.json")
	require.NoError(t, os.WriteFile(garbage, []byte("verdict=FAIL"), 0o600))
	future := filepath.Join(t.TempDir(), "future.json")
	require.NoError(t, os.WriteFile(future, []byte(`{"version":99,"test":"TestX","result":{}}`), 0o600))
	empty := filepath.Join(t.TempDir(), "empty.json")
	require.NoError(t, os.WriteFile(empty, []byte(`{"version":1,"test":"TestX"}`), 0o600))
	for _, test := range []struct {
		name, variable, value string
		says                  []string
	}{
		{"unknown", "SIMCITY_SPED", "3", []string{"SIMCITY_SPED is unknown", "SIMCITY_SEED", "correct its name"}},
		{"seed no number", "SIMCITY_SEED", "seven", []string{"SIMCITY_SEED is seven", "random", "verdict line"}},
		{"seed negative", "SIMCITY_SEED", "-1", []string{"SIMCITY_SEED is -1"}},
		{"seed too large", "SIMCITY_SEED", "9223372036854775808", []string{"9223372036854775807"}},
		{"switch by a word", "SIMCITY_VERIFY", "yes", []string{"SIMCITY_VERIFY is yes; allowed: 1 or 0; fix: set it to 1, or unset it"}},
		{"replay missing", "SIMCITY_REPLAY", "no/such/file.json", []string{"SIMCITY_REPLAY is " + filepath.Join(root, "no/such/file.json"), "fix: give the path that the run told, seen from the module's root: open", "no such file"}},
		{"packages by their folder", "SIMCITY_OVERLAY_PACKAGES", "example.com/shop, ./stock", []string{"SIMCITY_OVERLAY_PACKAGES is ./stock; allowed: import paths, and /... at their end", "fix: "}},
		{"packages by a wildcard", "SIMCITY_OVERLAY_PACKAGES", "example.com/*", []string{"SIMCITY_OVERLAY_PACKAGES is example.com/*"}},
		{"replay garbage", "SIMCITY_REPLAY", garbage, []string{"SIMCITY_REPLAY is", "not the JSON of a bundle"}},
		{"replay of another version", "SIMCITY_REPLAY", future, []string{"version 1", "it is version 99"}},
		{"replay without a result", "SIMCITY_REPLAY", empty, []string{"SIMCITY_REPLAY is", "result"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(test.variable, test.value)
			told := record(t, "TestX", func(t testing.TB) {
				city(hello, citizens("visitor", 1, visitor)).Simulate(t)
			})
			for _, text := range test.says {
				require.Contains(t, told.fatal, text)
			}
		})
	}
}

// Secrets live in the environment, too: those of ours are known by name, and the
// value of a stranger is not told.
func TestSecretsOfTheEnvironmentAreNotTold(t *testing.T) {
	t.Setenv("SIMCITY_SECRET", "correct-horse-battery-staple")
	require.Equal(t, simcity.Pass, city(hello, citizens("visitor", 1, visitor)).Simulate(t).Verdict)
	t.Setenv("SIMCITY_SECRETS", "correct-horse-battery-staple")
	told := record(t, "TestX", func(t testing.TB) {
		city(hello, citizens("visitor", 1, visitor)).Simulate(t)
	})
	require.Contains(t, told.fatal, "SIMCITY_SECRETS is unknown")
	require.NotContains(t, told.fatal, "battery")
}

func TestSeedFromTheEnvironmentWins(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "42")
	res := city(hello, citizens("visitor", 1, visitor)).Seed(7).Simulate(t)
	require.Equal(t, uint64(42), res.Seed)
}

func TestRandomSeedIsToldAndFitsADatabaseColumn(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "random")
	res := city(hello, citizens("visitor", 1, visitor)).Simulate(t)
	require.LessOrEqual(t, res.Seed, uint64(math.MaxInt64))
	require.NotEqual(t, uint64(1), res.Seed)
}

func TestDebugWritesEveryEvent(t *testing.T) {
	t.Setenv("SIMCITY_DEBUG", "1")
	told := record(t, "TestX", func(t testing.TB) {
		city(hello, citizens("visitor", 1, visitor)).Simulate(t)
	})
	require.Contains(t, told.output.String(), "visitor/1        operation")
}
