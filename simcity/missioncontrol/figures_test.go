package missioncontrol_test

import (
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// The figures are read by Prometheus' own parser, and named as its lint wants them.
func TestFiguresAreAnExposition(t *testing.T) {
	t.Parallel()
	d := setup(t)
	parse := func() map[string]*dto.MetricFamily {
		status, header, text := d.call("GET", "/metrics", "")
		require.Equal(t, 200, status)
		require.Equal(t, "text/plain; version=0.0.4; charset=utf-8", header.Get("Content-Type"))
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(text))
		require.NoError(t, err, text)
		return families
	}
	require.Zero(t, parse()["simcity_running"].Metric[0].GetGauge().GetValue())
	d.held()
	d.data(200, "POST", "/api/simcity/event", `{"type":"GLOOM"}`)
	d.data(200, "POST", "/api/simcity/step", `{"steps":2}`)
	families := parse()
	require.InDelta(t, 1, families["simcity_running"].Metric[0].GetGauge().GetValue(), 0)
	require.InDelta(t, 3, families["simcity_citizens"].Metric[0].GetGauge().GetValue(), 0)
	require.InDelta(t, 1, families["simcity_fault_active"].Metric[0].GetGauge().GetValue(), 0)
	require.Positive(t, families["simcity_events_total"].Metric[0].GetCounter().GetValue())
	require.Len(t, families["simcity_operations_total"].Metric, 4)
	require.Len(t, families["simcity_latency_seconds"].Metric[0].GetSummary().Quantile, 4)
	require.Equal(t, "polite", families["simcity_invariant_violations_total"].Metric[0].Label[0].GetValue())
	for name, family := range families {
		require.NotEmpty(t, family.GetHelp(), name)
		require.Equal(t, family.GetType() == dto.MetricType_COUNTER, strings.HasSuffix(name, "_total"), "%s: counters alone end so", name)
		require.NotContains(t, name, "milli", "base units")
	}
}
