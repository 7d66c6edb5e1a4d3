package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/postgres"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// schema is a database as Migrate leaves it in a Supabase project.
var schema = pgtest.Template{Setup: []pgtest.Setup{pgtest.Supabase, migrated}}

func migrated(ctx context.Context, conn *pgx.Conn) error {
	store, err := postgres.Open(conn.Config().ConnString())
	if err != nil {
		return err
	}
	defer store.Close()
	return store.Migrate(ctx)
}

// emptied makes a database as it was after migrating.
func emptied(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "TRUNCATE simcity_runs, simcity_run_requests CASCADE")
	return err
}

func TestPostgresConforms(t *testing.T) {
	t.Parallel()
	lend := schema.Lend(t, emptied)
	telemetrytest.Run(t, func(t *testing.T) telemetry.Store { return open(t, lend(t)) })
}

// open opens a store that is closed when t ends.
func open(t testing.TB, dsn string) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}
