// Package supabase keeps the history of runs in a Supabase project over its REST
// interface, PostgREST, by resty.
//
// Use it where only HTTPS leads to the project. Where a connection string does,
// package postgres is quicker and its batches are whole. The schema is that of
// package postgres and comes into the project once:
//
//	simcity migrate -write supabase/migrations && supabase db push
//
// Then, in a test without code,
//
//	import _ "github.com/bookiji/simcity/simcity/telemetry/supabase"
//
//	export SUPABASE_URL=https://abcd.supabase.co SUPABASE_SERVICE_ROLE_KEY=sb_secret_...
//	SIMCITY_TELEMETRY=supabase go test ./... -run SimCity
//
// or with code:
//
//	store, err := supabase.Open("https://abcd.supabase.co", os.Getenv("SUPABASE_SERVICE_ROLE_KEY"))
//	...
//	simcity.New(scenarios.Baseline()).
//		Target(simcity.InProcess(newApp)).
//		Report(telemetry.NewReporter(store, telemetry.Options{})).
//		Run(t)
//
// # Keys
//
// It takes a secret key (sb_secret_...), which goes into the header apikey alone, or
// the JWT of service_role, which goes into Authorization as well. Keys that may not
// write are refused before the run. A key is in no error and no log, even where the
// server echoes it; it travels over HTTPS alone, this machine apart, and follows no
// redirect.
//
// # Errors
//
// What PostgREST refuses is a [Refusal] inside of the error. Those with status 408,
// 429 and 500 or above are transient, and so is the network: the delivery tries
// again. Others last, and say what to do.
//
// # Limits
//
// A batch is one request per 1000 events, one for its snapshots, one or two for the
// live row, and each is a transaction of its own: a reader may see the first part of
// a batch that is still on its way, always a beginning of the events, and the same
// batch again completes one that was cut. Runners claim
// a request by changing it only if it is as they read it. Purge deletes run by run.
// The store cannot migrate, since REST has no DDL.
//
// # What was tested
//
// The tests run against a handler of ours over a real Postgres with the real
// migrations: roles, row-level security, constraints and SQLSTATEs are real, while
// the way between HTTP and SQL is written after PostgREST's documentation. Against a
// real project a short test runs where SIMCITY_TEST_SUPABASE_URL and
// SIMCITY_TEST_SUPABASE_KEY are set, and is skipped by name elsewhere. No such run was
// made so far, neither by hand nor by the continuous tests: of Supabase's gateway and
// of PostgREST itself nothing was exercised.
package supabase
