package missioncontrol

import (
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed" // the report's template and style
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

var (
	//go:embed report.html
	reportText string
	//go:embed report.css
	reportStyle string

	reportPage = template.Must(template.New("report").Funcs(template.FuncMap{"clock": clockText, "brief": briefly}).Parse(reportText))
)

// reportSecurity allows a report its own style, by its digest, and nothing else. It
// stands in the file as well, so that it holds where no server is.
func reportSecurity(style string) string {
	return reportPolicy(style) + "; frame-ancestors 'none'"
}

func reportPolicy(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

// A reportView is what the report shows.
type reportView struct {
	Summary    *summaryView
	Verdict    string
	Violations []liveViolation
	First      *liveViolation // the one that failed the run, or else the first
	Previous   string         // the run of the scenario before this one
	Changes    []ruleChange
	Charts     []chart
	Timeline   []moment
	Diagram    template.HTML // who did what up to the first failure
	Left       int64         // events that the timeline had no room for
	Style      template.CSS
	Policy     string
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
	v := reportView{Style: template.CSS(reportStyle), Policy: reportPolicy(reportStyle)} //nolint:gosec // it is our own file
	if v.Summary, err = h.summarize(r, id); err != nil {
		return err
	}
	if err := v.fill(r.Context(), h.config.Store); err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", fmt.Sprintf("inline; filename=%q", "simcity-"+id+".html"))
	return render(w, reportPage, reportSecurity(reportStyle), v)
}

// fill reads the run's history.
func (v *reportView) fill(ctx context.Context, store telemetry.Store) error {
	v.Verdict = cmp.Or(v.Summary.Verdict, v.Summary.Status)
	if err := json.Unmarshal(encode(v.Summary.Violations), &v.Violations); err != nil {
		return &failure{status: http.StatusInternalServerError, Code: "internal", Message: err.Error()}
	}
	for i := range v.Violations {
		if v.First == nil || v.First.Severity != "critical" && v.Violations[i].Severity == "critical" {
			v.First = &v.Violations[i]
		}
	}
	var err error
	if v.Previous, v.Changes, err = changesSince(ctx, store, v.Summary, v.Violations); err != nil {
		return err
	}
	reading := newReading(time.Duration(v.Summary.DurationMinutes*float64(time.Minute)), v.First)
	if err := reading.read(ctx, store, v.Summary.RunID); err != nil {
		return err
	}
	v.Timeline, v.Left, v.Diagram = reading.moments, reading.left, reading.diagram()
	v.Charts = v.draw(reading)
	return nil
}

// A ruleChange is how a broken rule compares with the run before.
type ruleChange struct{ State, Rule string }

// runsBefore is how many earlier runs are looked at for rules that broke before.
const runsBefore = 20

// changesSince tells which rules are broken that the previous run of the scenario
// kept (new, or regressed if an earlier one broke them), which still are (ongoing),
// and which no longer (resolved).
func changesSince(ctx context.Context, store telemetry.Store, run *summaryView, broken []liveViolation) (previous string, changes []ruleChange, err error) {
	rows, err := store.Runs(ctx, telemetry.RunFilter{Scenario: run.Scenario, Before: run.StartedAt, BeforeID: run.RunID, Limit: runsBefore})
	if err != nil {
		return "", nil, err
	}
	before, earlier := map[string]bool{}, map[string]bool{}
	var order []string
	for i := range rows {
		row := &rows[i]
		if !row.Ended() {
			continue
		}
		if previous != "" {
			earlier[row.FailInvariant] = true
			continue
		}
		previous = row.ID
		res, err := resultOf(row)
		if err != nil {
			return "", nil, err
		}
		for _, violation := range res.Violations {
			before[violation.Invariant] = true
			order = append(order, violation.Invariant)
		}
	}
	for _, violation := range broken {
		state := "new"
		if before[violation.Invariant] {
			state = "ongoing"
		} else if earlier[violation.Invariant] {
			state = "regressed"
		}
		changes = append(changes, ruleChange{state, violation.Invariant})
		delete(before, violation.Invariant)
	}
	for _, rule := range order {
		if before[rule] {
			changes = append(changes, ruleChange{"resolved", rule})
		}
	}
	return previous, changes, nil
}

// clockText writes simulated time as h:mm:ss, with days above 24 hours.
func clockText(d time.Duration) string {
	s := int64(d / time.Second)
	text := fmt.Sprintf("%02d:%02d:%02d", s/3600%24, s/60%60, s%60)
	if days := s / 86400; days > 0 {
		text = fmt.Sprintf("%dd %s", days, text)
	}
	return text
}

// briefly says in a line what an event tells.
func briefly(e simcity.Event) string { return describeEvent(e.Type, e.Payload) }
