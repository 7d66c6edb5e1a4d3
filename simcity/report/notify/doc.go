// Package notify tells teams of runs that failed, where they are: an issue per way
// of failing on GitHub, and alerts through a webhook in Slack's shape. Like all
// reports they are off unless asked for:
//
//		import _ "github.com/bookiji/simcity/simcity/report/notify"
//
//		SIMCITY_REPORT=issue:close,webhook go test ./... -run SimCity
//
//	  - issue opens an issue for each way in which a test fails and keeps it up to
//	    date; see [Issues]. issue:comment and issue:close say so when the failure has
//	    gone. It needs GITHUB_TOKEN, with the permission issues: write; GitHub Actions
//	    sets GITHUB_REPOSITORY and the rest
//	  - webhook sends a message for a run that does not pass, once an hour for failures
//	    of one signature; see [Webhook]. It needs SLACK_WEBHOOK_URL
//
// Importing it links package report, and with it the reports to files. By code:
//
//	issues, err := notify.Issues(notify.IssueConfig{Repository: "acme/shop", Token: token})
//	...
//	simcity.New(scenarios.Baseline()).Target(target).Publish(issues).Run(t)
//
// # When a service does not do what it should
//
// Calls are made one at a time. Limits are waited for as the service asks
// (Retry-After, x-ratelimit-reset, else a minute that doubles), outages with waits
// that double, five tries at most and all within Patience. What cannot be sent by
// then is an [Outage], a note of the test. A [Refusal] fails the test, and says
// what to do: the next alarm would not be heard either.
//
// Tokens and the webhook's address are in no error, log or report. They travel over
// https, or http on loopback, and follow no redirects.
//
// # Limits
//
// Issues are found by their label, among the thousand that changed last. Two
// machines that open an issue at the same instant leave one open. When alerts were
// told is kept on the machine: on CI machines that live for one job the interval
// spans that job.
package notify
