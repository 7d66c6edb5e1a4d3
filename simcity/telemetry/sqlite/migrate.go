package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"

	"github.com/bookiji/simcity/simcity/telemetry"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the files of the schema, in the order of their names.
func Migrations() fs.FS {
	dir, _ := fs.Sub(files, "migrations") // a name that is embedded
	return dir
}

// schemaVersion is how many migrations there are; the table
// simcity_schema_version has one row for each that was applied.
var schemaVersion = func() int {
	names, _ := fs.Glob(Migrations(), "*.sql") // a pattern that is well formed
	return len(names)
}()

// Migrate brings the schema up to date. It may be called at any time, by several
// processes at once. A newer schema is an error.
func (s *Store) Migrate(ctx context.Context) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS simcity_schema_version (
			version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')))`); err != nil {
			return err
		}
		have, missing, err := schema(ctx, tx)
		switch {
		case err != nil:
			return err
		case have > schemaVersion:
			return s.mismatch(have, "")
		case missing != "":
			have = 0 // applying a file again changes nothing that is there
		}
		names, err := fs.Glob(Migrations(), "*.sql")
		if err != nil {
			return err
		}
		for i := have; i < len(names); i++ {
			text, err := fs.ReadFile(Migrations(), names[i])
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, string(text)); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO simcity_schema_version (version, name) VALUES (?, ?)`, i+1, names[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schema is the version of the file's schema, 0 for none, and the first of its
// tables that is missing.
func schema(ctx context.Context, db querier) (have int, missing string, err error) {
	var versioned bool
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'simcity_schema_version'), coalesce((SELECT column1
		FROM (VALUES ('simcity_runs'), ('simcity_run_events'), ('simcity_run_snapshots'), ('simcity_run_live'), ('simcity_run_requests'))
		WHERE column1 NOT IN (SELECT name FROM sqlite_schema) LIMIT 1), '')`).Scan(&versioned, &missing)
	if err != nil || !versioned {
		return 0, missing, err
	}
	err = db.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM simcity_schema_version`).Scan(&have)
	return have, missing, err
}

// fits returns an error unless the schema is the one that is needed.
func (s *Store) fits(ctx context.Context, db querier) error {
	have, missing, err := schema(ctx, db)
	switch {
	case err != nil:
		return s.explain(err)
	case have != schemaVersion:
		return s.mismatch(have, "")
	case missing != "":
		return s.mismatch(have, missing)
	}
	return nil
}

func (s *Store) mismatch(have int, missing string) error {
	return &telemetry.SchemaError{Store: s.String(), Have: have, Want: schemaVersion, Missing: missing}
}

// change does something in one transaction that writes.
func (s *Store) change(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(err)
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the first error counts
		return s.explain(err)
	}
	return s.explain(tx.Commit())
}
