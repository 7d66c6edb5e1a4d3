// Command simcity is the library's tool. Add it to a module once, then call it:
//
//	go get -tool github.com/bookiji/simcity/simcity/cmd/simcity
//	go test -overlay="$(go tool simcity overlay)" ./...
//
// # overlay
//
//	simcity overlay [-packages patterns]
//
// prints the path of an overlay for go build, go test and go run. Compiled with
// it, each lock that a host package takes in a run on simulated time (Lock and
// RLock of sync.Mutex and sync.RWMutex, and waking up in Cond.Wait) is a seam,
// although nobody touched the host: there the actor may be parked while others
// go first. That is what finds a check under one lock and an insert under
// another, lost updates and locks taken in two orders. A lock that is held
// across a seam or a sleep no longer stops simulated time: whoever wants it
// waits as for a channel, also at a sync.Once, or a lock of the standard library
// or of another module whose holder calls the host. Actors that wait for one
// another's locks for good are told as a deadlock, with their stacks.
//
// The overlay is a few files of the toolchain's own runtime and sync, patched on
// the spot and kept in simcity/overlay below the user's cache folder. The first
// build with it compiles the standard library, once.
//
// Only locks taken by host packages are seams. Those are the main module's
// packages, never the standard library's and never SimCity's. Import path
// patterns, separated by commas, change that, at run time or for good:
//
//	SIMCITY_OVERLAY_PACKAGES=example.com/shop/...,example.com/stock go test -overlay=... ./...
//	go test -overlay="$(go tool simcity overlay -packages example.com/shop/...)" ./...
//
// The variable wins. The flag costs a build of the standard library for each new
// list. SIMCITY_OVERLAY=0 runs a binary that was built with the overlay without
// it: a load and a branch are left of each lock and range. A run says in a note whether
// locks are seams.
//
// # When it cannot
//
// Supported are the releases of Go 1.26 and 1.27. For another toolchain, or one
// whose sources are not as expected, the reason goes to standard error and nothing
// to standard output, so that -overlay="" gives a plain run. So it is for one that
// the go command has downloaded by itself (GOTOOLCHAIN, or the line of that name in
// go.mod): it is kept in the module cache, where no file can be replaced. Install
// it, or reach it by a link, as the reason shows. A cache folder that
// cannot be written is an error that names SIMCITY_OVERLAY_CACHE, the variable
// that points elsewhere. GOFLAGS with an -overlay of its own is told of, since
// the go command obeys one only.
//
// Channels, WaitGroup and atomics are no seams. Select, map order and math/rand
// follow the seed, as package internal/overlay tells.
//
// Race builds work. Since actors go one at a time, and each lock is noted in one
// table, the race detector sees little of a run on simulated time, with the
// overlay or without.
//
// # Stores
//
// Commands that need a store take its address from -store, or else from
// SIMCITY_TELEMETRY, or else from DATABASE_URL:
//
//	sqlite:simcity.db
//	postgres://user:password@host:5432/database
//	supabase, or supabase:https://abcd.supabase.co, with the key in SUPABASE_SERVICE_ROLE_KEY
//
// Prefer the variables: other users of a machine see a command line.
//
// # migrate
//
//	simcity migrate [-store address] [-write folder]
//
// brings the schema of a store up to date. With -write it connects to nothing and
// writes the SQL files of Postgres into a folder, for the Supabase CLI or goose:
//
//	simcity migrate -write supabase/migrations && supabase db push
//
// A file that is there and differs is left as it is, and told of.
//
// # purge
//
//	simcity purge [-store address] -older-than 30d|-all [-yes]
//
// counts the runs that ended so long ago, or all of them, with their rows. Only with
// -yes are they deleted. The length is in days, as 30d, or as Go writes it, 12h.
//
//	SIMCITY_SECRET=... simcity purge -target https://staging.example.com [-yes]
//
// counts what synthetic citizens have left in a staging system, and with -yes removes
// it, by its test hooks (package testhooks). The target is guarded as that of a run:
// SIMCITY_ALLOWED_HOSTS has to name it, and it has to say that it is no production
// before the secret is sent.
//
// # replay-spill
//
//	simcity replay-spill [-store address] [-dir folder] [file ...]
//
// delivers what runs left in files whose store was down to the end, or whose
// process was killed: the files that are named, or all in the folder. It may be
// repeated; rows that the store has stay as they are. Files of runs that still go on
// are passed over.
//
// # runner
//
//	simcity runner [-store address] -target URL [-name word] [-lease 30s] [-once]
//
// claims requests from simcity_run_requests and makes their runs: scenarios of the
// pack, paced, against the app at the URL, which is meant for tests and gets all of
// their load. With SIMCITY_SECRET set, citizens log in and faults strike by the test
// hooks of the app. With -once it ends when there is no request left. An interrupt stops
// the run and gives its request to the next runner. An app of your own is linked with
// package simcity/telemetry/runner.
//
// # serve
//
//	simcity serve -target URL [-addr 127.0.0.1:8787] [-store address] [-environment word] [-allow-host host]
//
// serves Mission Control on loopback for an app at a URL, which is meant for tests
// and gets all of the load: start, watch, steer, stop and study runs of the pack in
// the browser, or by its API (package simcity/missioncontrol). It prints the address
// to open and an access token (that of SIMCITY_TOKEN, or a new one). The app is
// guarded as package simcity says under Staging: on loopback it needs nothing more,
// elsewhere -allow-host and -environment, and SIMCITY_SECRET for the login of its
// test hooks. Runs are paced, since an app elsewhere lives on real time; the history
// is in memory unless a store is given. An interrupt stops the run that goes on,
// delivers its history and ends.
//
// # Exit status
//
//	0  it is done
//	1  something failed, and standard error says what
//	2  the command line is wrong
//	3  the toolchain is not supported: run without the overlay
package main
