package pgstore

import (
	"context"
	_ "embed" // the schema
	"fmt"

	"github.com/jackc/pgx/v5"
)

//go:embed schema.sql
var schema string

// Beginner is what starts transactions, such as a *pgxpool.Pool or a *pgx.Conn.
type Beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Migrate brings the database's schema, roles' grants and policies to what the
// store needs, in one transaction. Run it before Open; running it again repairs
// what is missing and keeps the data.
func Migrate(ctx context.Context, db Beginner) error {
	err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		// Two migrations at once would collide, and what the database prints
		// of a policy must not depend on somebody's search_path.
		_, err := tx.Exec(ctx, `set local search_path = ''; select pg_advisory_xact_lock(2026092101)`)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, schema)
		return err
	})
	if err != nil {
		return fmt.Errorf("pgstore: migrate: %w", err)
	}
	return nil
}
