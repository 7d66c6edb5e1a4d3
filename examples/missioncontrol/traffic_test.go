package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// traffic is what was sent to a marketplace, seen on the way.
type traffic struct {
	*testing.T
	url string

	mu       sync.Mutex
	requests int
	runs     map[string]int
	nameless []string // requests that do not say who makes them
	emails   []string
	secrets  []string // paths to which the secret went
}

// watch stands in the way to a marketplace.
func watch(t *testing.T, target string) *traffic {
	t.Helper()
	w := &traffic{T: t, runs: map[string]int{}}
	to, err := url.Parse(target)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) {} // a citizen has gone
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 256}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.see(r)
		proxy.ServeHTTP(out, r)
	}))
	t.Cleanup(func() {
		server.Close()
		proxy.Transport.(*http.Transport).CloseIdleConnections()
	})
	w.url = server.URL
	return w
}

func (w *traffic) see(r *http.Request) {
	var body []byte
	if r.Method == http.MethodPost && r.URL.Path == "/api/test/login" {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests++
	w.runs[r.Header.Get(simcity.HeaderRun)]++
	if r.Header.Get(simcity.HeaderCitizen) == "" && !strings.HasPrefix(r.URL.Path, "/api/test/") {
		w.nameless = append(w.nameless, r.Method+" "+r.URL.Path)
	}
	if r.Header.Get(simcity.HeaderSecret) != "" {
		w.secrets = append(w.secrets, r.URL.Path)
	}
	if body != nil {
		var login struct{ Email string }
		_ = json.Unmarshal(body, &login)
		w.emails = append(w.emails, login.Email)
	}
}

var syntheticName = regexp.MustCompile(`^synthetic\+[a-z]+-\d+@example\.com$`)

// requireSynthetic tells that nobody but synthetic citizens of one run was there,
// and that the secret went to the test hooks alone.
func (w *traffic) requireSynthetic(res *simcity.Result) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Len(w, w.runs, 1, "each request says of which run it is")
	require.NotContains(w, w.runs, "")
	require.Empty(w, w.nameless)
	require.GreaterOrEqual(w, len(w.emails), int(res.Citizens))
	for _, email := range w.emails {
		require.Regexp(w, syntheticName, email)
	}
	for _, path := range w.secrets {
		require.True(w, strings.HasPrefix(path, "/api/test/"), path)
	}
}
