package pgstore_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
	"github.com/bookiji/simcity/examples/booking/pgstore"
	"github.com/bookiji/simcity/internal/pgtest"
)

var stranger = booking.Identity{Role: booking.RoleCustomer, User: "cus_9"}

// seenAs are the bookings that somebody is shown.
func (b bench) seenAs(t testing.TB, who booking.Identity) (ids []string) {
	t.Helper()
	require.NoError(t, b.View(booking.WithIdentity(t.Context(), who), func(tx booking.Tx) error {
		list, err := tx.VisibleBookings(9)
		for _, one := range list {
			ids = append(ids, one.ID)
		}
		return err
	}))
	return ids
}

func (b bench) audit(t testing.TB) (rows []string) {
	t.Helper()
	require.NoError(t, b.View(t.Context(), func(tx booking.Tx) error {
		list, err := tx.Audit(99)
		for _, row := range list {
			require.False(t, row.At.IsZero())
			rows = append(rows, row.Table+": "+row.Detail)
		}
		return err
	}))
	return rows
}

// Whatever opens a door is found, closed and noted.
func TestGuardRestoresWhatWasBroken(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]struct {
		sql   string
		audit []string
	}{
		"row security is off": {
			`alter table bookings disable row level security`,
			[]string{"bookings: row level security was missing: restored"},
		},
		"a policy more": {
			`create policy everybody on bookings for select using (true)`,
			[]string{"bookings: policy everybody was unknown: removed"},
		},
		"everybody is admin": {
			`alter policy own on bookings using (coalesce(current_setting('request.jwt.claims', true), 'admin') <> '')`,
			[]string{"bookings: policy own was changed: restored"},
		},
		"everybody claims to be the owner": {
			`create or replace function claimed_vendor() returns text language sql as $$ select 'v-1' $$`,
			[]string{"pg_proc: function claimed_vendor was changed: restored"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guardRestores(t, broken.sql, broken.audit)
		})
	}
}

// Roles belong to the whole server, where others rely on authenticated. So this
// test has a role of its own, and a schema that is written for that one.
func TestGuardTakesTheRightToPassBy(t *testing.T) {
	t.Parallel()
	owner := open(t, schema.Database(t), pgstore.Config{})
	role := "users_of_" + owner.pool.Config().ConnConfig.Database
	owner.exec(t, `create role `+role+` bypassrls`)
	t.Cleanup(func() {
		_, err := owner.pool.Exec(context.Background(), `drop role `+role)
		require.NoError(t, err)
	})
	text, err := os.ReadFile("schema.sql")
	require.NoError(t, err)
	url := pgtest.Database(t, pgtest.Supabase, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `set search_path = ''; `+strings.ReplaceAll(string(text), "authenticated", role))
		return err
	})
	b := open(t, url, pgstore.Config{})
	require.NoError(t, b.put(t, slot("bk_1", "cus_1", noon())))
	seen := func() (n int) {
		require.NoError(t, pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `set local role `+role)
			require.NoError(t, err)
			return tx.QueryRow(t.Context(), `select count(*) from bookings`).Scan(&n)
		}))
		return n
	}
	require.Equal(t, 1, seen(), "the door is open")
	restored, err := b.GuardPolicies(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, restored)
	require.Equal(t, []string{"pg_authid: right of " + role + " to pass policies by was unknown: removed"}, b.audit(t))
	require.Zero(t, seen())
}

func guardRestores(t *testing.T, broken string, audit []string) {
	t.Helper()
	b := setup(t)
	require.NoError(t, b.put(t, slot("bk_1", "cus_1", noon())))
	require.Empty(t, b.seenAs(t, stranger))
	b.exec(t, broken)
	b.pool.Reset() // a plan of before may be kept
	require.Equal(t, []string{"bk_1"}, b.seenAs(t, stranger), "the door is open")

	restored, err := b.GuardPolicies(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(audit), restored)
	require.Equal(t, audit, b.audit(t))
	require.Empty(t, b.seenAs(t, stranger))
	require.Equal(t, []string{"bk_1"}, b.seenAs(t, booking.Identity{Role: booking.RoleCustomer, User: "cus_1"}))

	restored, err = b.GuardPolicies(t.Context())
	require.NoError(t, err)
	require.Zero(t, restored)
}

func TestGuardRestoresPoliciesAndGrants(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, `drop policy own on messages; alter table entries no force row level security;
		grant select on entries to anon; revoke insert on messages from authenticated`)
	restored, err := b.GuardPolicies(t.Context())
	require.NoError(t, err)
	require.Equal(t, 4, restored)
	require.ElementsMatch(t, []string{
		"messages: policy own was missing: restored",
		"messages: grant insert to authenticated was missing: restored",
		"entries: row level security for the owner was missing: restored",
		"entries: grant select to anon was unknown: removed",
	}, b.audit(t))
}

func TestBugMissingRLS(t *testing.T) {
	t.Parallel()
	b := setup(t, pgstore.BugMissingRLS)
	require.NoError(t, b.put(t, slot("bk_1", "cus_1", noon())))
	require.Equal(t, []string{"bk_1"}, b.seenAs(t, stranger))
	restored, err := b.GuardPolicies(t.Context())
	require.NoError(t, err)
	require.Zero(t, restored, "the guard does not know")
}

func TestBugGuardSleeps(t *testing.T) {
	t.Parallel()
	b := setup(t, pgstore.BugGuardSleeps)
	require.NoError(t, b.put(t, slot("bk_1", "cus_1", noon())))
	b.exec(t, `alter table bookings disable row level security`)
	restored, err := b.GuardPolicies(t.Context())
	require.NoError(t, err)
	require.Zero(t, restored)
	require.Equal(t, []string{"bk_1"}, b.seenAs(t, stranger))
}
