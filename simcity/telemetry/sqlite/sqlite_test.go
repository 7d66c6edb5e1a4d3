package sqlite_test

import (
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
