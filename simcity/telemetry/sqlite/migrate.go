package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"
	"strings"

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
		have, err := version(ctx, tx)
		if err != nil {
			return err
		}
		if have > schemaVersion {
			return s.mismatch(have)
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
			if _, err := tx.ExecContext(ctx, `INSERT INTO simcity_schema_version (version, name) VALUES (?, ?)`, i+1, names[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func version(ctx context.Context, db querier) (int, error) {
	var have int
	err := db.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM simcity_schema_version`).Scan(&have)
	if err != nil && strings.Contains(err.Error(), "no such table") {
		return 0, nil
	}
	return have, err
}

// fits returns an error unless the schema is the one that is needed.
func (s *Store) fits(ctx context.Context, db querier) error {
	have, err := version(ctx, db)
	if err != nil {
		return s.explain(err)
	}
	if have != schemaVersion {
		return s.mismatch(have)
	}
	return nil
}

func (s *Store) mismatch(have int) error {
	return &telemetry.SchemaError{Store: s.String(), Have: have, Want: schemaVersion}
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
