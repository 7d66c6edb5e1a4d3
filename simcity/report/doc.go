// Package report tells how runs ended where teams look: on the page of a CI job,
// at the line of the test in a pull request, in a file for other programs, in one
// HTML file for people. Package notify, below it, opens issues and sends alerts.
//
// Nothing is reported unless it is asked for. Link the package into the tests and
// name what you want in SIMCITY_REPORT, with commas between:
//
//	import _ "github.com/bookiji/simcity/simcity/report"
//
//	SIMCITY_REPORT=summary:report.md,json:reports,html:reports go test . -run SimCity
//
// or, in GitHub Actions, which says where the summary goes,
//
//		SIMCITY_REPORT=summary,annotations,json:reports,html:reports go test . -run SimCity
//
//	  - summary appends markdown to the file of GITHUB_STEP_SUMMARY: the verdict, the
//	    rules that broke, sparklines of the run, findings, the command that repeats
//	    it. summary:FILE names another file
//	  - annotations prints ::error and ::warning lines, which GitHub Actions shows at
//	    the line of the test that called Run
//	  - json:FOLDER writes a [Summary] per run, a document with a version
//	  - html:FOLDER writes a [Page] per run: one file without scripts that needs no
//	    network
//
// A relative FOLDER or FILE is one below the module's root, so that the test
// processes of several packages write to one place. Each run of
// [simcity.Simulation.Run] reports once, and so does a sweep (SIMCITY_SEEDS): grouped, from
// the process that leads it. Simulate and Start report nothing; what they return
// is told by code:
//
//	summary := report.OfResult(result)
//	fmt.Println(summary.Markdown(0))
//
// or, for Run, by [simcity.Simulation.Publish] and [StepSummary], [Annotations] and
// [Files]. go test answers a test from its cache if nothing changed, and then
// nothing is reported: -count=1 runs it.
//
// # What is shown
//
// Apps answer and log what they like, so every text is made plain before it gets
// into a report: valid UTF-8, without terminal codes, controls and marks that turn
// the direction of writing, cut to a length, with secrets concealed as [Of] says;
// and then it is escaped for where it goes. A secret that looks like any other word,
// and that no environment variable holds, is not recognised.
//
// # In a workflow
//
// examples/workflow/simcity.yml is a workflow of GitHub Actions to copy: the pack on
// pull requests and every night, reports where they are looked for, bundles kept.
//
// # Each rule as a test
//
// Run reports every invariant as a subtest, so that what reads go test -json shows
// them one by one. For JUnit:
//
//	go run gotest.tools/gotestsum@v1.13.0 --junitfile junit.xml ./... -- -run SimCity
//
// has a testcase TestSimCityBaseline/zero_double_bookings, which fails with got and
// want, and is skipped where the rule was not judged.
package report
