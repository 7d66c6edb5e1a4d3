package report_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/report"
)

// Many processes of one job append to one file: none writes into the other's
// section.
func TestStepSummariesOfManyWritersStayWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "summary.md")
	told, _ := reported(t, failed())
	section := report.Of(told).Markdown(0) + "\n"
	const writers, each = 8, 10
	var crew sync.WaitGroup
	for range writers {
		crew.Go(func() {
			publisher, err := report.StepSummary(path)
			for range each {
				if err == nil {
					err = publisher.Publish(t.Context(), told)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	crew.Wait()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat(section, writers*each), string(text))
}

// GitHub refuses a summary of more than 1 MiB whole: reports get shorter, then
// they are left out, and the test's output says so.
func TestFullStepSummaryStaysBelowItsLimit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "summary.md")
	told, output := reported(t, failed())
	publisher, err := report.StepSummary(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("x"), 917_504-1000), 0o600))
	require.NoError(t, publisher.Publish(t.Context(), told))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "FAIL")
	require.NotContains(t, string(text), "#### Violations", "only the heading fits")
	require.Empty(t, output.String())

	for range 5 {
		require.NoError(t, publisher.Publish(t.Context(), told))
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(1<<20))
	require.Contains(t, output.String(), "simcity note: the report did not fit into GITHUB_STEP_SUMMARY, which may have 1 MiB\n")
}

func TestStepSummaryNeedsItsFile(t *testing.T) {
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	_, err := report.StepSummary("")
	require.ErrorContains(t, err, "GITHUB_STEP_SUMMARY is not set; allowed: a file; fix: GitHub Actions sets it; elsewhere name the file: summary:report.md")

	path := filepath.Join(t.TempDir(), "a", "folder", "summary.md")
	publisher, err := report.StepSummary(path)
	require.NoError(t, err)
	told, _ := reported(t, passed())
	require.NoError(t, publisher.Publish(t.Context(), told))
	require.FileExists(t, path)

	publisher, err = report.StepSummary(filepath.Join(path, "summary.md"))
	require.NoError(t, err)
	require.ErrorContains(t, publisher.Publish(t.Context(), told), "not a directory")
}

func TestFilesAreNamedAfterTheRunAndReplacedWhole(t *testing.T) {
	t.Parallel()
	told, _ := reported(t, failed())
	publisher, err := report.Files("reports/json", ".json", (*report.Summary).WriteJSON)
	require.NoError(t, err)
	require.NoError(t, publisher.Publish(t.Context(), told))
	require.NoError(t, publisher.Publish(t.Context(), told))
	found, err := os.ReadDir(filepath.Join(told.Module, "reports/json"))
	require.NoError(t, err)
	require.Len(t, found, 1, "a relative folder is one below the module's root")
	require.Equal(t, "examples-booking-TestSimCityBaseline-baseline-seed-7.json", found[0].Name())

	told.Test, told.Package = "Test/../../etc/passwd\x00 "+strings.Repeat("long", 100), "."
	require.NoError(t, publisher.Publish(t.Context(), told))
	found, err = os.ReadDir(filepath.Join(told.Module, "reports/json"))
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Regexp(t, `^Test-\.\.-\.\.-etc-passwd--long[a-z]*-seed-7\.json$`, found[0].Name())
}

func TestFilesNeedAFolder(t *testing.T) {
	t.Parallel()
	_, err := report.Files("", ".json", (*report.Summary).WriteJSON)
	require.ErrorContains(t, err, "folder is not given; allowed: a folder after the colon; fix: such as json:reports")
	told, _ := reported(t, passed())
	require.NoError(t, os.WriteFile(filepath.Join(told.Module, "reports"), nil, 0o600))
	publisher, err := report.Files("reports", ".json", (*report.Summary).WriteJSON)
	require.NoError(t, err)
	require.ErrorContains(t, publisher.Publish(t.Context(), told), "not a directory")
}

// SIMCITY_REPORT makes all four of a run under go test.
func TestSettingReportsARunOfGoTest(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GITHUB_STEP_SUMMARY", filepath.Join(dir, "summary.md"))
	t.Setenv("SIMCITY_REPORT", fmt.Sprintf("summary,annotations,json:%s,html:%s", dir, dir))
	simcity.New(calm()).Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) {
		return http.NotFoundHandler(), nil
	})).Run(t)

	text, err := os.ReadFile(filepath.Join(dir, "summary.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), "✅ PASS: <code>calm</code>, seed 1")
	name := filepath.Join(dir, "simcity-report-TestSettingReportsARunOfGoTest-calm-seed-1")
	require.FileExists(t, name+".html")
	file, err := os.Open(name + ".json")
	require.NoError(t, err)
	defer file.Close()
	s, err := report.Read(file)
	require.NoError(t, err)
	require.Equal(t, "simcity/report/publishers_test.go", s.File)
	require.Positive(t, s.Line)
	require.Equal(t, int64(1), s.Operations)
}

// calm is an hour in which one visitor is greeted.
func calm() simcity.Scenario {
	return simcity.Scenario{
		Name: "calm", Duration: time.Hour,
		Populations: []simcity.Population{{
			Name: "visitor",
			Agent: simcity.AgentFunc(func(ctx context.Context, c *simcity.Citizen) error {
				return c.Do(ctx, "greet", nil, func(_ context.Context, op *simcity.Operation) error { op.Output = "hello"; return nil })
			}),
			Arrivals: simcity.ArrivalsFunc(func(_ context.Context, g *simcity.Gate) error { g.Spawn(); return nil }),
		}},
		Invariants: []simcity.Invariant{{Name: "greeted", Begin: func(*simcity.World) simcity.Check {
			return simcity.Check{Operation: func(*simcity.Operation) *simcity.Breach { return nil }}
		}}},
	}
}
