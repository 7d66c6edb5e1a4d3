// Package missioncontrol is the control plane: an HTTP handler by which people and
// programs start, watch, steer, stop and study runs.
//
//	mission, err := missioncontrol.New(missioncontrol.Config{
//		Authorize: func(r *http.Request) error { return admins.Check(r) },
//		Scenarios: []simcity.Scenario{scenarios.Baseline(), scenarios.DisasterMix()},
//		Faults:    chaos.Kinds(),
//		Target:    simcity.InProcess(newApp),
//		Store:     store, // a telemetry.Store; nil: history in memory
//		Pages:     pages.Files(), // of package pages below this one; nil: the calls alone
//	})
//	...
//	mux.Handle("/ops/", http.StripPrefix("/ops", mission))
//	defer mission.Close()
//
// Use it to let whoever is on duty see what a run does. Tests need none of it.
// examples/missioncontrol is a whole server.
//
// # Mounting
//
// The handler expects the paths below. Under a prefix use http.StripPrefix or a proxy
// that strips it; or set Config.Prefix. Nothing links by absolute path. Every call,
// pages and figures included, asks Config.Authorize first; its error answers 403,
// with the advice that it may hold. Calls that change something are refused with 403
// when a browser sends them from another origin (http.CrossOriginProtection); there is
// no CORS. At most one run goes on at a time.
//
// # Answers
//
// Bodies are JSON: {"success":true,"data":...} or
//
//	{"success":false,"error":{"code":"invalid_field","message":"...","field":"seed","value":"x","allowed":"...","fix":"..."}}
//
// with field, value, allowed and fix where they apply. The codes:
//
//	400 bad_json, unknown_field, missing_field, invalid_field
//	403 forbidden, cross_origin
//	404 not_found, unknown_run
//	405 method_not_allowed, with the header Allow
//	409 run_active (with runId), no_run (nothing runs), run_ended, elsewhere (another process makes the run), refused (by the run, with why)
//	413 too_large
//	503 too_many_streams, store_unavailable, closed
//	500 internal
//
// Bodies of requests are JSON objects of at most 64 KiB, whatever their Content-Type;
// where nothing is needed they may be empty. Unknown fields and unknown query
// parameters are refused, with those that are allowed. Field names are exact.
//
// Seeds, event indexes, simulated times of events in nanoseconds ("at") and counts of
// events are strings of digits on the way out, and strings or numbers on the way in.
// What the engine itself wrote, a payload, metrics or a summary, stays as it is:
// numbers there are JSON numbers, durations nanoseconds. Real times are RFC 3339 in
// UTC.
//
// # Calls
//
//	POST /api/simcity/start    {seed?, scenario, policies?, durationMinutes?, clock?, compression?}
//	     201 {runId, scenario, seed, clock, compression, durationMinutes, policies, startedAt, links:{summary, stream, report}}
//
// seed is 0 to 2^63-1, default 1. policies are changes of the scenario's.
// durationMinutes are simulated. compression is simulated seconds per real one,
// default the scenario's. clock is "virtual" for simulated time, held back to the
// compression: such a run can be paused, and repeats exactly; with compression 0 it
// runs flat out. Or it is "paced" for wall time, where citizens overlap for real;
// that is what targets need that are reached by URL. Default: virtual where the
// target can live on it. links are relative to the mount point.
//
//	POST /api/simcity/policy   {policies:{cancelChance: 0.3, ...}}
//	     200 {runId, policies, eventIndex, pending:false}
//	POST /api/simcity/event    {type, durationMin?, parameters?}
//	     200 {runId, eventIndex, pending:false, fault:FAULT}
//	POST /api/simcity/pause, /resume   -
//	POST /api/simcity/step     {steps?}
//	POST /api/simcity/speed    {factor}         0: flat out
//	     200 {runId, status, speed, lastEventIndex, pending:false}
//	POST /api/simcity/stop     -
//	POST /api/ops/simcity/runs/{runId}/stop  -
//	     200 {runId, status, verdict}
//
// A policy or a fault takes effect at an event index of the run, which the answer
// waits for: when it has not come within Config.CommandWait, the answer is 202 with
// pending:true and without the index, and the stream will tell. A fault strikes at
// the run's next step; when it is held back there by a pause or a slow pace,
// beganIndex is "-1" and the fault is told as it will be. durationMin is simulated,
// default 10. Pause, resume, step and speed are for runs on the virtual clock (409
// refused for others) and no events; step pauses, lets so many events pass and
// answers when they have. A stop that takes longer than Config.StopWait answers 202,
// with status STOPPING; so does that of a run which a runner makes for a request in the
// same store, and the runner obeys when it renews its lease.
//
//	POST /api/simcity/continue   -
//	     200 {test, phase, secondsLeft}
//
// is for runs of go test (package testui): it lets the test go on that waits for those
// who look at its run. status tells in test which test that is, with the phase
// "running" or "held"; null where runs are started here.
//
//	GET /api/simcity/status
//	     200 {running, run:RUN|null, last:RUN|null, test:{test, phase, secondsLeft}|null, now}
//	GET /api/simcity/policies
//	     200 {runId|null, policies, fields:[{name, type, minimum, maximum, default, doc}]}
//	GET /api/simcity/scenarios
//	     200 {scenarios:[{name, doc, durationMinutes, compression, policies, populations:[name],
//	          invariants:[{name, doc, when, severity}], injections:[{kind, atMinutes, forMinutes, parameters}],
//	          faults:[{kind, doc, parameters:[{name, doc, default, allowed}]}]}]}
//	GET /api/simcity/summary?runId=latest
//	     200 {runId, scenario, seed, clock, status, verdict, reasons, startedAt, endedAt, simulated, durationMinutes, events, citizens, operations, digest,
//	          violations:[{invariant, severity, at, index, got, want, detail, ...}],
//	          invariants:[{name, doc, when, severity, status, violations, judgement:{got, want, value, bound, samples, needs}|null}],
//	          findings, faults, commands, policies, metrics, lastEvents, repro:{curl, start, test}}
//
// Of a run that goes on, verdict is empty, and status of an invariant is "violated"
// or "open". Its judgement then is what it would be judged by if the run ended at the
// last tick, with value and bound; a breach in it is no violation yet. It is null
// before the first tick, and for rules that only the end can judge. repro.start is the
// body of the start call that repeats the run, and repro.curl a command line with it,
// for a shell that has the token in TOKEN. lastEvents are those of a run that did not
// pass, up to the first failure.
//
//	GET /api/ops/simcity/runs?scenario=&verdict=&seed=&before=&beforeId=&limit=
//	     200 {runs:[ROW], next:{before, beforeId}|null}
//	GET /api/ops/simcity/runs/{runId}
//	     200 {run:ROW with policies, commands, summary, failForensic; live:{runId, status, lastEventIndex, heartbeatAt, metrics, message}; stoppable}
//	GET /api/ops/simcity/runs/{runId}/events?from=N&limit=K      200 {runId, events:[EVENT], from, next}
//	GET /api/ops/simcity/runs/{runId}/snapshots?from=N&limit=K   200 {runId, snapshots:[SNAPSHOT], from, next}
//	GET /api/ops/simcity/runs/{runId}/report                     one HTML file, complete in itself
//	GET /api/ops/simcity/runs/{runId}/stream                     below
//	GET /metrics                                                 Prometheus text of the run that goes on, or the last one
//
// stoppable tells of a run that goes on whether a call of stop here ends it. A ROW of
// the list has throughput, if it is known here: how many operations ended in each
// twelfth of the simulated time that was asked for, as far as the run came.
//
// runId may be "latest" wherever it stands. limit is 1 to 1000, default 100. from is
// an event index, default 0; next is where to read on. Rows of a run that goes on
// reach the store within about 100 ms.
//
// The shapes:
//
//	RUN      {runId, scenario, seed, clock, compression, speed, status, verdict, startedAt, endedAt?, durationMinutes,
//	          lastEventIndex, at, policies, policiesInUse:[name], faults:[FAULT], violations, metrics|null}
//	FAULT    {actor, kind, parameters, begun, reverts, beganIndex}   begun and reverts: simulated ns as strings; beganIndex "-1": not yet
//	ROW      a telemetry.Run: {id, scenario, seed, clock, startedAt, endedAt?, result?, pass, failInvariant?, failEventIndex, digest?, eventCount, ...}
//	EVENT    a telemetry.Event: {index, at, actor, type, payload, observedAt, before, after, context?}
//	SNAPSHOT a telemetry.Snapshot: {index, metrics, state, createdAt}
//
// speed is simulated seconds per real one now, 0 for flat out; at is simulated.
// status is RUNNING, PAUSED, STOPPING, COMPLETED or STOPPED; a verdict is PASS, FAIL,
// STOPPED or INCONCLUSIVE, and "" while the run goes on. policiesInUse are those that
// make a difference to the run: the engine's own, and all of them once a citizen, a gate
// or an invariant has asked for the policies.
//
// # Stream
//
// GET .../stream is server-sent events:
//
//	retry: 2000                    first of all
//	event: event      id: N        data: EVENT
//	event: snapshot   id: N        data: SNAPSHOT, or {..., skippedFrom, skippedTo}
//	event: heartbeat               data: {runId, status, speed, lastEventIndex, at, policies, policiesInUse, faults,
//	                                      violations, metrics, invariants: as in the summary, now}
//	event: end        id: count    data: {runId, verdict, status, reasons, events, digest, metrics}
//
// A stream begins after the header Last-Event-ID, else at ?from=N, else at 0. Events
// come once each and in order. A snapshot follows its event. The heartbeat comes once
// a second, without id; one that a slow reader missed is replaced by the next. The id
// of end is the number of events, one above the last index, so that a browser which
// has seen it and reconnects is answered 204; then it stays away. The process keeps
// the latest events in memory (Config.RetainEvents, Config.RetainBytes): who is
// behind that window gets a snapshot first, with the indexes that it skips, and can
// read those by /events. Runs that are no longer in memory are streamed from the
// store, to the end; so are those that another process makes and writes to the same
// store, as they go. One reader polls for each of these (Config.StorePoll), however
// many follow it. Their heartbeats are {runId, status, lastEventIndex, heartbeatAt,
// metrics, now}: heartbeatAt is when their process was last heard of.
//
// A run never waits for a browser: it writes to a log, in which each connection has a
// cursor. A connection that takes nothing for Config.WriteTimeout is cut.
//
// # Pages
//
// Config.Pages is a file system with dashboard.html and mission-control.html at its
// root, html/template files that are executed with {{.Base}}, the path that leads
// from the page to the mount point ("../" or "../../"), and whatever they need
// besides. They are served so:
//
//	GET /admin/simcity                     dashboard.html
//	GET /admin/simcity/mission-control     mission-control.html
//	GET /admin/simcity/pages/...           all other files
//
// with a Content-Security-Policy that allows nothing but files of this origin: no
// inline script or style, no eval. Without Pages these answer 404.
//
// # Limits
//
// One run at a time. Runs of other processes can be read and followed, and stopped where
// a runner makes them, but steered only there. A paced run does not repeat exactly; see [simcity.Paced].
package missioncontrol
