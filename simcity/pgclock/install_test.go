package pgclock_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity/pgclock"
)

// expressions tell the time in every way that follows.
var expressions = map[string]time.Duration{
	"now()": 0, "pg_catalog.now()": 0, "transaction_timestamp()": 0, "statement_timestamp()": 0, "clock_timestamp()": 0,
	"CURRENT_TIMESTAMP": 0, "current_timestamp(3)": -456 * time.Microsecond,
	"localtimestamp at time zone 'UTC'": 0, "localtimestamp(0) at time zone 'UTC'": -123456 * time.Microsecond,
	"current_date at time zone 'UTC'":                                                   -10*time.Minute - 123456*time.Microsecond,
	"(current_date + localtime) at time zone 'UTC'":                                     0,
	"(current_date + localtime(0)) at time zone 'UTC'":                                  -123456 * time.Microsecond,
	"current_date + current_time":                                                       0,
	"current_date + current_time(1)":                                                    -23456 * time.Microsecond,
	"(select max(t) from generate_series(now() - interval '1 day', now(), '1 hour') t)": 0,
	"plain()": 0, "pinned()": 0, "(select at from seen)": 0,
}

// hostSchema is what migrations left behind: all of it tells the time.
const hostSchema = `
	create table holds(id int, made timestamptz default current_timestamp, day date not null default CURRENT_DATE, expires_at timestamptz default now() + interval '10 minutes');
	create view seen as select now() as at;
	create function plain() returns timestamptz language plpgsql as $$ begin return current_timestamp; end $$;
	create function pinned() returns timestamptz language sql stable set search_path = '' return CURRENT_TIMESTAMP;
	create function stamp() returns trigger language plpgsql as $$ begin new.made := now() + interval '1 hour'; return new; end $$;
	create trigger stamp before insert on holds for each row when (now() >= '2026-01-06' and now() < '2026-01-07') execute function stamp();
	create table future(at timestamptz check (at > now()));`

func TestEveryWayToAskForTheTimeFollows(t *testing.T) {
	t.Parallel()
	pool, hand := follow(t, pgtest.Database(t, statement(hostSchema), pgclock.Install))
	for expression, want := range expressions {
		require.Equal(t, want, elapsed(t, pool, expression), expression)
	}
	require.Equal(t, "1 day", ask[string](t, pool, "select age('2026-01-04'::timestamp)::text"))
	require.Equal(t, "1 day", ask[string](t, pool, "select age('2026-01-04 00:00Z'::timestamptz)::text"))

	insert := func() (made, expires time.Time, day string) {
		require.NoError(t, pool.QueryRow(t.Context(), "insert into holds(id) values (1) returning made, expires_at, day::text").Scan(&made, &expires, &day))
		return made, expires, day
	}
	made, expires, day := insert()
	require.Equal(t, []any{time.Duration(0), 10 * time.Minute, "2026-01-05"}, []any{made.Sub(start), expires.Sub(start), day})
	hand.pass(24 * time.Hour)
	made, expires, day = insert()
	require.Equal(t, []any{25 * time.Hour, 24*time.Hour + 10*time.Minute, "2026-01-06"}, []any{made.Sub(start), expires.Sub(start), day}, "the trigger's WHEN and body follow")

	_, err := pool.Exec(t.Context(), "insert into future values ($1)", start)
	require.ErrorContains(t, err, "violates check constraint")
	hand.pass(-48 * time.Hour)
	_, err = pool.Exec(t.Context(), "insert into future values ($1)", start)
	require.NoError(t, err)
}

// What does not follow, so that the manual stays true.
func TestWhatKeepsRealTime(t *testing.T) {
	t.Parallel()
	pool, _ := follow(t, clocked.Database(t))
	for _, expression := range []string{
		"'now'::timestamptz", "'today'::timestamptz", "timeofday()::timestamptz",
		"(select xact_start from pg_stat_activity where pid = pg_backend_pid())",
	} {
		require.False(t, ask[bool](t, pool, "select "+expression+" between now() - interval '1 day' and now()"), expression)
	}
}

// Who sets no time is told the real one, and so is everybody after Remove.
func TestOthersNoticeNothing(t *testing.T) {
	t.Parallel()
	dsn := clocked.Database(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	const real = "select now() = current_timestamp and transaction_timestamp() = now() and statement_timestamp() >= now() and clock_timestamp() > statement_timestamp()"
	require.True(t, ask[bool](t, conn, real))
	_, err = conn.Exec(t.Context(), "set simcity.now = '2026-01-05'; set simcity.clock = '2026-01-05'")
	require.NoError(t, err)
	require.False(t, ask[bool](t, conn, real))

	require.NoError(t, pgclock.Remove(t.Context(), conn))
	require.NoError(t, conn.DeallocateAll(t.Context()))
	require.True(t, ask[bool](t, conn, real))
	require.NoError(t, pgclock.Install(t.Context(), conn))
	require.NoError(t, pgclock.Install(t.Context(), conn), "twice is once")
}

// A role of little power is told the same time as the superuser.
func TestEveryRoleFollows(t *testing.T) {
	t.Parallel()
	pool, _ := follow(t, pgtest.Database(t, pgtest.Supabase, pgclock.Install))
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
	_, err = tx.Exec(t.Context(), "set local role anon")
	require.NoError(t, err)
	require.Zero(t, elapsed(t, tx, "greatest(now(), current_timestamp, clock_timestamp())"))
}

func TestInstallNamesWhatItCannotChange(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t, statement(`
		create table holds(id int, at timestamptz check (at < current_timestamp));
		create view late as select * from holds where at < current_timestamp;
		create policy today on holds using (at::date = current_date);
		create function f() returns trigger language plpgsql as 'begin return new; end';
		create trigger t before insert on holds for each row when (current_date > '2026-01-01') execute function f();`))
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	err = pgclock.Install(t.Context(), conn)
	const why = " uses a keyword such as CURRENT_TIMESTAMP, which keeps real time: write now(), or create it on a connection of pgclock.Follow after pgclock.Install"
	require.EqualError(t, err, "pgclock: constraint holds_at_check"+why+"\npgclock: policy today of holds"+why+"\npgclock: trigger t of holds"+why+"\npgclock: view late"+why)
	require.True(t, ask[bool](t, conn, "select prolang = 12 from pg_proc where oid = 'now'::regproc"), "nothing was changed")
}

// Migrations on a connection that follows are covered whatever they create.
func TestMigrationsThatFollowMayUseKeywords(t *testing.T) {
	t.Parallel()
	pool, hand := follow(t, clocked.Database(t))
	_, err := pool.Exec(t.Context(), "create table holds(at timestamptz default current_timestamp); create view late as select current_timestamp, count(*) from holds where at < current_timestamp")
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), "insert into holds default values")
	require.NoError(t, err)
	require.Equal(t, 0, ask[int](t, pool, "select count from late"))
	hand.pass(time.Minute)
	require.Equal(t, 1, ask[int](t, pool, "select count from late"))
	require.Equal(t, time.Minute, elapsed(t, pool, "current_timestamp from late"))
}

func TestInstallNeedsASuperuser(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(pgtest.Database(t, pgtest.Supabase))
	require.NoError(t, err)
	config.User = "authenticator"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	require.EqualError(t, pgclock.Install(t.Context(), conn), "pgclock: authenticator is no superuser, and only one may replace functions of pg_catalog: connect as the owner of a throwaway server")
}
