package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/examples/booking"
)

// A run against an app elsewhere is started, steered and stopped by HTTP, and an
// interrupt ends the server with the history whole.
func TestServeControlsRunsAgainstAnApp(t *testing.T) {
	t.Setenv("SIMCITY_TOKEN", "key")
	history := "sqlite:" + filepath.Join(t.TempDir(), "history.db")
	done(t, "migrate", "-store", history)
	app, err := booking.New(booking.Config{Store: booking.NewMemoryStore()})
	require.NoError(t, err)
	host := httptest.NewServer(http.Handler(app))
	t.Cleanup(host.Close)

	ctx, interrupt := context.WithCancel(t.Context())
	told, writes := io.Pipe()
	ended := make(chan int, 1)
	var complaints bytes.Buffer
	go func() {
		ended <- serveUntil(ctx, []string{"-target", host.URL, "-addr", "127.0.0.1:0", "-store", history}, writes, &complaints)
		_ = writes.Close()
	}()
	head := make([]byte, 1000)
	n, err := told.Read(head)
	require.NoError(t, err, complaints.String())
	require.Contains(t, string(head[:n]), "Target:          "+host.URL)
	base := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(string(head[:n]))

	started := callServer(t, base, "POST", "/api/simcity/start", `{"scenario":"baseline","seed":7,"durationMinutes":600}`)
	require.Equal(t, "paced", strings.Split(started["clock"].(string), "(")[0])
	changed := callServer(t, base, "POST", "/api/simcity/policy", `{"policies":{"cancelChance":0.4}}`)
	require.InDelta(t, 0.4, changed["policies"].(map[string]any)["cancelChance"], 0)
	require.Equal(t, "STOPPED", callServer(t, base, "POST", "/api/simcity/stop", "")["verdict"])
	interrupt()
	require.Equal(t, exitOK, <-ended, complaints.String())

	store := opened(t, history)
	run, err := store.Run(t.Context(), started["runId"].(string))
	require.NoError(t, err)
	require.Equal(t, "STOPPED", run.Result)
}

// callServer makes a call with the token, and returns its data.
func callServer(t *testing.T, base, method, path, body string) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer key")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	var told struct {
		Success bool
		Data    map[string]any
		Error   any
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&told))
	require.True(t, told.Success, "%v", told.Error)
	return told.Data
}

func TestServeThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arguments []string
		status    int
		want      string
	}{
		{[]string{"serve"}, exitUsage, "say with -target which app the runs load"},
		{[]string{"serve", "-target", "http://127.0.0.1:1", "now"}, exitUsage, `serve takes no "now"`},
		{[]string{"serve", "-target", "http://127.0.0.1:1", "-addr", "0.0.0.0:80"}, exitUsage, "-addr: 0.0.0.0:80 is open to others"},
	} {
		status, _, complaints := say(c.arguments...)
		require.Equal(t, c.status, status, "%v: %s", c.arguments, complaints)
		require.Contains(t, complaints, c.want)
	}
	require.Equal(t, "https://staging.example.com/x", plainURL("https://me:secret@staging.example.com/x"))
}
