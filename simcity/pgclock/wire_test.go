package pgclock

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// session are messages as a client sends them, with sql in all that carry some.
func session(t require.TestingT, sql string) []byte {
	var all []byte
	for _, message := range []pgproto3.FrontendMessage{
		&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "current_date"}},
		&pgproto3.Query{String: sql},
		&pgproto3.Parse{Name: "current_date", Query: sql, ParameterOIDs: []uint32{25, 0}},
		&pgproto3.Bind{PreparedStatement: "current_date", Parameters: [][]byte{[]byte("current_date")}},
		&pgproto3.Sync{},
		&pgproto3.CopyData{Data: []byte("current_date")},
		&pgproto3.Terminate{},
	} {
		var err error
		all, err = message.Encode(all)
		require.NoError(t, err)
	}
	return all
}

// However the bytes are cut into writes, the same session arrives.
func TestSessionsAreRewrittenInPiecesOfAnySize(t *testing.T) {
	t.Parallel()
	sent, want := session(t, "select current_date"), session(t, `select pg_catalog."current_date"()`)
	rapid.Check(t, func(t *rapid.T) {
		var got bytes.Buffer
		w := &wire{to: &got}
		for rest := sent; len(rest) > 0; {
			size := min(rapid.IntRange(1, 40).Draw(t, "size"), len(rest))
			n, err := w.Write(rest[:size])
			require.NoError(t, err)
			require.Equal(t, size, n)
			rest = rest[size:]
		}
		require.Equal(t, want, got.Bytes())
		require.Empty(t, w.held)
	})
}

func TestWireTellsOfABrokenConnection(t *testing.T) {
	t.Parallel()
	_, w := io.Pipe()
	require.NoError(t, w.CloseWithError(errors.New("gone")))
	_, err := (&wire{to: w}).Write(session(t, "select 1"))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

// Bytes that are no session are somebody else's mistake, and no reason to panic.
func FuzzWire(f *testing.F) {
	f.Add(session(f, "select current_date"))
	f.Add([]byte{'Q', 0, 0, 0, 0, 0})
	f.Add([]byte{'P', 0, 0, 0, 5, 0})
	f.Add([]byte{'P', 0, 0, 0, 4, 'Q', 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, sent []byte) {
		_, err := (&wire{to: io.Discard}).Write(sent)
		require.NoError(t, err)
	})
}
