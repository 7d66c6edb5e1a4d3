package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/simcity"
)

// seenByNobody counts the messages that nobody sees.
func seenByNobody(t testing.TB, dsn string) (n int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn) // in a bubble or not, so it closes itself
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	_, err = conn.Exec(t.Context(), `set role authenticated; set request.jwt.claims = '{"sub": "22222222-2222-2222-2222-222222222222"}'`)
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from messages`).Scan(&n))
	return n
}

func TestRLSMisconfig(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{postgres.AdminAccess, postgres.PermissivePolicy, postgres.DisabledTable} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dsn := openShop(t)
			require.Zero(t, seenByNobody(t, dsn))
			var during int64
			fault := twice(postgres.RLSMisconfig{Tables: []string{"messages"}, Type: kind}.Fault())
			inject := fault.Inject
			fault.Inject = func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
				revert, err := inject(ctx, w, touched)
				during = seenByNobody(t, dsn)
				return revert, err
			}
			_, window := struck(t, dsn, fault, step{5 * time.Minute, insert})
			require.Equal(t, int64(7), during)
			require.Equal(t, int64(7), window.Touched)
			require.Zero(t, seenByNobody(t, dsn))
		})
	}
}

// What a host's own watchdog may do while its tables lie open.
var watchdogs = map[string]string{
	"it drops the policy":           `drop policy if exists simcity_admin_access on messages; drop policy if exists simcity_permissive_policy on messages`,
	"it switches security on":       `alter table messages enable row level security`,
	"it locks the table down":       `alter table messages enable row level security; alter table messages force row level security; drop policy owners_read on messages`,
	"it writes a policy anew":       `drop policy "no Deletes" on messages; create policy "no Deletes" on messages for delete to public using (owner is null)`,
	"it changes a policy":           `alter policy owners_write on messages to anon using (false) with check (false)`,
	"it does the same thing itself": `alter table messages disable row level security`,
}

func TestRowSecurityIsRestoredWhateverAWatchdogDid(t *testing.T) {
	t.Parallel()
	for name, did := range watchdogs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, kind := range []string{postgres.AdminAccess, postgres.PermissivePolicy, postgres.DisabledTable} {
				dsn := openShop(t)
				before := snapshot(t, dsn)
				restore, rows, err := postgres.RLSHook(postgres.Database{Admin: dsn}, "messages")(t.Context(), kind)
				require.NoError(t, err)
				require.Equal(t, int64(7), rows)
				_, err = connect(t, dsn).Exec(t.Context(), did)
				require.NoError(t, err)
				require.NoError(t, restore(t.Context()))
				requireNothingLeft(t, dsn, before)
				require.NoError(t, restore(t.Context()), "again")
				requireNothingLeft(t, dsn, before)
			}
		})
	}
}

func TestTableThatIsGoneNeedsNoRestoring(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	restore, _, err := postgres.RLSHook(postgres.Database{Admin: dsn}, "messages")(t.Context(), "")
	require.NoError(t, err)
	_, err = connect(t, dsn).Exec(t.Context(), `drop table messages`)
	require.NoError(t, err)
	require.NoError(t, restore(t.Context()))
}

func TestHostsNewPolicyStays(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	restore, _, err := postgres.RLSHook(postgres.Database{Admin: dsn}, "messages")(t.Context(), "")
	require.NoError(t, err)
	_, err = connect(t, dsn).Exec(t.Context(), `create policy migrated on messages for insert with check (true)`)
	require.NoError(t, err)
	require.NoError(t, restore(t.Context()))
	require.Equal(t, int64(1), value[int64](t, dsn, `select count(*) from pg_policy where polname = 'migrated'`))
}

func TestTablesAreLaidOpenAllOrNone(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	before := snapshot(t, dsn)
	lay := postgres.RLSHook(postgres.Database{Admin: dsn}, "messages", "bookings")
	_, _, err := lay(t.Context(), postgres.AdminAccess)
	require.ErrorContains(t, err, "public.bookings has no row-level security")
	requireNothingLeft(t, dsn, before)

	lay = postgres.RLSHook(postgres.Database{Admin: dsn}, "messages")
	_, _, err = lay(t.Context(), "sabotage")
	require.ErrorContains(t, err, "admin_access, permissive_policy, disabled_table")
	restore, _, err := lay(t.Context(), postgres.AdminAccess)
	require.NoError(t, err)
	_, _, err = lay(t.Context(), postgres.PermissivePolicy)
	require.ErrorContains(t, err, "is laid open already, by simcity_admin_access")
	require.NoError(t, restore(t.Context()))
	requireNothingLeft(t, dsn, before)
}

func TestPolicyThatCannotJudgeNobodyShowsNothing(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	_, err := connect(t, dsn).Exec(t.Context(), `alter policy owners_read on messages using (body = current_setting('app.unheard'))`)
	require.NoError(t, err)
	before := snapshot(t, dsn)
	restore, rows, err := postgres.RLSHook(postgres.Database{Admin: dsn}, "messages")(t.Context(), postgres.DisabledTable)
	require.NoError(t, err)
	require.Equal(t, int64(7), rows)
	require.NoError(t, restore(t.Context()))
	requireNothingLeft(t, dsn, before)
}

func TestRefreshHook(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	pause := postgres.RefreshHook(postgres.Database{Admin: dsn}, "busy")
	resume, err := pause(t.Context())
	require.NoError(t, err)
	conn := connect(t, dsn)
	for range 3 {
		_, err = conn.Exec(t.Context(), `refresh materialized view busy`)
		require.ErrorContains(t, err, "SQLSTATE 55P03")
	}
	other, err := pause(t.Context())
	require.NoError(t, err, "two at once")
	for range 2 {
		suppressed, err := resume(t.Context())
		require.NoError(t, err)
		require.Equal(t, int64(3), suppressed)
	}
	_, err = conn.Exec(t.Context(), `refresh materialized view busy`)
	require.Error(t, err, "the other one is still there")
	suppressed, err := other(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(1), suppressed)
	_, err = conn.Exec(t.Context(), `refresh materialized view busy`)
	require.NoError(t, err)
	requireNothingLeft(t, dsn, nil)
}

func TestHooksTellWhatIsMissing(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	_, err := postgres.RefreshHook(postgres.Database{Admin: dsn}, "idle")(t.Context())
	require.ErrorContains(t, err, `materialized view "idle" is unknown: the database has public.busy`)
	_, err = postgres.RefreshHook(postgres.Database{}, "busy")(t.Context())
	require.ErrorContains(t, err, "neither Database.Pool nor Database.Admin is set")
	_, _, err = postgres.RLSHook(postgres.Database{Admin: dsn})(t.Context(), postgres.AdminAccess)
	require.ErrorContains(t, err, "RLS_MISCONFIG.tables")
}
