// Package pages holds the browser's side of Mission Control: two pages, their
// style sheet and their modules, embedded, without a build step and without
// anything of third parties.
//
//	mission, err := missioncontrol.New(missioncontrol.Config{
//		...
//		Pages: pages.Files(),
//	})
//
// Whoever serves them otherwise calls Render and sends ContentSecurityPolicy:
//
//	w.Header().Set("Content-Security-Policy", pages.ContentSecurityPolicy)
//	err := pages.Render(w, pages.Dashboard, "../")
//
// # The pages
//
// The dashboard watches and steers the run that goes on: figures against their
// bounds, charts with fault windows, violations and commands, policies, faults,
// pause, step, speed and stop. Mission Control studies any run: a playhead that
// events, charts and state share, forensics of the first failure, findings
// against the run before, and comparison down to the first event that differs.
// Both work by keyboard alone, light and dark, from 375 pixels on.
//
// What a run has no sample of has no tile and no chart; a rule that measured nothing
// says so. An app without bookings sees its operations, failures and own rules.
//
// # How they are made
//
// Modules without a document are pure functions and are tested by node's own
// runner (jstest): fold.js makes the state at an event, decimate.js the columns
// of pixels, cursor.js knows where a reader stands, diff.js what two runs differ
// in. runlog.js joins them to a run, stream.js follows one, chart.js draws. The
// others are a part of a page each; dashboard.js and mission.js join them.
//
// The state at an event is folded from all events before it, with a checkpoint
// every 1000, and so is exact at every index. Metrics are known at snapshots
// only, and are shown as of the nearest one before.
//
// # Limits
//
// A page holds 250,000 events of a run and says so when there are more. Indexes
// and simulated nanoseconds are JavaScript numbers: runs of up to 104 days. Figures
// of a run that goes on are those that its rules and events tell so far; the engine
// judges at the end.
package pages
