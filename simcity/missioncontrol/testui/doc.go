// Package testui shows the runs of tests in the browser. Link it into the tests of
// a package:
//
//	import _ "github.com/bookiji/simcity/simcity/missioncontrol/testui"
//
// and ask for it when you want to look:
//
//	SIMCITY_UI=127.0.0.1:8787 go test ./shop -run SimCity -timeout 0
//
// The test writes to the terminal where to look, access token included, and waits
// for you. Then its run goes on at the pace of its scenario, usually a hundred times
// as fast as real time: watch it, pause it, step through it, slow it down or let it
// go flat out. None of that changes what a run on the Virtual clock does: its digest
// is the same. Changed policies, injected faults and Stop do change it; they are
// commands of the run, which its bundle keeps and a replay repeats.
//
// When the run has ended, the test waits until you press Continue, so that you can
// scrub through all of it. One run is shown at a time: parallel tests take turns.
//
// Programs send the token, which is in the address that the test writes, as a header:
//
//	curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8787/api/simcity/summary?runId=latest
//
// # Waiting
//
// A test waits for two minutes: at first for somebody to come, and at the end after
// the last sign of an open page. SIMCITY_UI_WAIT sets another time, 0 for none. Who
// did not come is not waited for again, and then runs go at full speed; the pages are
// served as long as the process lives. The -timeout of go test, ten minutes unless
// you say otherwise, ends all of it: waits end shortly before it does.
//
// # Several packages
//
// The tests of several packages are several processes. One whose port is taken
// listens on the next one that is free, of ten, and says so. The token belongs to
// the user of the machine and stays the same, so that a page which is open finds its
// way into the next process at the same address.
//
// # Limits
//
// Sweeps are not shown (SIMCITY_SEEDS is refused beside SIMCITY_UI), nor are
// benchmarks, fuzz targets and the second run of SIMCITY_VERIFY. The server lasts as
// long as the process, which a check for leaked goroutines at the end will tell of.
// The history is in memory, and SIMCITY_TELEMETRY is told as well.
package testui
