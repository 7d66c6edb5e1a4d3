package pgtest

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestOwnServerKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	server := NewServer(t)
	address := server.Database(t, statement("create table things(n int)"))
	conn := connect(t, address)
	for n := range 20 {
		_, err := conn.Exec(t.Context(), "insert into things values ($1)", n)
		require.NoError(t, err)
	}
	server.Crash(t)
	require.Error(t, conn.Ping(t.Context()))
	_, err := pgx.Connect(t.Context(), address)
	require.Error(t, err)
	server.Restart(t)
	require.Equal(t, 20, ask[int](t, connect(t, address), "select count(*) from things"))
}

// Two clients in turns over two sessions: what one keeps in a session is not
// there at its next transaction, or is in its way.
func TestPgBouncerChangesSessions(t *testing.T) {
	t.Parallel()
	through := PgBouncer(t, Database(t))
	one, other := connect(t, through), connect(t, through)
	const session = "select pg_backend_pid()"
	first := ask[int](t, one, session, pgx.QueryExecModeExec)
	tx, err := other.Begin(t.Context())
	require.NoError(t, err)
	require.Equal(t, first, ask[int](t, tx.Conn(), session, pgx.QueryExecModeExec), "the session that was free")
	require.NotEqual(t, first, ask[int](t, one, session, pgx.QueryExecModeExec))
	require.NoError(t, tx.Rollback(t.Context()))

	var answer int
	var failed error
	for range 10 { // with statements that pgx prepares by name, as it does by default
		for _, conn := range []*pgx.Conn{one, other} {
			if err := conn.QueryRow(t.Context(), session).Scan(&answer); err != nil {
				failed = err
			}
		}
	}
	requireState(t, "42P05", failed)
}
