// Package pgclock makes a real Postgres tell a run's time: now(), CURRENT_DATE,
// the defaults of columns and all else that asks SQL for the time follow the
// simulated clock, jumps included, connection by connection.
//
// Use it when the host leaves time to its database ("delete from holds where
// expires_at <= now()"). Without it such a host lives in two times at once:
// hours pass in Go while milliseconds pass in SQL, and nothing there expires.
//
// Prepare the database once, outside the run, and let the factory empty it, so that
// a run that is repeated begins alike; let the host's connections follow:
//
//	require.NoError(t, pgclock.Install(ctx, superuser)) // after the migrations
//
//	simcity.New(scenario).
//		Target(simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
//			config, err := pgxpool.ParseConfig(dsn)
//			if err != nil {
//				return nil, err
//			}
//			pgclock.Follow(config.ConnConfig, time.Now) // simulated here; w.Now under any clock
//			pool, err := pgxpool.NewWithConfig(context.Background(), config)
//			if err != nil {
//				return nil, err
//			}
//			w.OnClose(func(context.Context) error { pool.Close(); return nil })
//			return newApp(pool), nil
//		})).
//		Run(t)
//
// # How
//
// [Install] replaces the functions of the database's own pg_catalog by ones that
// read a setting of the session, and the real time where that is not set. They
// keep their names and numbers, so whatever already uses them follows without
// being created anew. [Follow] sets it before a statement whenever the clock has
// moved since the connection was last told, and turns keywords such as
// CURRENT_TIMESTAMP, which no catalog can change, into calls on their way to the
// server. Runs in parallel do not disturb one another, even in one database.
//
// # What follows
//
//   - now(), transaction_timestamp(), statement_timestamp(), clock_timestamp(),
//     age(x), CURRENT_TIMESTAMP, CURRENT_DATE, CURRENT_TIME, LOCALTIMESTAMP and
//     LOCALTIME, in whatever the host's connections say: queries, prepared
//     statements, batches, copies, migrations;
//   - column defaults; functions, with or without a search_path of their own;
//     views, policies, checks and triggers that call functions. The last four
//     may use keywords only if they are created on a connection that follows;
//     else Install names them.
//
// A transaction keeps the now() of its beginning. Dates have microseconds.
//
// # What does not
//
//   - the literals 'now', 'today', 'tomorrow' and 'yesterday' cast to a date or
//     time, timeofday(), and what is read from pg_stat_activity and the like;
//   - Postgres' own timers: statement_timeout, lock_timeout, deadlock detection
//     and pg_sleep run on real time, as a run needs them to, since simulated time
//     stands still while a query is under way;
//   - the commit timestamps, the server's log and its background work;
//   - drivers other than pgx and its database/sql face, and SQL run by others
//     (dblink, cron): they are told the real time;
//   - time that passes within one statement or one string of several: such a
//     string has the time of its start, also after a ROLLBACK within it;
//   - in an error of a statement with a keyword, Position counts the call.
//
// # Cost
//
// One round trip for each connection at its first statement after the clock
// moved, and none while it stands: measured, 1.3 to 2 times the cost of one
// short query, 1.1 over ten of them. In SQL, a scan that asks for now() in
// each row takes two to three times as long, other statements no longer.
//
// # A pool in a bubble
//
// pgxpool runs cleanly in a bubble and leaves nothing behind after Close. Its
// housekeeping follows simulated time, as in production: connections are closed
// after an hour of life and after 30 minutes of rest, looked at every minute,
// and pinged when they rested for a second. Where a citizen's pauses are longer
// than MaxConnIdleTime, each visit connects anew, which measured about 30 times
// the cost of the query. A test that is not about that sets
//
//	config.MaxConnLifetime, config.MaxConnIdleTime, config.HealthCheckPeriod = year, year, year
//	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
//
// where year is longer than the run. Without a long HealthCheckPeriod the pool
// also wakes at each full minute: a request of that very instant may then find
// its idle connections held and open another.
//
// # Why not libfaketime
//
// Preloading it into a server of its own covers literals as well, and was tried
// with a file that stands at the run's time. A frozen clock means that no
// deadlock is ever noticed, no statement_timeout fires and pg_sleep never
// returns, since all three wait for the clock that stands still; workers that
// Postgres 15 forks in a signal handler (autovacuum) saw real time; a statement
// cost about four times as much; and one server has one time, so each run needs
// its own.
//
// # Limits
//
// Tested with Postgres 15. Install takes a superuser and is for databases that
// are thrown away: what it replaces is this database's alone, but stays until
// [Remove]. Whoever sets the config's Tracer after Follow switches it off.
package pgclock
