package tidy

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/bookiji/simcity"

// joined is why the three sides of a scenario stay apart.
const joined = "agents, invariants and chaos never see one another; scenarios joins them"

// direction says which of our packages those of a pattern may import.
type direction struct {
	of  string
	may []string
	why string
}

// directions is the map of the repository: what each package may import, the
// standard library apart. The first row that fits counts.
var directions = []direction{
	{"internal/...", []string{"internal/..."}, "the engine rests on it"},
	{"simcity", []string{"internal/..."}, "the engine knows nobody who uses it"},
	{"simcity/pgclock", []string{"simcity/pgclock/..."}, "it knows a database and a clock, not the run"},
	{"simcity/telemetry", []string{"simcity"}, "it carries what a run tells, whoever lives in it"},
	{"simcity/telemetry/runner", []string{"simcity", "simcity/telemetry"}, "it makes runs; which ones and where they are kept is passed in"},
	{"simcity/telemetry/...", []string{"simcity/telemetry/..."}, "a store knows the telemetry contract alone"},
	{"simcity/report", []string{"simcity"}, "it tells of results, whoever made them"},
	{"simcity/report/...", []string{"simcity", "simcity/report/..."}, "a notifier knows reports alone"},
	{"simcity/missioncontrol/...", []string{"simcity", "simcity/telemetry", "simcity/missioncontrol/..."}, "runs and stores are passed in, scenarios are values"},
	{"simcity/testhooks", []string{"simcity", "chaos", "internal/staging"}, "a host mounts it: it knows the vocabulary of faults and no run"},
	{"simcity/cmd/...", []string{"simcity/...", "agents/...", "invariants/...", "chaos/...", "scenarios/...", "internal/..."}, "the command joins the library, not the examples"},
	{"agents/...", []string{"simcity", "agents/..."}, joined},
	{"invariants/...", []string{"simcity", "invariants/..."}, joined},
	{"chaos/...", []string{"simcity", "chaos/..."}, joined},
	{"scenarios/...", []string{"simcity", "agents/...", "invariants/...", "chaos/...", "scenarios/..."}, "it joins behaviours, rules and faults, and knows neither stores nor pages"},
	{"examples/...", []string{"..."}, "a host app links what it likes"},
}

// apart are the packages that not even their tests join.
var apart = []string{"agents/...", "invariants/...", "chaos/..."}

// testsOnly are our packages that nothing but tests imports.
var testsOnly = []string{"internal/pgtest"}

// linking says which packages may link a library.
type linking struct {
	library string
	places  []string
	why     string
}

// hosts may link any library.
var hosts = []string{"examples/...", "simcity/cmd/..."}

// linkings are the libraries that are linked at all. One that is in no row is a
// finding: the default answer to a dependency is no.
var linkings = []linking{
	{"github.com/stretchr/testify", nil, "linked by tests alone"},
	{"github.com/chromedp", nil, "linked by tests alone"},
	{"net/http/httptest", nil, "it registers a flag in whatever links it; linked by tests alone"},
	{"golang.org/x/sync", []string{"simcity", "internal/..."}, "only the engine needs it"},
	{"github.com/HdrHistogram/hdrhistogram-go", []string{"simcity", "internal/..."}, "only the engine counts latencies"},
	{"github.com/prometheus/common", []string{"invariants/...", "examples/..."}, "only the invariants read a host's metrics page"},
	{"github.com/prometheus/client_model", []string{"invariants/...", "examples/..."}, "only the invariants read a host's metrics page"},
	{"github.com/jackc/pgx", []string{"simcity/telemetry/postgres/...", "simcity/pgclock", "internal/pgtest", "chaos/postgres/...", "examples/..."}, "only below the Postgres packages"},
	{"github.com/redis/go-redis", []string{"chaos/redis/...", "examples/..."}, "only the faults and seams of Redis"},
	{"github.com/go-json-experiment/json", []string{"agents"}, "only what reads the answers of apps, as fast as Go 1.27's encoding/json, which it is there"},
	{"github.com/anishathalye/porcupine", []string{"invariants/linear", "examples/..."}, "only the rule that checks histories against a model"},
	{"modernc.org/sqlite", []string{"simcity/telemetry/sqlite/...", "examples/..."}, "only the store that embeds it"},
	{"github.com/go-resty/resty", []string{"simcity/telemetry/supabase/...", "simcity/report/notify", "examples/..."}, "only below telemetry/supabase, live clients and notifiers"},
}

// importDirections finds imports that point against the maps.
func importDirections(t *tree) []string {
	var all []string
	for _, file := range t.files {
		if !file.test && file.direction() == nil {
			all = append(all, t.at(file.syntax.Name.Pos(), "%s => ?: a new package says what it may import: give it a row in directions", file.dir))
		}
		for _, spec := range file.syntax.Imports {
			if name, why := imported(spec), file.against(imported(spec)); why != "" {
				all = append(all, t.at(spec.Pos(), "%s => %s: %s", file.dir, strings.TrimPrefix(name, module+"/"), why))
			}
		}
	}
	return all
}

// against says why a file may not import a package, empty when it may.
func (s *source) against(name string) string {
	ours, isOurs := strings.CutPrefix(name, module+"/")
	switch {
	case isOurs && s.test:
		return s.apartFrom(ours)
	case isOurs && withinAny(ours, testsOnly):
		return "it is imported by tests alone"
	case isOurs:
		if d := s.direction(); d != nil && !withinAny(ours, d.may) {
			return "may import of ours only " + strings.Join(d.may, ", ") + ": " + d.why
		}
	case !s.test:
		return s.linked(name)
	}
	return ""
}

// direction is the row of a file's package, nil when there is none.
func (s *source) direction() *direction {
	i := slices.IndexFunc(directions, func(d direction) bool { return within(s.dir, d.of) })
	if i < 0 {
		return nil
	}
	return &directions[i]
}

func (s *source) apartFrom(ours string) string {
	for _, side := range apart {
		if within(s.dir, side) && !within(ours, side) && withinAny(ours, apart) {
			return joined
		}
	}
	return ""
}

func (s *source) linked(name string) string {
	for _, l := range linkings {
		if within(name, l.library+"/...") {
			if withinAny(s.dir, l.places) {
				return ""
			}
			return l.why
		}
	}
	first, _, _ := strings.Cut(name, "/")
	if path.Ext(first) == "" || withinAny(s.dir, hosts) {
		return "" // the standard library has no dot in its first word
	}
	return "a new library says who links it: give it a row in linkings"
}

func TestImportsAgainstTheirDirectionAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"agents/a.go chaos":                        {"agents => chaos: may import of ours only simcity, agents/...: agents, invariants and chaos never see one another; scenarios joins them"},
		"agents/live/a.go invariants/slo":          {"agents/live => invariants/slo: may import of ours only simcity, agents/...: agents, invariants and chaos never see one another; scenarios joins them"},
		"invariants/a.go agents":                   {"invariants => agents: may import of ours only simcity, invariants/...: agents, invariants and chaos never see one another; scenarios joins them"},
		"invariants/a_test.go agents":              {"invariants => agents: agents, invariants and chaos never see one another; scenarios joins them"},
		"chaos/a.go agents":                        {"chaos => agents: may import of ours only simcity, chaos/...: agents, invariants and chaos never see one another; scenarios joins them"},
		"chaos/a_test.go chaos/sql":                nil,
		"agents/a.go internal/conductor":           {"agents => internal/conductor: may import of ours only simcity, agents/...: agents, invariants and chaos never see one another; scenarios joins them"},
		"agents/a_test.go examples/booking":        nil,
		"simcity/a.go agents":                      {"simcity => agents: may import of ours only internal/...: the engine knows nobody who uses it"},
		"simcity/a_test.go scenarios":              nil,
		"internal/conductor/a.go simcity":          {"internal/conductor => simcity: may import of ours only internal/...: the engine rests on it"},
		"scenarios/a.go simcity/telemetry":         {"scenarios => simcity/telemetry: may import of ours only simcity, agents/..., invariants/..., chaos/..., scenarios/...: it joins behaviours, rules and faults, and knows neither stores nor pages"},
		"scenarios/a.go agents":                    nil,
		"simcity/telemetry/a.go agents":            {"simcity/telemetry => agents: may import of ours only simcity: it carries what a run tells, whoever lives in it"},
		"simcity/telemetry/sqlite/a.go simcity":    {"simcity/telemetry/sqlite => simcity: may import of ours only simcity/telemetry/...: a store knows the telemetry contract alone"},
		"simcity/missioncontrol/a.go scenarios":    {"simcity/missioncontrol => scenarios: may import of ours only simcity, simcity/telemetry, simcity/missioncontrol/...: runs and stores are passed in, scenarios are values"},
		"simcity/cmd/simcity/a.go examples/b":      {"simcity/cmd/simcity => examples/b: may import of ours only simcity/..., agents/..., invariants/..., chaos/..., scenarios/..., internal/...: the command joins the library, not the examples"},
		"examples/booking/a.go internal/conductor": nil,
		"internal/conductor/a.go internal/pgtest":  {"internal/conductor => internal/pgtest: it is imported by tests alone"},
		"simcity/a_test.go internal/pgtest":        nil,
		"simcity/pgclock/a.go simcity":             {"simcity/pgclock => simcity: may import of ours only simcity/pgclock/...: it knows a database and a clock, not the run"},
		"util/a.go simcity":                        {"util => ?: a new package says what it may import: give it a row in directions"},
	} {
		file, pkg, _ := strings.Cut(text, " ")
		requireFindings(t, file, module+"/"+pkg, want)
	}
}

func TestLibrariesInTheWrongPlaceAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"simcity/a.go golang.org/x/sync/errgroup":                      {},
		"simcity/a.go github.com/HdrHistogram/hdrhistogram-go":         {},
		"simcity/a.go net/http":                                        {},
		"agents/a.go golang.org/x/sync/errgroup":                       {"agents => golang.org/x/sync/errgroup: only the engine needs it"},
		"invariants/a.go github.com/HdrHistogram/hdrhistogram-go":      {"invariants => github.com/HdrHistogram/hdrhistogram-go: only the engine counts latencies"},
		"simcity/a.go github.com/stretchr/testify/require":             {"simcity => github.com/stretchr/testify/require: linked by tests alone"},
		"examples/b/a.go github.com/stretchr/testify/require":          {"examples/b => github.com/stretchr/testify/require: linked by tests alone"},
		"simcity/a_test.go github.com/stretchr/testify/require":        {},
		"examples/b/a.go net/http/httptest":                            {"examples/b => net/http/httptest: it registers a flag in whatever links it; linked by tests alone"},
		"agents/a_test.go net/http/httptest":                           {},
		"simcity/telemetry/postgres/a.go github.com/jackc/pgx/v5":      {},
		"chaos/postgres/a.go github.com/jackc/pgx/v5/pgxpool":          {},
		"chaos/sqldb/a.go github.com/jackc/pgx/v5/stdlib":              {"chaos/sqldb => github.com/jackc/pgx/v5/stdlib: only below the Postgres packages"},
		"chaos/redis/a.go github.com/redis/go-redis/v9":                {},
		"chaos/a.go github.com/redis/go-redis/v9":                      {"chaos => github.com/redis/go-redis/v9: only the faults and seams of Redis"},
		"simcity/telemetry/a.go github.com/jackc/pgx/v5/pgxpool":       {"simcity/telemetry => github.com/jackc/pgx/v5/pgxpool: only below the Postgres packages"},
		"simcity/cmd/simcity/a.go github.com/jackc/pgx/v5":             {"simcity/cmd/simcity => github.com/jackc/pgx/v5: only below the Postgres packages"},
		"agents/a.go github.com/go-resty/resty/v2":                     {"agents => github.com/go-resty/resty/v2: only below telemetry/supabase, live clients and notifiers"},
		"simcity/telemetry/supabase/a.go github.com/go-resty/resty/v2": {},
		"simcity/a.go modernc.org/sqlite":                              {"simcity => modernc.org/sqlite: only the store that embeds it"},
		"invariants/a.go github.com/prometheus/common/expfmt":          {},
		"simcity/a.go github.com/prometheus/client_model/go":           {"simcity => github.com/prometheus/client_model/go: only the invariants read a host's metrics page"},
		"simcity/a.go example.com/handy":                               {"simcity => example.com/handy: a new library says who links it: give it a row in linkings"},
		"simcity/cmd/simcity/a.go example.com/handy":                   {},
		"examples/b/a.go example.com/handy":                            {},
	} {
		file, pkg, _ := strings.Cut(text, " ")
		requireFindings(t, file, pkg, want)
	}
}

// requireFindings plants one file with one import, which stands in line 2.
func requireFindings(t *testing.T, file, pkg string, want []string) {
	t.Helper()
	planted := plant(t, map[string]string{file: "package p\nimport _ \"" + pkg + "\"\n"})
	var got []string
	for _, finding := range importDirections(planted) {
		_, text, _ := strings.Cut(finding, ": ")
		got = append(got, text)
		require.Regexp(t, "^"+file+":[12]: ", finding)
	}
	require.ElementsMatch(t, want, got, "%s imports %s", file, pkg)
}
