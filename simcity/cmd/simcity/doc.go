// Command simcity is the library's tool. Add it to a module once, then call it:
//
//	go get -tool github.com/bookiji/simcity/simcity/cmd/simcity
//	go tool simcity migrate
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
// their load. With -once it ends when there is no request left. An interrupt stops
// the run and gives its request to the next runner. An app of your own is linked with
// package simcity/telemetry/runner.
//
// # Exit status
//
//	0  it is done
//	1  something failed, and standard error says what
//	2  the command line is wrong
package main
