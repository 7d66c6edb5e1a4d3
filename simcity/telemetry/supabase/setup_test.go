package supabase_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity/telemetry/postgres"
	"github.com/bookiji/simcity/simcity/telemetry/supabase"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// schema is a database as a Supabase project has it after our migrations.
var schema = pgtest.Template{Setup: []pgtest.Setup{pgtest.Supabase, func(ctx context.Context, conn *pgx.Conn) error {
	store, err := postgres.Open(conn.Config().ConnString())
	if err != nil {
		return err
	}
	defer store.Close()
	return store.Migrate(ctx)
}}}

// Keys of both kinds, made up.
var (
	secretKey  = "sb_secret_" + "made-up-for-the-tests"
	serviceKey = jwt("service_role")
	anonKey    = jwt("anon")
	userKey    = jwt("user")
)

func jwt(role string) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return part(`{"alg":"HS256"}`) + "." + part(`{"role":"`+role+`"}`) + "." + part("no signature "+role)
}

// project serves a database as a project's REST interface.
func project(t testing.TB, dsn string) string { return serve(t, newPostgREST(t, dsn)) }

func newPostgREST(t testing.TB, dsn string) *postgrest {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	config.ConnConfig.User = "authenticator"
	config.MaxConns = 3
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return &postgrest{
		pool:   pool,
		keys:   map[string]string{secretKey: "service_role", serviceKey: "service_role", anonKey: "anon", userKey: "authenticated"},
		bearer: map[string]bool{serviceKey: true, anonKey: true, userKey: true},
	}
}

func serve(t testing.TB, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func open(t testing.TB, address, key string) *supabase.Store {
	t.Helper()
	store, err := supabase.Open(address, key)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}
