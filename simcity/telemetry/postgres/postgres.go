package postgres

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bookiji/simcity/simcity/telemetry"
)

func init() {
	for _, scheme := range []string{"postgres", "postgresql"} {
		telemetry.Register(scheme, func(rest string) (telemetry.Store, error) { return Open(scheme + ":" + rest) })
	}
}

// A Store keeps histories in a Postgres database. Create one with [Open]. It is
// safe for concurrent use.
type Store struct {
	pool *pgxpool.Pool
	name string // without secrets

	doubtful sync.Map    // IDs of runs that have rows of the batches to come
	uncopied atomic.Bool // this role may not COPY
}

var (
	_ telemetry.Store    = (*Store)(nil)
	_ telemetry.Migrator = (*Store)(nil)
	_ telemetry.Requests = (*Store)(nil)
	_ telemetry.Closer   = (*Store)(nil)
)

// Open returns a store over the database of a DSN, either
// postgres://user:password@host:port/database or "host=... dbname=...". It does
// not connect: the first call does, and says what is wrong. The schema is left
// alone; see [Store.Migrate].
func Open(dsn string) (*Store, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil { // which may quote the password
		return nil, &telemetry.OptionError{Field: "Postgres DSN", Fix: "it cannot be read; write postgres://user:password@host:5432/database, and %40 for an @ in the password"}
	}
	if strings.Contains(dsn, "://") {
		if parsed, err := url.Parse(dsn); err == nil && strings.Trim(parsed.Path, "/") == "" && parsed.Query().Get("dbname") == "" && parsed.Host != "" {
			return nil, &telemetry.OptionError{Field: "Postgres DSN", Fix: "it names no database; write postgres://user:password@" + parsed.Host + "/database"}
		}
	}
	// A pooler in transaction mode gives each transaction another session, in which
	// statements that were prepared by name are unknown. Only descriptions, which
	// all sessions share, are cached.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	config.ConnConfig.StatementCacheCapacity = 0
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("telemetry: Postgres: %w", err)
	}
	c := config.ConnConfig
	return &Store{pool: pool, name: fmt.Sprintf("Postgres database %q at %s as %q", c.Database, place(&c.Config), c.User)}, nil
}

// place is where a server listens.
func place(c *pgconn.Config) string {
	if strings.HasPrefix(c.Host, "/") {
		return c.Host
	}
	return fmt.Sprintf("%s:%d", c.Host, c.Port)
}

// Close closes all connections. It waits for calls that go on.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// String names the database, without the password.
func (s *Store) String() string { return s.name }
