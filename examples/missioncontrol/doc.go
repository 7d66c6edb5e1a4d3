// Command missioncontrol is a server with Mission Control and a city to control: the
// reference marketplace of examples/booking, built anew for each run.
//
//	go run ./examples/missioncontrol
//
// It listens on 127.0.0.1:8787, keeps its history in a SQLite file, and prints the
// address to open and an access token. SIGINT or SIGTERM stops the run that goes on,
// delivers its history and ends. Flags: -addr, -history, -token (default: a new one
// each time; so is the environment's SIMCITY_TOKEN).
//
// # Runbook
//
// With the token in TOKEN:
//
//	# start
//	curl -sS -X POST http://127.0.0.1:8787/api/simcity/start -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"seed": 42, "scenario": "baseline", "durationMinutes": 1200, "policies": {"customerSpawnRate": 0.3}}'
//
//	# policy
//	curl -sS -X POST http://127.0.0.1:8787/api/simcity/policy -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"policies": {"customerSpawnRate": 0.5, "maxConcurrentAgents": 100, "rescheduleChance": 0.2, "cancelChance": 0.1}}'
//
//	# event
//	curl -sS -X POST http://127.0.0.1:8787/api/simcity/event -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"type": "CACHE_INVALIDATION_STORM", "durationMin": 30, "parameters": {"invalidationRate": 0.8}}'
//
//	# summary
//	curl -sS "http://127.0.0.1:8787/api/simcity/summary?runId=latest" -H "Authorization: Bearer $TOKEN"
//
//	# stop
//	curl -sS -X POST http://127.0.0.1:8787/api/simcity/stop -H "Authorization: Bearer $TOKEN"
//
// Others to try: GET /api/simcity/status, /api/simcity/scenarios, /metrics, and
// /api/ops/simcity/runs/latest/stream with curl -N. All calls are in the
// documentation of package missioncontrol.
package main
