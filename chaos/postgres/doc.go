// Package postgres breaks Postgres for real under a simulated city, and puts
// seams before the statements of hosts that use pgx: places where other citizens
// may go first, which is how races between two statements are found, and where
// faults delay a statement or fail it. Hosts that use database/sql take package
// chaos/sqldb for the seams, and the faults from here.
//
//	simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
//		config, err := pgxpool.ParseConfig(dsn)
//		if err != nil {
//			return nil, err
//		}
//		postgres.Seams{}.Attach(config)
//		pool, err := pgxpool.NewWithConfig(context.Background(), config)
//		if err != nil {
//			return nil, err
//		}
//		w.OnClose(func(context.Context) error { pool.Close(); return nil })
//		postgres.Offer(w, postgres.Database{Pool: pool, Admin: adminDSN})
//		return newApp(pool), nil
//	})
//
// Make the database outside of the run, and the pool inside of the factory, so
// that it lives on the run's clock. A test may run a simulation more than once
// (SIMCITY_VERIFY, SIMCITY_SHRINK, sweeps), each run from the same start: let the
// factory empty the tables, or give each run a database of its own.
//
// # Seams
//
// They are named "postgres " and the statement's first word: "postgres select",
// "postgres insert", "postgres begin"; also "postgres batch", "postgres copy" and,
// for a new connection, "postgres connect". A statement needs the context of its
// request: it carries the citizen for whom the statement runs, and without one
// the seam lets through.
//
// By default there is no seam while a transaction is open on any connection of
// the pool: see [Seams.InTransactions].
//
// A fault that fails a seam fails the statement before anything is sent. pgx
// wraps the error ("timeout: context already done: ..."), and pgconn.Timeout is
// true of it; errors.Is and errors.As find the fault's own error, which may be a
// *pgconn.PgError. A transaction whose begin or commit fails so loses its
// connection, and inside of one only that statement fails: the server does not
// know, so the transaction is not aborted as by a real error. For that take
// [FailStatements].
//
// # Faults
//
//   - [PoolExhaustion] (POOL_EXHAUSTION) holds the pool's connections
//   - [DropConnections] (DROP_POSTGRES_CONNECTIONS) ends connections from the
//     server's side
//   - [FailStatements] (FAIL_STATEMENTS) fails a share of the writes to a table
//   - [PauseViewRefresh] (PAUSE_MV_REFRESH) fails the refreshes of materialized
//     views; [RefreshHook] is the same as a function
//   - [RLSMisconfig] (RLS_MISCONFIG) breaks row-level security; [RLSHook] is the
//     same as a function
//   - [LockTable] (LOCK_TABLE) locks a table, under a Stepped or Paced clock
//
// [Kinds] makes them known to commands, apart from PAUSE_MV_REFRESH and
// RLS_MISCONFIG: those are of package chaos, for which a host offers RefreshHook
// and RLSHook.
//
// All but the first work over connections of their own, called simcity_chaos,
// which wait for locks no longer than five real seconds. What they create lives
// in a schema of that name, or is a trigger or a policy whose name begins with
// simcity_, and goes when the fault ends, however the run ends. [LeftBehind] looks
// for remains: call it after a run, or after a process that was killed.
//
// # Limits
//
// A fault changes the database for everybody who uses it: give each test its own.
// Admin must lead straight to the server: a pooler drops the settings with which
// faults bound their own waiting. PauseViewRefresh needs a superuser, since event
// triggers do. A process that is killed reverts nothing; drop the database, or
// what LeftBehind names.
package postgres
