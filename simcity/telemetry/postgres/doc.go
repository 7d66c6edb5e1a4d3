// Package postgres keeps the history of runs in a Postgres database, also one behind
// a pooler, and so in a Supabase project by its connection string. It uses pgx.
//
// Use it where a team looks at runs together, or where runners make them. The schema
// is brought up to date once, by whoever owns the tables:
//
//	simcity migrate -store postgres://owner:password@host:5432/simcity
//
// and then, in a test without code,
//
//	import _ "github.com/bookiji/simcity/simcity/telemetry/postgres"
//
//	SIMCITY_TELEMETRY=postgres://user:password@host:6543/simcity go test ./... -run SimCity
//
// or with code:
//
//	store, err := postgres.Open(os.Getenv("DATABASE_URL"))
//	...
//	defer store.Close()
//	simcity.New(scenarios.Baseline()).
//		Target(simcity.InProcess(newApp)).
//		Report(telemetry.NewReporter(store, telemetry.Options{})).
//		Run(t)
//
// # Delivery
//
// A batch is one transaction in two round trips, so that readers see all of it or
// none. Its events come by COPY. A batch of which one row is there already, because
// an answer was lost or a spill file is replayed, is refused as a whole; it comes
// again, in one round trip, as one INSERT for each 1000 rows over columns as arrays,
// ON CONFLICT DO NOTHING, and so do the batches after it until one is new from end to
// end. The server's log shows that as one unique violation. A role for which
// row-level security holds may not COPY and inserts always. Errors of the network, of the server's
// shutdown and resources (SQLSTATE classes 08, 40, 53, 57, 58), and of statements
// that took too long are transient: the delivery tries again.
//
// It works through PgBouncer and other poolers in transaction mode, such as port 6543
// of a Supabase project: nothing is prepared by name, and nothing is kept in a
// session. The tests run against PgBouncer.
//
// # Schema
//
// [Migrations] are the SQL files. Nothing but [Store.Migrate] applies them; the
// Supabase CLI and goose may do so as well:
//
//	simcity migrate -write supabase/migrations
//
// They are Up only, and applying one again changes nothing. Tables that a project
// had under the same names before are brought up to date. simcity_schema_version has
// a row for each file. BeginRun, AddRequest and Purge want exactly the version that
// this package knows, and all tables; the other methods say so where a table or a
// column is missing. Migrate makes a table anew that somebody dropped.
//
// Row-level security is on for all tables. service_role may write, though not change
// events and snapshots, authenticated may read, anon may do nothing; without these
// roles only the owner may. Policies that were there are dropped. Roles that come
// later get their rights when 20260301000000_simcity_engine.sql is applied again.
//
// # Requests
//
// The store is [telemetry.Requests]: runners claim by FOR UPDATE SKIP LOCKED, so that
// no two wait for one another. See package runner.
//
// # Limits
//
// Event indexes go to 2147483647, as the column has it. JSON is jsonb: the order of
// keys and the white space of a payload are lost. Purge deletes in one transaction;
// where a statement timeout ends it, purge in steps with an older date. The package
// needs Postgres 13 or later.
package postgres
