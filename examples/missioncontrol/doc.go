// Command missioncontrol is a server with Mission Control and a city to control: the
// reference marketplace of examples/booking, built anew for each run.
//
//	go run ./examples/missioncontrol
//
// It listens on 127.0.0.1:8787, keeps its history in a SQLite file, and prints the
// address to open and an access token. SIGINT or SIGTERM stops the run that goes on,
// delivers its history and ends. Flags: -addr, -history, -token (default: a new one
// each time; so is the environment's SIMCITY_TOKEN), and those below.
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
// # A staging system to strike
//
// With -marketplace it also serves a marketplace that stays up, with test hooks
// beside it (package testhooks), as your staging system would. Runs in other
// processes reach it by its address and its secret:
//
//	SIMCITY_SECRET=$(openssl rand -hex 24) go run ./examples/missioncontrol -marketplace 127.0.0.1:8788 -speed 100
//
//	simcity.URL("http://127.0.0.1:8788").
//		Login(os.Getenv("SIMCITY_SECRET")).
//		Equip(remote.Hooks{Purge: true}.Offer)
//
// -environment is what it says that it is, by default local, and -speed how many
// times as often its background work comes round, which under Paced(100) is 100:
// citizens live faster, and the host must keep up. MARKETPLACE_DATABASE names a
// Postgres for its data, which a purge empties. To break it by hand for a minute:
//
//	curl -sS -X POST http://127.0.0.1:8788/api/test/faults -H "X-SimCity-Secret: $SIMCITY_SECRET" -d '{"type": "RLS_MISCONFIG", "leaseSeconds": 60}'
//
// # Others to try
//
// GET /api/simcity/status, /api/simcity/scenarios, /metrics, and
// /api/ops/simcity/runs/latest/stream with curl -N. All calls are in the
// documentation of package missioncontrol.
package main
