package missioncontrol

import (
	"context"
	"crypto/sha256"
	_ "embed" // the report's template and style
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

var (
	//go:embed report.html
	reportText string
	//go:embed report.css
	reportStyle string

	reportPage = template.Must(template.New("report").Parse(reportText))
)

// reportSecurity allows a report its own style, by its digest, and nothing else.
func reportSecurity(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// A reportView is what the report shows.
type reportView struct {
	Summary    *summaryView
	Verdict    string
	Violations []liveViolation
	Charts     []chart
	Style      template.CSS
}

// report is GET .../runs/{runId}/report.
func (h *Handler) report(w http.ResponseWriter, r *http.Request) error {
	if _, err := query(r); err != nil {
		return err
	}
	id, err := h.runID(r)
	if err != nil {
		return err
	}
	v := reportView{Style: template.CSS(reportStyle)} //nolint:gosec // it is our own file
	if v.Summary, err = h.summarize(r, id); err != nil {
		return err
	}
	if v.Verdict = v.Summary.Verdict; v.Verdict == "" {
		v.Verdict = v.Summary.Status
	}
	if err := json.Unmarshal(encode(v.Summary.Violations), &v.Violations); err != nil {
		return &failure{status: http.StatusInternalServerError, Code: "internal", Message: err.Error()}
	}
	if v.Charts, err = h.charts(r.Context(), v.Summary, v.Violations); err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", fmt.Sprintf("inline; filename=%q", "simcity-"+id+".html"))
	return render(w, reportPage, reportSecurity(reportStyle), v)
}

// A chart is one line over simulated time, in a box of 1000 by 160.
type chart struct {
	Title  string
	Most   string
	Points string
	Bands  []band
	Flags  []float64
}

// A band is the window of a fault.
type band struct {
	Kind     string
	X, Width float64
}

const (
	chartWidth, chartHeight = 1000.0, 160.0
	// chartPoints is how many snapshots a chart shows at most.
	chartPoints = 500
)

// series are the lines of the report.
var series = []struct {
	title string
	value func(*simcity.Snapshot) float64
	text  func(float64) string
}{
	{"Operations", func(s *simcity.Snapshot) float64 { return float64(s.Operations) }, plainNumber},
	{"Citizens", func(s *simcity.Snapshot) float64 { return float64(s.Citizens) }, plainNumber},
	{"Latency p95", func(s *simcity.Snapshot) float64 { return s.Latency.P95.Seconds() * 1000 }, milliseconds},
	{"Latency p99", func(s *simcity.Snapshot) float64 { return s.Latency.P99.Seconds() * 1000 }, milliseconds},
	{"Operations that ended in an error", func(s *simcity.Snapshot) float64 { return float64(s.Outcomes["error"]) }, plainNumber},
}

func plainNumber(v float64) string { return fmt.Sprintf("%.0f", v) }

func milliseconds(v float64) string { return fmt.Sprintf("%.1f ms", v) }

func (h *Handler) charts(ctx context.Context, v *summaryView, violations []liveViolation) ([]chart, error) {
	shots, err := h.thinned(ctx, v.RunID)
	if err != nil || len(shots) < 2 {
		return nil, err
	}
	end := max(v.Simulated, shots[len(shots)-1].At, 1)
	x := func(at time.Duration) float64 { return float64(at) / float64(end) * chartWidth }
	var bands []band
	for _, fault := range v.Faults {
		until := fault.Ended
		if fault.Active {
			until = end
		}
		bands = append(bands, band{fault.Kind, x(fault.Begun), x(until) - x(fault.Begun)})
	}
	var flags []float64
	for _, violation := range violations {
		flags = append(flags, x(violation.At))
	}
	all := make([]chart, 0, len(series))
	for _, line := range series {
		most := 0.0
		for i := range shots {
			most = max(most, line.value(&shots[i]))
		}
		var points strings.Builder
		for i := range shots {
			fmt.Fprintf(&points, "%.1f,%.1f ", x(shots[i].At), chartHeight*(1-line.value(&shots[i])/max(most, 1e-9)))
		}
		all = append(all, chart{line.title, line.text(most), strings.TrimSpace(points.String()), bands, flags})
	}
	return all, nil
}

// thinned are the snapshots of a run, of a long one every second, fourth and so on.
func (h *Handler) thinned(ctx context.Context, id string) ([]simcity.Snapshot, error) {
	var kept []simcity.Snapshot
	every, seen := 1, 0
	for from := int64(0); ; {
		rows, err := h.config.Store.Snapshots(ctx, id, from, telemetry.LimitMax)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			var s simcity.Snapshot
			if seen++; (seen-1)%every != 0 || json.Unmarshal(rows[i].Metrics, &s) != nil {
				continue
			}
			if kept = append(kept, s); len(kept) == chartPoints {
				kept, every = halved(kept), 2*every
			}
		}
		if len(rows) < telemetry.LimitMax {
			return kept, nil
		}
		from = rows[len(rows)-1].Index + 1
	}
}

func halved(all []simcity.Snapshot) []simcity.Snapshot {
	kept := all[:0]
	for i := 0; i < len(all); i += 2 {
		kept = append(kept, all[i])
	}
	return kept
}
