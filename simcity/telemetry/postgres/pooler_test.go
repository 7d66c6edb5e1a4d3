package postgres_test

import (
	"testing"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// Everything works through a pooler in transaction mode, whose sessions change
// under the store, migrating included.
func TestPostgresConformsThroughPgBouncer(t *testing.T) {
	t.Parallel()
	telemetrytest.Run(t, func(t *testing.T) telemetry.Store { return open(t, pgtest.PgBouncer(t, schema.Database(t))) })
}
