//go:build unix

package testui

import (
	"bufio"
	"io"
	"net/http"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// Prometheus reads the figures of a run under go test while it goes on, and what
// it reads is well formed by its own parser.
func TestFiguresOfALiveRunAreRead(t *testing.T) {
	t.Parallel()
	command := shown(t, "SIMCITY_UI=127.0.0.1:0")
	pipe, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	lines := bufio.NewReader(pipe)
	b := visit(t, lineWith(t, lines, "simcity: watch TestShownCity at "))
	b.until("running", true)
	b.ask("POST", "/api/simcity/pause", "")

	live := b.figures()
	require.InDelta(t, 1, live["simcity_running"].Metric[0].Gauge.GetValue(), 0)
	labels := map[string]string{}
	for _, label := range live["simcity_run_info"].Metric[0].Label {
		labels[label.GetName()] = label.GetValue()
	}
	require.Equal(t, "walk", labels["scenario"])
	require.Equal(t, "1", labels["seed"])
	for _, name := range []string{"simcity_simulated_seconds", "simcity_events_total", "simcity_violated_invariants"} {
		require.Contains(t, live, name)
	}

	b.ask("POST", "/api/simcity/speed", `{"factor":0}`)
	b.ask("POST", "/api/simcity/resume", "")
	b.until("running", false)
	ended := b.figures()
	require.InDelta(t, 0, ended["simcity_running"].Metric[0].Gauge.GetValue(), 0)
	require.InDelta(t, 3600, ended["simcity_simulated_seconds"].Metric[0].Gauge.GetValue(), 1)
	require.Equal(t, dto.MetricType_SUMMARY, ended["simcity_latency_seconds"].GetType())
	require.Positive(t, ended["simcity_latency_seconds"].Metric[0].Summary.GetSampleCount())

	b.ask("POST", "/api/simcity/continue", "")
	_, err = io.ReadAll(lines)
	require.NoError(t, err)
	require.NoError(t, command.Wait())
}

// figures are the page of metrics, as Prometheus reads it.
func (b *browser) figures() map[string]*dto.MetricFamily {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.base+"/metrics", nil)
	require.NoError(b, err)
	response, err := b.client.Do(r)
	require.NoError(b, err)
	defer response.Body.Close()
	require.Equal(b, http.StatusOK, response.StatusCode)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	require.NoError(b, err)
	return families
}
