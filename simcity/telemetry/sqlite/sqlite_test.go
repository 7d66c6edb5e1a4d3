package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/sqlite"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

func TestSQLiteConforms(t *testing.T) {
	t.Parallel()
	telemetrytest.Run(t, func(t *testing.T) telemetry.Store { return create(t, file(t)) })
}

// SQLite ignores settings that come too late: a page size after the journal's mode.
func TestNewFileIsMadeAsItIsMeant(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new.db")
	create(t, path)
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	for pragma, want := range map[string]string{"page_size": "16384", "journal_mode": "wal"} {
		var got string
		require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
		require.Equal(t, want, got, pragma)
	}
}

// file is the path of a store that is not there yet.
func file(t testing.TB) string { return filepath.Join(t.TempDir(), "history #1 %41?.db") }

// create opens a store with its schema.
func create(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.OpenOrCreate(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}
