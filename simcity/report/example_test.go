package report_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/report"
)

// A run that was started by code is reported by code.
func Example() {
	running, err := simcity.New(calm()).
		Target(simcity.InProcess(func(*simcity.World) (http.Handler, error) { return http.NotFoundHandler(), nil })).
		Start(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	summary := report.OfResult(running.Wait())
	heading, _, _ := strings.Cut(summary.Markdown(0), "\n")
	fmt.Println(heading)
	fmt.Println(summary.Verdict, summary.Operations, summary.Invariants[0].Status)
	// Output:
	// ### ✅ PASS: <code>calm</code>, seed 1
	// PASS 1 kept
}
