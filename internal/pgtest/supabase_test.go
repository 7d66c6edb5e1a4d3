package pgtest

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

const ada, bob = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"

// notes are a table as a Supabase project writes it: each user sees their own.
var notes = Template{Setup: []Setup{Supabase, statement(`
	create table notes(owner uuid not null default auth.uid(), text text);
	alter table notes enable row level security;
	grant select, insert on notes to authenticated, service_role;
	create policy own on notes to authenticated using (owner = auth.uid()) with check (owner = auth.uid());
	insert into notes values ('` + ada + `', 'from ada'), ('` + bob + `', 'from bob')`)}}

// request runs a query as PostgREST does: as the authenticator, who becomes the
// role of the token for one transaction.
func request(t *testing.T, conn *pgx.Conn, role, claims, query string) ([]string, error) {
	t.Helper()
	var rows []string
	err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", role, claims); err != nil {
			return err
		}
		found, err := tx.Query(t.Context(), query)
		if err != nil {
			return err
		}
		rows, err = pgx.CollectRows(found, pgx.RowTo[string])
		return err
	})
	return rows, err
}

// authenticator connects as PostgREST does.
func authenticator(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	require.NoError(t, err)
	config.User = "authenticator"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	return conn
}

func TestSupabaseRolesSeeWhatTheyMay(t *testing.T) {
	t.Parallel()
	conn := authenticator(t, notes.Database(t))
	claims := func(sub string) string { return `{"sub":"` + sub + `","role":"authenticated"}` }
	const all = "select text from notes order by text"

	for role, want := range map[string][]string{"authenticated": {"from ada"}, "service_role": {"from ada", "from bob"}} {
		got, err := request(t, conn, role, claims(ada), all)
		require.NoError(t, err)
		require.Equal(t, want, got, role)
	}
	got, err := request(t, conn, "authenticated", "", all)
	require.NoError(t, err)
	require.Empty(t, got, "no token, no user, no rows")

	_, err = request(t, conn, "anon", claims(ada), all)
	requireState(t, "42501", err)
	_, err = request(t, conn, "postgres", claims(ada), all)
	requireState(t, "42501", err)
	_, err = conn.Exec(t.Context(), all)
	requireState(t, "42501", err) // NOINHERIT: the authenticator itself may nothing
	_, err = request(t, conn, "authenticated", claims(ada), "insert into notes values ('"+bob+"', 'forged') returning text")
	requireState(t, "42501", err)
	got, err = request(t, conn, "authenticated", claims(bob), "insert into notes(text) values ('mine') returning owner::text")
	require.NoError(t, err)
	require.Equal(t, []string{bob}, got)
}

func requireState(t *testing.T, want string, err error) {
	t.Helper()
	var refused *pgconn.PgError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, want, refused.Code, refused.Message)
}

func TestSupabaseReadsTheClaims(t *testing.T) {
	t.Parallel()
	conn := authenticator(t, notes.Database(t))
	const say = "select jsonb_build_object('uid', auth.uid(), 'role', auth.role(), 'email', auth.email(), 'jwt', auth.jwt())::text"
	for claims, want := range map[string]string{
		"": `{"uid":null,"role":null,"email":null,"jwt":null}`,
		`{"sub":"` + ada + `","role":"authenticated","email":"ada@example.com","n":1}`: `{"uid":"` + ada + `","role":"authenticated","email":"ada@example.com",
			"jwt":{"sub":"` + ada + `","role":"authenticated","email":"ada@example.com","n":1}}`,
	} {
		got, err := request(t, conn, "anon", claims, say)
		require.NoError(t, err)
		require.JSONEq(t, want, got[0])
	}
	_, err := request(t, conn, "anon", "not json", say)
	requireState(t, "22P02", err)
	_, err = request(t, conn, "anon", `{"sub":"not an uuid"}`, say)
	requireState(t, "22P02", err)

	// The older settings, one per claim, go first.
	got, err := request(t, conn, "anon", `{"sub":"`+ada+`"}`, "select auth.uid()::text from set_config('request.jwt.claim.sub', '"+bob+"', true)")
	require.NoError(t, err)
	require.Equal(t, []string{bob}, got)
}

// Roles are the whole server's: tests that set them up at once do not collide.
func TestSupabaseIsSetUpByManyAtOnce(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for range 4 {
		address := Database(t)
		all.Go(func() {
			conn, err := pgx.Connect(t.Context(), address)
			if err == nil {
				err = supabaseUnlocked(t.Context(), conn)
			}
			if err != nil {
				t.Errorf("%v", err)
				return
			}
			_ = conn.Close(t.Context())
		})
	}
	all.Wait()
}

// supabaseUnlocked is what another process does at the same time.
func supabaseUnlocked(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, supabaseSQL)
	return err
}
