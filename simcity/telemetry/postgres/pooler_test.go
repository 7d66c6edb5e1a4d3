package postgres_test

import (
	"sync"
	"testing"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

// Everything works through a pooler in transaction mode, whose sessions change
// under the store, migrating included.
func TestPostgresConformsThroughPgBouncer(t *testing.T) {
	t.Parallel()
	first := schema.Database(t)
	poolers := map[string]string{first: pgtest.PgBouncer(t, first)} // skips here what a subtest could not
	lend := schema.Lend(t, emptied)
	var mu sync.Mutex
	telemetrytest.Run(t, func(sub *testing.T) telemetry.Store {
		database := lend(sub)
		mu.Lock()
		defer mu.Unlock()
		if poolers[database] == "" {
			poolers[database] = pgtest.PgBouncer(t, database)
		}
		return open(sub, poolers[database])
	})
}
