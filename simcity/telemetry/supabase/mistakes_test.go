package supabase_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/pgtest"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/postgres"
	"github.com/bookiji/simcity/simcity/telemetry/supabase"
	"github.com/bookiji/simcity/simcity/telemetry/telemetrytest"
)

func TestVersionIsThatOfTheMigrations(t *testing.T) {
	t.Parallel()
	require.Equal(t, postgres.SchemaVersion(), supabase.SchemaVersion)
}

func TestWrongAddressesAndKeysSayWhatToDo(t *testing.T) {
	t.Parallel()
	const fine = "https://abcd.supabase.co"
	for _, c := range []struct{ address, key, fix string }{
		{"abcd.supabase.co", secretKey, "write https://abcd.supabase.co"},
		{"https://abcd.supabase.co/rest/v1", secretKey, "without path, user or key"},
		{"https://key:hidden@abcd.supabase.co", secretKey, "without path, user or key"},
		{"http://abcd.supabase.co", secretKey, "the key would travel unprotected"},
		{"https://abcd.supabase.co?apikey=hidden", secretKey, "without path, user or key"},
		{fine, "", "there is no key"},
		{fine, secretKey + "\n", "maybe a line feed"},
		{fine, "sb_publishable_hidden", "it is a publishable key, which may not write"},
		{fine, anonKey, "it is the key of anon, who may not write"},
		{fine, "hidden", "it is neither a secret key nor a JWT"},
		{fine, "hid.d.en", "it is neither a secret key nor a JWT"},
	} {
		_, err := supabase.Open(c.address, c.key)
		require.ErrorContains(t, err, c.fix)
		require.NotContains(t, err.Error(), "hid")
		require.NotContains(t, err.Error(), "made-up")
	}
}

func TestFirstCallSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := project(t, schema.Database(t))
	bare := project(t, pgtest.Database(t, pgtest.Supabase))
	torn := project(t, schema.Database(t, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "DROP TABLE simcity_run_snapshots")
		return err
	}))
	for _, c := range []struct{ address, key, want, fix string }{
		{good, "sb_secret_wrong", "status 401: Invalid API key", "the key is wrong or has expired: set SUPABASE_SERVICE_ROLE_KEY"},
		{good, userKey, "42501", "set SUPABASE_SERVICE_ROLE_KEY to the key of service_role"},
		{bare, secretKey, "has version 0 of the schema", "migrate -write supabase/migrations, and then supabase db push"},
		{torn, secretKey, "has no table simcity_run_snapshots", "again in the project's SQL editor"},
		{serve(t, http.NotFoundHandler()), secretKey, "status 404", "no REST interface answers there: set SUPABASE_URL"},
		{serve(t, http.RedirectHandler("https://elsewhere.example.com", http.StatusFound)), secretKey, "status 302", "no REST interface answers there"},
	} {
		err := open(t, c.address, c.key).BeginRun(t.Context(), telemetrytest.NewRun(1))
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, c.fix)
		require.False(t, telemetry.Transient(err), "%v", err)
		require.NotContains(t, err.Error(), c.key)
	}
}

// A server that echoes what it got does not bring the key into an error.
func TestEchoedKeyIsHidden(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusBadRequest, http.StatusBadGateway} {
		address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "you sent "+r.Header.Get("apikey"), status)
		}))
		err := open(t, address, secretKey).BeginRun(t.Context(), telemetrytest.NewRun(1))
		require.ErrorContains(t, err, "you sent ***")
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), secretKey)
		require.Equal(t, status == http.StatusBadGateway, telemetry.Transient(err))
	}
}

// What the documentation calls retryable is tried again, all else is not.
func TestStatusesThatPass(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	store := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) })), secretKey)
	for code, passes := range map[int]bool{
		400: false, 401: false, 403: false, 404: false, 408: true, 409: false, 413: false, 429: true, 500: true, 502: true, 503: true, 504: true, 520: true,
	} {
		status.Store(int64(code))
		_, err := store.Run(t.Context(), telemetrytest.RunID(1))
		require.Error(t, err)
		require.Equal(t, passes, telemetry.Transient(err), "%v", err)
	}
}

// storm answers four in ten requests with trouble, before or after they are done.
type storm struct {
	http.Handler
	mu   sync.Mutex
	dice *rand.Rand
}

func (s *storm) throw() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dice.IntN(10)
}

func (s *storm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch s.throw() {
	case 0:
		http.Error(w, "", http.StatusTooManyRequests)
	case 1:
		http.Error(w, `{"code":"PGRST003","message":"Timed out acquiring connection from connection pool."}`, http.StatusGatewayTimeout)
	case 2: // done, and the answer is lost
		s.Handler.ServeHTTP(discard{http.Header{}}, r)
		panic(http.ErrAbortHandler)
	case 3:
		panic(http.ErrAbortHandler)
	default:
		s.Handler.ServeHTTP(w, r)
	}
}

// discard is an answer that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// A storm of 429s, 5xx and connections that are cut, with answers that are lost,
// leaves each row once and in order.
func TestStormLeavesTheHistoryWhole(t *testing.T) {
	t.Parallel()
	rest := newPostgREST(t, schema.Database(t))
	reporter := telemetry.NewReporter(open(t, serve(t, &storm{Handler: rest, dice: rand.New(rand.NewPCG(1, 2))}), secretKey), telemetry.Options{
		SpillDir: t.TempDir(), BatchRows: 100, BackoffMin: time.Millisecond, BackoffMax: 2 * time.Millisecond,
	})
	res := city(t, reporter)
	calm := open(t, serve(t, rest), serviceKey)
	runs, err := calm.Runs(t.Context(), telemetry.RunFilter{})
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.Equal(t, "PASS", runs[0].Result)
	chain, err := telemetry.Verify(t.Context(), calm, runs[0].ID)
	require.NoError(t, err)
	require.Equal(t, res.Events, chain.Events())
	require.Equal(t, strings.ToLower(res.Digest.String()), chain.Digest())
}
