package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking/staging"
)

const hooksSecret = "correct-horse-battery-staple"

// A staging system is counted first, and emptied when it is meant.
func TestPurgeOfAStagingSystem(t *testing.T) {
	t.Setenv(envSecret, hooksSecret)
	market, err := staging.New(t.Context(), staging.Config{Environment: "staging", Secret: hooksSecret})
	require.NoError(t, err)
	server := httptest.NewServer(market)
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, market.Close(context.Background()))
	})
	join(t, server.URL)
	for _, c := range []struct{ arguments, want string }{
		{"", "       1 users to be removed with -yes\n"},
		{"-yes", "       1 users removed\n"},
		{"", "       0 users to be removed with -yes\n"},
	} {
		arguments := []string{"purge", "-target", server.URL}
		if c.arguments != "" {
			arguments = append(arguments, c.arguments)
		}
		require.Contains(t, done(t, arguments...), c.want)
	}
}

// join lets a citizen into a marketplace.
func join(t *testing.T, url string) {
	t.Helper()
	body := strings.NewReader(`{"email":"synthetic+ann-1@example.com","role":"customer"}`)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/test/login", body)
	require.NoError(t, err)
	request.Header.Set("X-SimCity-Secret", hooksSecret)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
}

// The secret is sent to nobody who does not say that it may be.
func TestPurgeSendsTheSecretToStagingAlone(t *testing.T) {
	t.Setenv(envSecret, hooksSecret)
	var told atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		told.Store(told.Load() || r.Header.Get("X-SimCity-Secret") != "")
	}))
	t.Cleanup(elsewhere.Close)
	answering := func(handler http.HandlerFunc) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			told.Store(told.Load() || r.Header.Get("X-SimCity-Secret") != "" && r.URL.Path != "/api/test/purge")
			handler(w, r)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	production := answering(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"environment":"production","syntheticLogin":true}`))
	})
	redirecting := answering(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			return
		}
		_, _ = w.Write([]byte(`{"environment":"staging","syntheticLogin":true}`))
	})
	for target, want := range map[string]string{
		production:                       "production, as it says itself",
		redirecting:                      "answered POST /api/test/purge with 307",
		"https://www.example.com":        "Target is",
		"http://user:pass@localhost:1/a": "Target is",
		"http://127.0.0.1:1":             "did not say who it is",
	} {
		status, out, complaints := say("purge", "-target", target, "-yes")
		require.Equal(t, exitFailed, status, target)
		require.Contains(t, complaints, want, target)
		require.NotContains(t, out+complaints, hooksSecret)
	}
	require.False(t, told.Load())
}

func TestPurgeNeedsOneMeaning(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{{"purge", "-target", "http://127.0.0.1:1", "-all"}, {"purge", "-target", "http://127.0.0.1:1", "-store", "sqlite:x.db"}} {
		status, _, complaints := say(arguments...)
		require.Equal(t, exitUsage, status)
		require.Contains(t, complaints, "give one or the other")
	}
	status, _, complaints := say("purge", "-target", "http://127.0.0.1:1")
	require.Equal(t, exitUsage, status)
	require.Contains(t, complaints, "set SIMCITY_SECRET to the secret of the test hooks")
}
