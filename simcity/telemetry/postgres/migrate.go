package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/simcity/telemetry"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the files of the schema, in the order of their names. They serve
// the Supabase CLI and goose as well: Up only, and idempotent.
func Migrations() fs.FS {
	dir, _ := fs.Sub(files, "migrations") // a name that is embedded
	return dir
}

// migrations are the names of the files; the number of one, from 1, is its version.
var migrations = func() []string {
	names, _ := fs.Glob(Migrations(), "*.sql") // a pattern that is well formed
	return names
}()

// SchemaVersion is the version of the schema that this package needs.
func SchemaVersion() int { return len(migrations) }

// migrationLock keeps two processes from migrating one database at once.
const migrationLock = 0x73696d63697479 // "simcity"

// Migrate brings the schema up to date, in one transaction, as the user of the
// DSN, who then owns the tables. It may be called at any time, by several
// processes at once, and by no other method. A newer schema is an error.
func (s *Store) Migrate(ctx context.Context) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrationLock)); err != nil {
			return err
		}
		have, missing, err := schema(ctx, tx)
		switch {
		case err != nil:
			return err
		case have > SchemaVersion():
			return s.mismatch(have, "")
		case missing != "":
			have = 0 // applying a file again changes nothing that is there
		}
		for _, name := range migrations[have:] {
			text, err := fs.ReadFile(Migrations(), name)
			if err != nil {
				return err
			}
			// The simple protocol takes a file of many statements.
			if _, err := tx.Conn().PgConn().Exec(ctx, string(text)).ReadAll(); err != nil {
				return fmt.Errorf("migration %s: %w", name, err)
			}
		}
		return nil
	})
	return s.explain(ctx, err)
}

// querier is a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

// schema is the version of the database's schema, 0 for none, and the first of its
// tables that is missing.
func schema(ctx context.Context, db querier) (have int, missing string, err error) {
	var versioned bool
	err = db.QueryRow(ctx, `SELECT to_regclass('simcity_schema_version') IS NOT NULL, coalesce((SELECT name
		FROM unnest(ARRAY['simcity_runs', 'simcity_run_events', 'simcity_run_snapshots', 'simcity_run_live', 'simcity_run_requests']) AS name
		WHERE to_regclass(name) IS NULL LIMIT 1), '')`).Scan(&versioned, &missing)
	if err != nil || !versioned {
		return 0, missing, err
	}
	err = db.QueryRow(ctx, "SELECT coalesce(max(version), 0)::int FROM simcity_schema_version").Scan(&have)
	return have, missing, err
}

// fits returns an error unless the schema is the one that is needed.
func (s *Store) fits(ctx context.Context) error {
	have, missing, err := schema(ctx, s.pool)
	switch {
	case err != nil:
		return err
	case have != SchemaVersion():
		return s.mismatch(have, "")
	case missing != "":
		return s.mismatch(have, missing)
	}
	return nil
}

func (s *Store) mismatch(have int, missing string) error {
	return &telemetry.SchemaError{Store: s.String(), Have: have, Want: SchemaVersion(), Missing: missing}
}
