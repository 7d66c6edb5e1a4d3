// Package pgtest gives tests a real Postgres that they throw away.
//
// It runs the binaries that the machine has installed: one server per test
// process, started by the first test that asks, and a fresh database for each
// call. Only tests import it.
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
//	func TestHold(t *testing.T) {
//		t.Parallel()
//		pool, err := pgxpool.New(t.Context(), pgtest.Database(t, migrate))
//		...
//	}
//
// A schema that many tests share is set up once, in a [Template], and copied:
//
//	var schema = pgtest.Template{Setup: []pgtest.Setup{pgtest.Supabase, migrate}}
//
//	dsn := schema.Database(t)
//
// and lent to many small tests in turn by [Template.Lend].
//
// # The server
//
// initdb and pg_ctl are looked for in PATH, then where pg_config says, then in
// the folders of the usual packages, newest version first. The cluster is UTF8
// with the C locale and UTC, listens on a unix socket in its own folder and on
// nothing else, trusts everybody who can reach that socket, and never waits for
// a disk (fsync=off). Autovacuum and JIT are off, so that plans, and with them
// the order of rows that nobody sorted, do not depend on real time. 100
// connections at most. A run as root becomes the user postgres, or nobody, since
// Postgres refuses root.
//
// The server never outlives the test process. Its keeper, a shell, waits for the
// end of a pipe that the process holds; the kernel closes the pipe however the
// process ends, kill -9 included, and the keeper then stops the server and
// removes its folder. [Main] only waits until that is done.
//
// A test that stops its server has one of its own, by [NewServer]. [PgBouncer]
// stands before a database as a pooler in transaction mode.
//
// # A bubble
//
// Call [Database] before the run, outside any testing/synctest bubble: what
// belongs to pgtest (processes, pipes, its own connections) lives on real time.
// Inside the bubble, in the factory of simcity.InProcess, the host opens its own
// connections to the address, and closes them by World.OnClose.
//
// # Settings
//
//   - SIMCITY_TEST_DATABASE_URL names a server to create the databases in, for
//     machines where one runs already. Its role needs CREATEDB, and superuser
//     for [Supabase].
//   - SIMCITY_REQUIRE=postgres (or a list: postgres,chromium) turns the skip of
//     a test without Postgres into a failure. pgbouncer is a part too.
//
// # Limits
//
// Postgres 13 or later, on a Unix. A machine that loses power keeps the folder,
// simcity-pg-*, among its temporary files. [Supabase] is the part of Supabase
// that policies are written against: roles, and the functions of schema auth. It
// has no auth.users, storage, extensions or default grants.
package pgtest
