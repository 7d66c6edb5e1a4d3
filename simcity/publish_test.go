package simcity_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// desk is a publisher that keeps what it is told.
type desk struct{ reports []simcity.Report }

func (d *desk) Publish(_ context.Context, report simcity.Report) error {
	d.reports = append(d.reports, report)
	return nil
}

// passing is an error that passes.
type passing struct{ error }

func (passing) Transient() bool { return true }

func TestRunTellsItsPublishersOnce(t *testing.T) {
	t.Parallel()
	told := &desk{}
	res := city(hello, citizens("visitor", 3, visitor)).Publish(told).Run(t)
	require.Len(t, told.reports, 1)
	report := told.reports[0]
	require.Equal(t, res, report.Result)
	require.Equal(t, "TestRunTellsItsPublishersOnce", report.Test)
	require.Equal(t, "./simcity", report.Package)
	require.FileExists(t, filepath.Join(report.Module, "go.mod"))
	require.Equal(t, "publish_test.go", filepath.Base(report.File))
	require.Equal(t, 33, report.Line)
}

func TestSimulateAndStartTellNobody(t *testing.T) {
	t.Parallel()
	told := &desk{}
	s := city(hello, citizens("visitor", 3, visitor)).Publish(told)
	s.Simulate(t)
	running, err := s.Start(t.Context())
	require.NoError(t, err)
	running.Wait()
	require.Empty(t, told.reports)
}

func TestReportThatFailsIsToldAndOneThatMayPassIsANote(t *testing.T) {
	t.Parallel()
	told := record(t, "TestX", func(tb testing.TB) {
		city(hello, citizens("visitor", 3, visitor)).Publish(
			simcity.PublisherFunc(func(context.Context, simcity.Report) error { return errors.New("401: the token is wrong") }),
			simcity.PublisherFunc(func(context.Context, simcity.Report) error { return passing{errors.New("502")} }),
		).Run(tb)
	})
	require.Equal(t, []string{"simcity: report simcity.PublisherFunc: 401: the token is wrong"}, told.errors)
	require.Contains(t, told.output.String(), "simcity note: report simcity.PublisherFunc: 502\n")
}

// With SIMCITY_REPORT the publishers that are linked are opened with what follows
// their colon.
func TestSettingOpensPublishers(t *testing.T) {
	told, opened := &desk{}, ""
	simcity.RegisterPublisher("desk", func(argument string) (simcity.Publisher, error) {
		opened = argument
		return told, nil
	})
	require.PanicsWithValue(t, "simcity: publisher desk is registered twice", func() {
		simcity.RegisterPublisher("desk", func(string) (simcity.Publisher, error) { return told, nil })
	})
	simcity.RegisterPublisher("locked", func(string) (simcity.Publisher, error) { return nil, errors.New("GITHUB_TOKEN is not set") })

	run := func(setting string) *recorder {
		t.Setenv("SIMCITY_REPORT", setting)
		return record(t, "TestX", func(tb testing.TB) { city(hello, citizens("visitor", 1, visitor)).Run(tb) })
	}
	require.Empty(t, run("desk:C:/a:b").fatal)
	require.Len(t, told.reports, 1)
	require.Equal(t, "C:/a:b", opened)
	for setting, want := range map[string]string{
		"desk,summry": `simcity: SIMCITY_REPORT is summry; allowed: desk, locked; fix: correct its name, or link it into the test: import _ "github.com/bookiji/simcity/simcity/report"`,
		"desk,desk:x": "simcity: SIMCITY_REPORT is desk,desk:x; allowed: names with commas between, each once",
		"desk,,":      "simcity: SIMCITY_REPORT is desk,,; allowed: names with commas between, each once",
		"locked":      "simcity: SIMCITY_REPORT=locked: GITHUB_TOKEN is not set",
	} {
		require.Contains(t, run(setting).fatal, want)
	}
	require.Len(t, told.reports, 1, "nothing ran")
}

// A sweep is told once, grouped, and not once per seed or worker.
func TestSweepIsToldOnce(t *testing.T) {
	t.Setenv("SIMCITY_SEED", "")
	t.Setenv("SIMCITY_SEEDS", "6")
	t.Setenv("SIMCITY_WORKERS", "2")
	if os.Getenv("SIMCITY_TEST_WORKER") == "" {
		t.Setenv("SIMCITY_SWEEP_HISTORY", filepath.Join(t.TempDir(), "history.json"))
	}
	told := &desk{}
	broken := handles(func(http.ResponseWriter, *http.Request) { panic("out of beds") })
	s := moods(map[uint64]func(*simcity.World) http.Handler{3: broken, 5: broken}).Publish(told)
	if os.Getenv("SIMCITY_TEST_WORKER") != "" {
		s.Run(t)
	}
	failed := record(t, t.Name(), func(tb testing.TB) { s.Run(isTest{tb.(*recorder)}) })
	require.Len(t, failed.errors, 1)
	require.Len(t, told.reports, 1)
	sweep := told.reports[0].Result.Sweep
	require.Equal(t, 6, sweep.Seeds)
	require.Equal(t, 4, sweep.Passed)
	require.Len(t, sweep.Groups, 1)
	require.Equal(t, uint64(3), sweep.Groups[0].First)
	require.Equal(t, 2, sweep.Groups[0].Seeds)
	require.True(t, sweep.Groups[0].New)
	require.Contains(t, sweep.Groups[0].Repro, "SIMCITY_SEED=3 "+simcity.GoTest+"github.com/bookiji/simcity/simcity -run '^TestSweepIsToldOnce$'")
}

// isTest is a recorder that ends when its test must.
type isTest struct{ *recorder }

func (isTest) Deadline() (time.Time, bool) { return time.Time{}, false }

// A week has some two thousand ticks, and its curve stays short.
func TestCurveIsShortInOrderAndEndsWithTheRun(t *testing.T) {
	t.Parallel()
	for _, length := range []time.Duration{10 * time.Minute, 20 * time.Hour, 7 * 24 * time.Hour} {
		res := city(hello, citizens("visitor", 3, visitor)).Until(length).Simulate(t)
		require.NotEmpty(t, res.Curve)
		require.LessOrEqual(t, len(res.Curve), 240)
		if length > 20*time.Hour {
			require.Greater(t, len(res.Curve), 100)
		}
		for i := 1; i < len(res.Curve); i++ {
			require.Greater(t, res.Curve[i].At, res.Curve[i-1].At)
		}
		last := res.Curve[len(res.Curve)-1]
		require.Equal(t, res.Metrics.At, last.At)
		require.Equal(t, res.Operations, last.Operations)
	}
}
