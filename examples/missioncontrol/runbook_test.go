package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/telemetry/sqlite"
)

// lines hands on what run prints, line by line.
type lines struct{ text chan string }

func (l lines) Write(b []byte) (int, error) {
	for line := range strings.Lines(string(b)) {
		l.text <- strings.TrimSpace(line)
	}
	return len(b), nil
}

// serveTest runs the command, and returns its address, and how to end it.
func serveTest(t *testing.T, history string) (addr string, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out := lines{make(chan string, 10)}
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"-addr", "127.0.0.1:0", "-token", "key", "-history", history}, out) }()
	select {
	case first := <-out.text:
		addr = regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(first)
		require.Equal(t, "Mission Control: http://"+addr+"/login?token=key", first)
		require.Equal(t, "Access token:    key", <-out.text)
	case err := <-done:
		require.NoError(t, err)
	}
	return addr, func() {
		cancel()
		require.NoError(t, <-done)
	}
}

// runbook is the curl examples of the manual by their titles, as they are written.
func runbook(t *testing.T) map[string]string {
	t.Helper()
	manual, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	commands := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^//\t# (\w+)\n//\t(curl .*)$`).FindAllStringSubmatch(string(manual), -1) {
		commands[m[1]] = m[2]
	}
	require.Len(t, commands, 5)
	return commands
}

// byCurl runs a command line in a shell, at another port than it says.
func byCurl(t *testing.T, addr, command string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(command, "127.0.0.1:8787", addr))
	c.Env = append(os.Environ(), "TOKEN=key")
	var told, wrong bytes.Buffer
	c.Stdout, c.Stderr = &told, &wrong
	require.NoError(t, c.Run(), wrong.String())
	return told.String()
}

var curlParts = regexp.MustCompile(`(-X|-H|-d) ('[^']*'|"[^"]*"|\S+)|(http://[^" ]+)`)

// byHTTP makes the request that the command line means, where there is no curl.
func byHTTP(t *testing.T, addr, command string) string {
	t.Helper()
	method, target, body := http.MethodGet, "", ""
	headers := map[string]string{}
	for _, m := range curlParts.FindAllStringSubmatch(command, -1) {
		value := strings.Trim(m[2], `'"`)
		switch m[1] {
		case "-X":
			method = value
		case "-H":
			name, text, _ := strings.Cut(value, ": ")
			headers[name] = strings.ReplaceAll(text, "$TOKEN", "key")
		case "-d":
			body = value
		default:
			target = strings.ReplaceAll(m[3], "127.0.0.1:8787", addr)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(text)
}

// The examples of the manual run as they are written, and say what they should.
func TestRunbook(t *testing.T) {
	ways := map[string]func(*testing.T, string, string) string{"http": byHTTP}
	if _, err := exec.LookPath("curl"); err == nil {
		ways["curl"] = byCurl
	} else {
		t.Log("there is no curl here: the examples are sent through net/http alone")
	}
	for name, send := range ways {
		t.Run(name, func(t *testing.T) {
			history := filepath.Join(t.TempDir(), "history.db")
			addr, end := serveTest(t, history)
			commands := runbook(t)
			ask := func(title string) map[string]any {
				var told struct {
					Success bool
					Data    map[string]any
				}
				text := send(t, addr, commands[title])
				require.NoError(t, json.Unmarshal([]byte(text), &told), text)
				require.True(t, told.Success, text)
				return told.Data
			}
			started := ask("start")
			require.Equal(t, "42", started["seed"])
			require.Equal(t, "baseline", started["scenario"])
			require.InDelta(t, 1200, started["durationMinutes"], 0)
			id := started["runId"].(string)

			policies := ask("policy")
			require.InDelta(t, 0.5, policies["policies"].(map[string]any)["customerSpawnRate"], 0)
			require.NotEmpty(t, policies["eventIndex"])
			fault := ask("event")["fault"].(map[string]any)
			require.Equal(t, "CACHE_INVALIDATION_STORM", fault["kind"])
			require.NotEmpty(t, fault["reverts"])
			summary := ask("summary")
			require.Equal(t, id, summary["runId"])
			require.Equal(t, "RUNNING", summary["status"])
			require.Empty(t, summary["violations"])
			require.NotEmpty(t, summary["invariants"])
			require.Equal(t, "STOPPED", ask("stop")["verdict"])
			require.Equal(t, "STOPPED", ask("summary")["verdict"])
			end()
			requireHistory(t, history, id)
		})
	}
}

// requireHistory tells that the file has the whole run.
func requireHistory(t *testing.T, path, id string) {
	t.Helper()
	store, err := sqlite.Open(path)
	require.NoError(t, err)
	defer store.Close()
	row, err := store.Run(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "STOPPED", row.Result)
	events, err := store.Events(t.Context(), id, row.EventCount-1, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, "run.ended", events[0].Type)
}

// A signal while a run goes on ends it, and its history is whole.
func TestSignalStopsTheRunAndKeepsItsHistory(t *testing.T) {
	history := filepath.Join(t.TempDir(), "history.db")
	addr, end := serveTest(t, history)
	var told struct{ Data struct{ RunID string } }
	require.NoError(t, json.Unmarshal([]byte(byHTTP(t, addr, runbook(t)["start"])), &told))
	end()
	requireHistory(t, history, told.Data.RunID)
}

func TestDoorLetsInWhoHasTheToken(t *testing.T) {
	addr, end := serveTest(t, filepath.Join(t.TempDir(), "history.db"))
	defer end()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(path string, cookies ...*http.Cookie) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
		require.NoError(t, err)
		for _, cookie := range cookies {
			r.AddCookie(cookie)
		}
		response, err := client.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response
	}
	require.Equal(t, 403, get("/api/simcity/status").StatusCode)
	require.Contains(t, byHTTP(t, addr, "curl http://127.0.0.1:8787/api/simcity/status"), "programs send the header Authorization: Bearer")
	require.Equal(t, 403, get("/login?token=other").StatusCode)
	login := get("/login?token=key")
	require.Equal(t, 303, login.StatusCode)
	require.Equal(t, "/admin/simcity", login.Header.Get("Location"))
	require.Equal(t, http.SameSiteStrictMode, login.Cookies()[0].SameSite)
	require.True(t, login.Cookies()[0].HttpOnly)
	require.Equal(t, 200, get("/api/simcity/status", login.Cookies()...).StatusCode)
}

func TestFlagsThatCannotWork(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"open to others":   {"-addr", "0.0.0.0:8787"},
		"-addr":            {"-addr", "8787"},
		"is no flag":       {"serve"},
		"not defined":      {"-x"},
		"has no folder":    {"-history", filepath.Join("nowhere", "at", "all.db"), "-addr", "127.0.0.1:0"},
		"example.com:8787": {"-addr", "example.com:8787"},
	} {
		require.ErrorContains(t, run(t.Context(), args, io.Discard), want)
	}
}
