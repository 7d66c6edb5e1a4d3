package report

import (
	"crypto/sha256"
	_ "embed" // the page's template and style
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageStyle string

	pageTemplate = template.Must(template.New("report").Parse(pageText))
)

// A Page is what the HTML report shows: a summary, and what is too long for it.
// Its zero fields are left out.
type Page struct {
	*Summary
	RunID   string
	Started time.Time
	// Curl repeats the run by HTTP, where a server made it.
	Curl     string
	Commands []string
	// LastEvents are those up to the first failure.
	LastEvents []Event
	// HostLog is the end of what the host logged.
	HostLog []string
}

// An Event is one row of what happened.
type Event struct {
	Index   int64
	At      Seconds
	Actor   string
	Type    string
	Payload string
}

// PageOf is the page of a report.
func PageOf(r simcity.Report) *Page {
	p := &Page{Summary: Of(r)}
	p.Tell(r.Result)
	return p
}

// Tell adds what a result has beside its summary.
func (p *Page) Tell(res *simcity.Result) {
	for _, c := range head(res.Commands) { // a json.RawMessage that is nil prints as null from Go 1.27 on
		p.Commands = append(p.Commands, line(fmt.Sprintf("%s at %s, event %d, by %s %s %s", c.Kind, c.At, c.Index, c.By, c.Fault, string(c.Policies)), textMost))
	}
	if p.Verdict == string(simcity.Pass) {
		return
	}
	for _, e := range head(res.LastEvents) {
		p.LastEvents = append(p.LastEvents, Event{e.Index, Seconds(e.At), line(e.Actor, nameMost), line(e.Type, nameMost), plain(string(e.Payload), textMost)})
	}
	for _, text := range head(res.HostLog) {
		p.HostLog = append(p.HostLog, line(text, textMost))
	}
}

// WriteHTML writes the page as one file that needs no network: its style is within
// and there are no scripts.
func (p *Page) WriteHTML(w io.Writer) error {
	return pageTemplate.Execute(w, struct {
		*Page
		Style    template.CSS
		Security string
		Charts   []chart
	}{p, template.CSS(pageStyle), pageSecurity(), p.Summary.drawn()}) //nolint:gosec // it is our own file
}

// pageSecurity is the Content-Security-Policy of a page: its own style, by its
// digest, and nothing else. It stands in the file, where no server is.
func pageSecurity() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

// pages is the publisher html.
func pages(dir string) (simcity.Publisher, error) {
	return files(dir, ".html", func(r simcity.Report, w io.Writer) error { return PageOf(r).WriteHTML(w) })
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

const chartWidth, chartHeight = 1000.0, 160.0

// drawn are the charts of the curve.
func (s *Summary) drawn() []chart {
	if len(s.Curve) < 2 {
		return nil
	}
	end := max(s.end(), s.Simulated)
	x := func(at Seconds) float64 { return float64(at) / float64(end) * chartWidth }
	var bands []band
	for _, f := range s.Faults {
		until := f.Ended
		if f.Active {
			until = end
		}
		bands = append(bands, band{f.Kind, x(f.Begun), x(until) - x(f.Begun)})
	}
	var flags []float64
	for _, v := range s.Violations {
		flags = append(flags, x(v.At))
	}
	var all []chart
	for _, c := range s.drawable() {
		values := c.values(s.Curve)
		most := slices.Max(values)
		var points strings.Builder
		y := func(i int) float64 { return chartHeight * (1 - values[i]/max(most, 1e-9)) }
		for i := range values {
			if c.steps && i > 0 && values[i] != values[i-1] {
				fmt.Fprintf(&points, "%.1f,%.1f ", x(s.Curve[i].At), y(i-1))
			}
			fmt.Fprintf(&points, "%.1f,%.1f ", x(s.Curve[i].At), y(i))
		}
		all = append(all, chart{c.name, c.text(most), strings.TrimSpace(points.String()), bands, flags})
	}
	return all
}
