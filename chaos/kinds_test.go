package chaos_test

import (
	"context"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

func kindOf(t testing.TB, name string) simcity.FaultKind {
	t.Helper()
	for _, kind := range chaos.Kinds() {
		if kind.Kind == name {
			return kind
		}
	}
	require.FailNow(t, "no kind "+name)
	return simcity.FaultKind{}
}

func TestKindsAreDescribed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, kind := range chaos.Kinds() {
		require.Regexp(t, `^[A-Z]+(_[A-Z]+)*$`, kind.Kind)
		require.False(t, seen[kind.Kind])
		seen[kind.Kind] = true
		require.Regexp(t, `^[A-Z].*\.$`, kind.Doc)
		for _, p := range kind.Parameters {
			require.NotEmpty(t, p.Name, kind.Kind)
			require.NotEmpty(t, p.Doc, "%s.%s", kind.Kind, p.Name)
			require.NotEmpty(t, p.Allowed, "%s.%s", kind.Kind, p.Name)
		}
	}
	for _, name := range []string{"CACHE_INVALIDATION_STORM", "PAUSE_MV_REFRESH", "RLS_MISCONFIG", "RATE_LIMIT_BURST"} {
		require.True(t, seen[name], name)
	}
}

func TestRunbooksParameters(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]simcity.FaultParameter{
		"CACHE_INVALIDATION_STORM": {Name: "invalidationRate", Doc: "share of the cached entries that each round drops", Default: 0.8, Allowed: "more than 0, up to 1"},
		"PAUSE_MV_REFRESH":         {Name: "pauseDuration", Doc: "how long the pause lasts, within the fault's window", Default: 10.0, Allowed: "more than 0, up to 1440 min"},
		"RLS_MISCONFIG":            {Name: "misconfigType", Doc: "how the data is opened", Default: "admin_access", Allowed: "admin_access, disabled_table, permissive_policy"},
		"RATE_LIMIT_BURST":         {Name: "multiplier", Doc: "how many times as much each client sends", Default: 10, Allowed: "2 to 1000"},
	} {
		require.Equal(t, want, kindOf(t, name).Parameters[0])
	}
}

// Nothing, {} and null mean the defaults, and those are what describes them.
func TestKindsMakeTheirDefaults(t *testing.T) {
	t.Parallel()
	for _, kind := range chaos.Kinds() {
		if kind.Kind == "WEBHOOK_TWICE" || kind.Kind == "WEBHOOK_LATE" {
			_, err := kind.Make(nil)
			requireField(t, err, kind.Kind+".path")
			continue
		}
		for _, text := range []string{"", " ", "{}", "null"} {
			fault, err := kind.Make(json.RawMessage(text))
			require.NoError(t, err, kind.Kind)
			require.Equal(t, kind.Kind, fault.Kind)
			require.NotNil(t, fault.Inject)
			for _, p := range kind.Parameters {
				if told, ok := fault.Parameters[p.Name]; ok {
					require.Equal(t, p.Default, told, "%s.%s", kind.Kind, p.Name)
				} else {
					require.Empty(t, p.Default, "%s.%s", kind.Kind, p.Name)
				}
			}
		}
	}
}

func TestKindsReadWhatTheyTell(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"CACHE_INVALIDATION_STORM": `{"invalidationRate":0.5,"everyMs":30000}`,
		"PAUSE_MV_REFRESH":         `{"pauseDuration":2.5}`,
		"RLS_MISCONFIG":            `{"misconfigType":"disabled_table"}`,
		"RATE_LIMIT_BURST":         `{"multiplier":7,"pathPrefix":"/api/"}`,
		"CLOCK_SKEW":               `{"skewMs":-1000}`,
		"HTTP_LATENCY":             `{"delayMs":1500,"distribution":"lognormal","maxMs":9000,"method":"POST","pathPrefix":"/api/","share":0.25,"sigma":0.5,"when":"after"}`,
		"HTTP_ERRORS":              `{"share":1,"status":500,"when":"after"}`,
		"WEBHOOK_LATE":             `{"path":"/hooks","delayMs":5}`,
	} {
		fault, err := kindOf(t, name).Make(json.RawMessage(text))
		require.NoError(t, err)
		told, err := json.Marshal(fault.Parameters)
		require.NoError(t, err)
		require.JSONEq(t, text, string(told))
	}
}

func TestDurationsAreNumbersOrText(t *testing.T) {
	t.Parallel()
	for text, minutes := range map[string]float64{`5`: 5, `"90s"`: 1.5, `"1h"`: 60, `0.5`: 0.5} {
		fault, err := kindOf(t, "PAUSE_MV_REFRESH").Make(json.RawMessage(`{"pauseDuration":` + text + `}`))
		require.NoError(t, err)
		require.Equal(t, minutes, fault.Parameters["pauseDuration"])
	}
}

func TestParametersThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ kind, text, field string }{
		{"RATE_LIMIT_BURST", `[]`, ""},
		{"RATE_LIMIT_BURST", `{`, ""},
		{"RATE_LIMIT_BURST", `{} {}`, ""},
		{"RATE_LIMIT_BURST", `{"multiplyer":3}`, ".multiplyer"},
		{"RATE_LIMIT_BURST", `{"Multiplier":3}`, ".Multiplier"},
		{"RATE_LIMIT_BURST", `{"multiplier":1}`, ".multiplier"},
		{"RATE_LIMIT_BURST", `{"multiplier":1001}`, ".multiplier"},
		{"RATE_LIMIT_BURST", `{"multiplier":2.5}`, ".multiplier"},
		{"RATE_LIMIT_BURST", `{"multiplier":"3"}`, ".multiplier"},
		{"RATE_LIMIT_BURST", `{"multiplier":null}`, ".multiplier"},
		{"RATE_LIMIT_BURST", `{"multiplier":0}`, ".multiplier"},
		{"CACHE_INVALIDATION_STORM", `{"invalidationRate":1.1}`, ".invalidationRate"},
		{"CACHE_INVALIDATION_STORM", `{"invalidationRate":-0.1}`, ".invalidationRate"},
		{"CACHE_INVALIDATION_STORM", `{"invalidationRate":0}`, ".invalidationRate"},
		{"PAUSE_MV_REFRESH", `{"pauseDuration":300000}`, ".pauseDuration"},
		{"PAUSE_MV_REFRESH", `{"pauseDuration":"soon"}`, ".pauseDuration"},
		{"PAUSE_MV_REFRESH", `{"pauseDuration":1e300}`, ".pauseDuration"},
		{"PAUSE_MV_REFRESH", `{"pauseDuration":true}`, ".pauseDuration"},
		{"RLS_MISCONFIG", `{"misconfigType":"open_door"}`, ".misconfigType"},
		{"HTTP_ERRORS", `{"status":200}`, ".status"},
		{"HTTP_ERRORS", `{"when":"later"}`, ".when"},
		{"HTTP_LATENCY", `{"share":0}`, ".share"},
		{"WEBHOOK_TWICE", `{"delayMs":5}`, ".path"},
	} {
		_, err := kindOf(t, test.kind).Make(json.RawMessage(test.text))
		requireField(t, err, test.kind+test.field)
	}
	_, err := kindOf(t, "RATE_LIMIT_BURST").Make(json.RawMessage(`{"multiplyer":3}`))
	require.EqualError(t, err, "simcity: RATE_LIMIT_BURST.multiplyer is unknown; allowed: multiplier, pathPrefix; fix: use one of the known names")
	_, err = kindOf(t, "PAUSE_MV_REFRESH").Make(json.RawMessage(`{"pauseDuration":300000}`))
	require.EqualError(t, err, "simcity: PAUSE_MV_REFRESH.pauseDuration is 300000; allowed: more than 0, up to 1440 min; fix: leave it out for 10 min")
}

func TestStructsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for field, maker := range map[string]chaos.Maker{
		"CACHE_INVALIDATION_STORM.invalidationRate": chaos.CacheInvalidationStorm{InvalidationRate: math.NaN()},
		"CACHE_INVALIDATION_STORM.everyMs":          chaos.CacheInvalidationStorm{Every: -time.Second},
		"PAUSE_MV_REFRESH.pauseDuration":            chaos.PauseMVRefresh{PauseDuration: -time.Minute},
		"RLS_MISCONFIG.misconfigType":               chaos.RLSMisconfig{MisconfigType: "all"},
		"RATE_LIMIT_BURST.multiplier":               chaos.RateLimitBurst{Multiplier: 1},
		"CLOCK_SKEW.skewMs":                         chaos.ClockSkew{Skew: 9000 * time.Hour},
		"HTTP_LATENCY.share":                        chaos.Latency{Match: chaos.Match{Share: 2}},
		"HTTP_LATENCY.distribution":                 chaos.Latency{Delay: chaos.Delay{Distribution: "normal"}},
		"HTTP_LATENCY.sigma":                        chaos.Latency{Delay: chaos.Delay{Sigma: math.Inf(1)}},
		"HTTP_ERRORS.status":                        chaos.Errors{Status: 600},
		"CONNECTION_RESET.when":                     chaos.ConnectionReset{When: "between"},
		"HTTP_TIMEOUT.patienceMs":                   chaos.Timeout{Patience: -1},
		"SLOW_BODY.transferMs":                      chaos.SlowBody{Transfer: -1},
		"TRUNCATED_BODY.keep":                       chaos.TruncatedBody{Keep: 1},
		"DUPLICATE_DELIVERY.answer":                 chaos.DuplicateDelivery{Answer: "third"},
		"REORDERED.holdMs":                          chaos.Reordered{Hold: time.Nanosecond},
		"WEBHOOK_TWICE.path":                        chaos.WebhookTwice{},
		"WEBHOOK_LATE.path":                         chaos.WebhookLate{},
		"SEAM_LATENCY.delayMs":                      chaos.SeamLatency{Delay: chaos.Delay{Typical: -1}},
		"SEAM_ERRORS.share":                         chaos.SeamErrors{Seams: chaos.Seams{Share: -1}},
	} {
		fault := maker.Fault()
		requireField(t, fault.Err, field)
		requireField(t, trial{fault: fault}.city(&story{}).Validate(), field)
	}
}

func TestCommandsInjectKindsByName(t *testing.T) {
	t.Parallel()
	var s story
	s.Result = trial{kinds: chaos.Kinds()}.city(&s).Command(simcity.Command{
		Kind: simcity.InjectFault, At: begins, For: lasts,
		Fault: "HTTP_ERRORS", Parameters: json.RawMessage(`{"status":500}`),
	}).Simulate(t)
	require.Equal(t, simcity.Pass, s.Verdict, s.Reasons)
	s.requireCalmOutside(t)
	require.Equal(t, 500, s.during()[0].status)
	require.Equal(t, int64(10), s.touched(t))
}

type many struct {
	Words []string      `json:"words" default:"a b" oneof:"a b c"`
	Names []string      `json:"names" required:"true"`
	Every time.Duration `json:"everyMs" range:"100..1000" unit:"ms"`
}

func (m many) Fault() simcity.Fault {
	fault := chaos.Declare("MANY", &m)
	fault.Inject = func(context.Context, *simcity.World, *simcity.Touched) (func(context.Context) error, error) {
		return nil, nil
	}
	return fault
}

func TestListsAndWhatMayBeLeftOut(t *testing.T) {
	t.Parallel()
	kind := chaos.KindOf[many]("They are many.")
	require.Equal(t, "a list of a, b, c", kind.Parameters[0].Allowed)
	require.Equal(t, "a list of text; required", kind.Parameters[1].Allowed)
	for text, want := range map[string]map[string]any{
		`{"names":["x"]}`: {"words": []string{"a", "b"}, "names": []string{"x"}},
		`{"names":["x"],"words":["c"],"everyMs":"1s"}`: {"words": []string{"c"}, "names": []string{"x"}, "everyMs": 1000.0},
		`{"names":["x"],"everyMs":0}`:                  {"words": []string{"a", "b"}, "names": []string{"x"}},
	} {
		fault, err := kind.Make(json.RawMessage(text))
		require.NoError(t, err, text)
		require.Equal(t, want, fault.Parameters)
	}
	for text, field := range map[string]string{
		`{}`: "names", `{"names":[]}`: "names", `{"names":[""]}`: "names", `{"names":[null]}`: "names", `{"names":"x"}`: "names",
		`{"names":["x"],"words":[]}`: "words", `{"names":["x"],"words":["a","d"]}`: "words",
		`{"names":["x"],"everyMs":99}`: "everyMs", `{"names":["x"],"everyMs":-1}`: "everyMs",
	} {
		_, err := kind.Make(json.RawMessage(text))
		requireField(t, err, "MANY."+field)
	}
	require.Equal(t, []string{"a", "b"}, many{Names: []string{"x"}, Words: []string{}}.Fault().Parameters["words"])
}

type lonely struct {
	Level float64        `json:"level" default:"3" range:"1..5" doc:"how lonely"`
	Names map[string]int `json:"names"`
}

func (l lonely) Fault() simcity.Fault { return chaos.Declare("LONELY", &l) }

func TestDeclareRefusesWhatIsNoParameter(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, lonely{}.Fault().Err, "field Names of chaos_test.lonely: a parameter cannot be of type map[string]int")
	_, err := chaos.KindOf[lonely]("It is lonely.").Make(nil)
	require.ErrorContains(t, err, "field Names")
	for text, fault := range map[string]simcity.Fault{
		"give a pointer to one": chaos.Declare("X", lonely{}),
		"needs a unit": chaos.Declare("X", &struct {
			D time.Duration `json:"d"`
		}{}),
		"is not \"0..1\"": chaos.Declare("X", &struct {
			D int `json:"d" range:"1-2"`
		}{}),
		"is no number": chaos.Declare("X", &struct {
			D int `json:"d" default:"two"`
		}{}),
		"the default of a bool": chaos.Declare("X", &struct {
			D bool `json:"d" default:"true"`
		}{}),
	} {
		require.ErrorContains(t, fault.Err, text)
	}
}

func FuzzMake(f *testing.F) {
	kinds := chaos.Kinds()
	for i, text := range []string{
		`{}`, `{"share":0.5}`, `{"multiplier":3}`, `{"pauseDuration":"5m"}`, `{"delayMs":1e400}`, `{"path":"/x"}`, `nul`, `[1]`,
		`{"when":"after","status":500}`, `{"share":-0}`, "{\"seam\":\"\xff\"}",
	} {
		f.Add(uint8(i), text)
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		kind := kinds[int(which)%len(kinds)]
		fault, err := kind.Make(json.RawMessage(text))
		if err != nil {
			var wrong *simcity.FieldError
			require.ErrorAs(t, err, &wrong)
			require.NotEmpty(t, wrong.Fix)
			return
		}
		require.NoError(t, fault.Err)
		require.NotNil(t, fault.Inject)
		told, err := json.Marshal(fault.Parameters)
		require.NoError(t, err)
		again, err := kind.Make(told)
		require.NoError(t, err, "%s", told)
		require.Equal(t, fault.Parameters, again.Parameters)
	})
}
