package testhooks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity/testhooks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "correct-horse-battery"

// host is an app with something to break, and its test hooks.
type host struct {
	*testing.T
	hooks *testhooks.Handler
	log   bytes.Buffer

	mu       sync.Mutex
	open     string // how the data lies open, if it does
	squeezed int
	stuck    error // of reverts
}

// setup mounts the hooks of a host; change may take some away.
func setup(t *testing.T, change ...func(*testhooks.Config)) *host {
	t.Helper()
	h := &host{T: t}
	config := testhooks.Config{
		Environment: "staging", Secret: secret,
		Login: func(_ context.Context, c testhooks.Citizen) (testhooks.Session, error) {
			return testhooks.Session{
				Token: "token of " + c.Email, UserID: c.ID,
				Cookies: []*http.Cookie{{Name: "session", Value: "s1", HttpOnly: true}},
			}, nil
		},
		Hooks: chaos.Hooks{
			InvalidateCache: func(_ context.Context, share float64) (int64, error) { return int64(share * 100), nil },
			PauseRefresh: func(context.Context) (func(context.Context) (int64, error), error) {
				return func(context.Context) (int64, error) { return 3, h.failure() }, nil
			},
			MisconfigureRLS: h.lay,
			SqueezeRate: func(_ context.Context, multiplier int) (func(context.Context) error, error) {
				h.set(&h.squeezed, multiplier)
				return func(context.Context) error { h.set(&h.squeezed, 1); return nil }, nil
			},
		},
		Probes: func(context.Context) (map[string]int64, error) {
			return map[string]int64{"doubleBookings": 0, "orphans": 2}, nil
		},
		Purge: func(_ context.Context, p testhooks.PurgeRequest) (map[string]int64, error) {
			return map[string]int64{"bookings": 17, "users": 5}, nil
		},
		Logger: slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{ReplaceAttr: withoutTime})),
	}
	for _, c := range change {
		c(&config)
	}
	hooks, err := testhooks.New(config)
	require.NoError(t, err)
	h.hooks = hooks
	t.Cleanup(func() { _ = hooks.Close(context.Background()) })
	return h
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// inBubble runs a test of leases, whose time is real elsewhere and simulated here.
// rest lets some of it pass.
func inBubble(t *testing.T, test func(t *testing.T, rest func(time.Duration))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		})
	})
}

func (h *host) set(field *int, value int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*field = value
}

func (h *host) failure() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stuck
}

func (h *host) jam(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stuck = err
}

// lay is MisconfigureRLS.
func (h *host) lay(_ context.Context, kind string) (func(context.Context) error, int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open = kind
	return func(context.Context) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.stuck == nil {
			h.open = ""
		}
		return h.stuck
	}, 42, nil
}

// lies tells how the data lies open, empty if it does not.
func (h *host) lies() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open
}

// answer is what a call was answered.
type answer struct {
	*testing.T
	status int
	header http.Header
	text   string
}

// send makes a request as it is.
func (h *host) send(method, path, body string, header http.Header) answer {
	h.Helper()
	r := httptest.NewRequestWithContext(h.Context(), method, path, strings.NewReader(body))
	for name := range header {
		r.Header.Set(name, header.Get(name))
	}
	w := httptest.NewRecorder()
	h.hooks.ServeHTTP(w, r)
	require.NotContains(h, w.Body.String(), secret)
	return answer{h.T, w.Code, w.Header(), w.Body.String()}
}

// ask makes a call with the secret.
func (h *host) ask(method, path, body string) answer {
	h.Helper()
	return h.send(method, "/api/test/"+path, body, http.Header{"X-Simcity-Secret": {secret}, "X-Simcity-Run": {"run-1"}})
}

// is requires a status.
func (a answer) is(status int) answer {
	a.Helper()
	require.Equal(a, status, a.status, a.text)
	return a
}

// fault is the answer to a call about a fault.
type fault struct {
	ID             string
	Type           string
	Run            string
	State          string
	Touched        int64
	EndedBy        string
	ExpiresAt      *time.Time
	EndedAt        *time.Time
	RevertFailures int
	LastError      string
}

func (a answer) fault() fault {
	a.Helper()
	var f fault
	require.NoError(a, json.Unmarshal([]byte(a.text), &f))
	return f
}

// refusal is the error of an answer.
type refusal struct{ Code, Message, Field, Value, Allowed, Fix string }

func (a answer) refused(status int) refusal {
	a.Helper()
	a.is(status)
	var told struct{ Error refusal }
	require.NoError(a, json.Unmarshal([]byte(a.text), &told))
	require.NotEmpty(a, told.Error.Message)
	return told.Error
}

// golden compares with a file of testdata, which SIMCITY_UPDATE=1 writes anew.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("SIMCITY_UPDATE") == "1" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "SIMCITY_UPDATE=1 writes it")
	require.Equal(t, string(want), got)
}
