package missioncontrol

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/report"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// report is GET .../runs/{runId}/report.
func (h *Handler) report(w http.ResponseWriter, r *http.Request) error {
	if _, err := query(r); err != nil {
		return err
	}
	id, err := h.runID(r)
	if err != nil {
		return err
	}
	v, err := h.summarize(r, id)
	if err != nil {
		return err
	}
	page, err := v.page()
	if err != nil {
		return err
	}
	if page.Curve, err = h.curve(r.Context(), id); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := page.WriteHTML(&text); err != nil {
		return &failure{status: http.StatusInternalServerError, Code: "internal", Message: err.Error()}
	}
	w.Header().Set("Content-Disposition", fmt.Sprintf("inline; filename=%q", "simcity-"+id+".html"))
	w.Header().Set("Content-Security-Policy", report.PageSecurity())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(text.Bytes()) // a client that has gone cannot be told
	return nil
}

// page is the summary as a page, which may be of a run that goes on.
func (v *summaryView) page() (*report.Page, error) {
	res := &simcity.Result{
		Verdict: simcity.Verdict(v.Verdict), Reasons: v.Reasons, Scenario: v.Scenario, Seed: v.Seed, Clock: v.Clock,
		Simulated: v.Simulated, Events: v.Events, Citizens: v.Citizens, Operations: v.Operations, Metrics: v.Metrics,
		Findings: v.Findings, Faults: v.Faults, Commands: v.Commands, LastEvents: v.LastEvents, Repro: v.Repro.Test,
	}
	if v.Verdict == "" {
		res.Verdict = simcity.Verdict(v.Status)
	}
	if err := json.Unmarshal(encode(v.Violations), &res.Violations); err != nil {
		return nil, &failure{status: http.StatusInternalServerError, Code: "internal", Message: err.Error()}
	}
	page := &report.Page{Summary: report.OfResult(res), RunID: v.RunID, Started: v.StartedAt, Curl: v.Repro.Curl}
	page.Digest, page.Invariants = v.Digest, nil
	for _, inv := range v.Invariants {
		page.Invariants = append(page.Invariants, inv.reported())
	}
	page.Tell(res)
	return page, nil
}

func (inv invariantView) reported() report.Invariant {
	told := report.Invariant{Name: inv.Name, Doc: inv.Doc, When: inv.When, Severity: inv.Severity, Status: inv.Status, Violations: inv.Violations}
	if j := inv.Judgement; j != nil {
		told.Got, told.Want, told.Samples, told.Needs = j.Got, j.Want, j.Samples, j.Needs
	}
	return told
}

// curvePoints is how many points the report's charts have at most.
const curvePoints = 500

// curve is what the snapshots of a run tell, of a long one every second, fourth and
// so on.
func (h *Handler) curve(ctx context.Context, id string) ([]report.Point, error) {
	var kept []report.Point
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
			if kept = append(kept, report.PointOf(&s)); len(kept) == curvePoints {
				kept, every = halved(kept), 2*every
			}
		}
		if len(rows) < telemetry.LimitMax {
			return kept, nil
		}
		from = rows[len(rows)-1].Index + 1
	}
}

func halved[T any](all []T) []T {
	kept := all[:0]
	for i := 0; i < len(all); i += 2 {
		kept = append(kept, all[i])
	}
	return kept
}
