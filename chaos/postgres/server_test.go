package postgres_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// shops are the databases in which the host can begin to trade.
var shops = pgtest.Template{Setup: []pgtest.Setup{pgtest.Supabase, func(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, shop)
	return err
}}}

// openShop is such a database. It is called outside of bubbles.
func openShop(t testing.TB) (dsn string) {
	t.Helper()
	return shops.Database(t)
}

// connect opens a connection that the test closes.
func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// with is an address with one more setting, for both forms that it may have.
func with(dsn, setting, value string) string {
	parsed, err := url.Parse(dsn)
	if err != nil || !strings.HasPrefix(parsed.Scheme, "postgres") {
		return dsn + " " + setting + "=" + value
	}
	settings := parsed.Query()
	settings.Set(setting, value)
	parsed.RawQuery = settings.Encode()
	return parsed.String()
}
