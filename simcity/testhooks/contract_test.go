package testhooks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/testhooks"
)

// Each call of the manual, with its answer as it is on the wire.
func TestContract(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, _ func(time.Duration)) {
		h := setup(t)
		struck := h.ask("POST", "faults", openData).fault().ID
		var told strings.Builder
		for _, c := range []struct{ method, path, body string }{
			{"GET", "login", ``},
			{"POST", "login", `{"citizen":"customer/7","email":"synthetic+customer-7@example.com","role":"customer","timezone":"UTC"}`},
			{"GET", "faults", ``},
			{"POST", "faults", `{"type":"CACHE_INVALIDATION_STORM","parameters":{"invalidationRate":0.5}}`},
			{"POST", "faults", `{"type":"PAUSE_MV_REFRESH"}`},
			{"GET", "faults/" + struck, ``},
			{"POST", "faults/" + struck + "/renew", ``},
			{"DELETE", "faults/" + struck, ``},
			{"POST", "faults/" + struck + "/renew", ``},
			{"GET", "probes", ``},
			{"POST", "purge", `{"dryRun":true,"run":"run-1"}`},
		} {
			a := h.ask(c.method, c.path, c.body)
			require.Equal(t, "application/json", a.header.Get("Content-Type"))
			require.Equal(t, "no-store", a.header.Get("Cache-Control"))
			fmt.Fprintf(&told, "%s /api/test/%s\n%s-> %d\n%s\n", c.method, c.path, line(c.body), a.status, pretty(t, a.text))
		}
		golden(t, "contract.txt", regexp.MustCompile(`"?\b[a-z2-7]{26}\b"?`).ReplaceAllStringFunc(told.String(), anonymous))
	})
}

// anonymous stands for an id, which is random.
func anonymous(id string) string {
	if strings.HasPrefix(id, `"`) {
		return `"<id>"`
	}
	return "<id>"
}

func line(text string) string {
	if text == "" {
		return ""
	}
	return text + "\n"
}

func pretty(t *testing.T, text string) string {
	var out bytes.Buffer
	require.NoError(t, json.Indent(&out, []byte(text), "", "  "))
	return strings.TrimSpace(out.String()) + "\n"
}

func TestLoginSetsTheHostsCookies(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a := h.ask("POST", "login", `{"email":"synthetic+a-1@example.com"}`).is(200)
	require.Equal(t, "session=s1; HttpOnly", a.header.Get("Set-Cookie"))
}

// Who does not have the secret gets nothing but the identity, whatever is asked.
func TestNothingWithoutTheSecret(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, call := range []string{"POST login", "GET faults", "POST faults", "GET faults/x", "POST faults/x/renew", "DELETE faults/x", "GET probes", "POST purge"} {
		method, path, _ := strings.Cut(call, " ")
		for _, wrong := range []string{"", "x", secret + "x", secret[:len(secret)-1], strings.ToUpper(secret)} {
			header := http.Header{"X-Simcity-Secret": {wrong}, "Authorization": {"Bearer " + secret}}
			require.Equal(t, "unauthorized", h.send(method, "/api/test/"+path, `{"dryRun":false}`, header).refused(401).Code, call)
		}
	}
	require.JSONEq(t, `{"environment":"staging","syntheticLogin":true}`, h.send("GET", "/api/test/login", "", nil).is(200).text)
	require.Empty(t, h.log.String())
}

// Whatever is asked wrongly is refused with the field, the value, what is allowed
// and how to mend it.
func TestMistakes(t *testing.T) {
	t.Parallel()
	h := setup(t, func(c *testhooks.Config) {
		c.Purge = func(_ context.Context, p testhooks.PurgeRequest) (map[string]int64, error) {
			return nil, &simcity.FieldError{Field: "run", Value: p.Run, Allowed: "nothing", Fix: "purge everything"}
		}
		c.Probes = func(context.Context) (map[string]int64, error) { return nil, errors.New("no " + secret) }
	})
	var told strings.Builder
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "login", `{"email":"ann@example.com"}`, 400},
		{"POST", "login", `{"email":"synthetic+a@example.com.evil.test"}`, 400},
		{"POST", "login", `{"email":"synthetic+@example.com"}`, 400},
		{"POST", "login", `{"email":"synthetic+a b@example.com"}`, 400},
		{"POST", "login", `{"email":7}`, 400},
		{"POST", "login", `{"email":"synthetic+a@example.com","admin":true}`, 400},
		{"POST", "login", `{"email":"synthetic+a@example.com"} {}`, 400},
		{"POST", "login", `[]`, 400},
		{"POST", "login", `{`, 400},
		{"POST", "login", ``, 400},
		{"POST", "login", `"` + strings.Repeat("x", 17<<10) + `"`, 413},
		{"POST", "faults", `{}`, 400},
		{"POST", "faults", `{"type":"CLOCK_SKEW"}`, 400},
		{"POST", "faults", `{"type":"RLS_MISCONFIG","leaseSeconds":0}`, 400},
		{"POST", "faults", `{"type":"RLS_MISCONFIG","leaseSeconds":601}`, 400},
		{"POST", "faults", `{"type":"RLS_MISCONFIG","leaseSeconds":1.5}`, 400},
		{"POST", "faults", `{"type":"RLS_MISCONFIG","parameters":{"misconfigType":"all"}}`, 400},
		{"POST", "faults", `{"type":"RLS_MISCONFIG","parameters":{"kind":"all"}}`, 400},
		{"POST", "faults", `{"type":"RLS_MISCONFIG","parameters":"all"}`, 400},
		{"POST", "faults", `{"type":"RATE_LIMIT_BURST","parameters":{"multiplier":1}}`, 400},
		{"POST", "faults", `{"type":"RLS_MISCONFIG","id":"../login"}`, 400},
		{"GET", "faults/nowhere", ``, 404},
		{"DELETE", "faults/nowhere", ``, 404},
		{"POST", "purge", `{}`, 400},
		{"POST", "purge", `{"dryRun":"yes"}`, 400},
		{"POST", "purge", `{"dryRun":true,"run":"r1"}`, 400},
		{"GET", "probes", ``, 500},
		{"PUT", "login", ``, 405},
		{"DELETE", "purge", ``, 405},
		{"GET", "users", ``, 404},
	} {
		a := h.ask(c.method, c.path, c.body)
		require.NotEmpty(t, a.refused(c.status).Code)
		fmt.Fprintf(&told, "%s %s %.90s\n-> %d\n%s\n", c.method, c.path, c.body, a.status, pretty(t, a.text))
	}
	golden(t, "mistakes.txt", told.String())
}

func TestWhatTheHostLeavesOutIsNotOffered(t *testing.T) {
	t.Parallel()
	h := setup(t, func(c *testhooks.Config) { *c = testhooks.Config{Environment: "local", Secret: secret} })
	for call, field := range map[string]string{
		`POST login {"email":"synthetic+a@example.com"}`: "Login",
		`GET probes `:                 "Probes",
		`POST purge {"dryRun":false}`: "Purge",
	} {
		method, rest, _ := strings.Cut(call, " ")
		path, body, _ := strings.Cut(rest, " ")
		refused := h.ask(method, path, body).refused(501)
		require.Equal(t, "set testhooks.Config."+field, refused.Fix)
	}
	require.Equal(t, "none: this host offers no faults", h.ask("POST", "faults", `{"type":"RLS_MISCONFIG"}`).refused(400).Allowed)
	require.JSONEq(t, `{"environment":"local","syntheticLogin":false}`, h.ask("GET", "login", "").is(200).text)
}

func TestConfigsThatCannotWork(t *testing.T) {
	t.Parallel()
	made := func(parameters json.RawMessage) (simcity.Fault, error) { return simcity.Fault{}, nil }
	for name, c := range map[string]struct {
		config testhooks.Config
		want   string
	}{
		"no environment":        {testhooks.Config{Secret: secret}, `testhooks.Config.Environment is ""`},
		"production":            {testhooks.Config{Environment: "production", Secret: secret}, `testhooks.Config.Environment is "production"`},
		"unlisted environment":  {testhooks.Config{Environment: "canary", Secret: secret}, "test, staging, recovery, local"},
		"look-alike":            {testhooks.Config{Environment: "Staging", Secret: secret}, `"Staging"`},
		"no secret":             {testhooks.Config{Environment: "test"}, "[hidden], 0 bytes"},
		"short secret":          {testhooks.Config{Environment: "test", Secret: "hunter2"}, "[hidden], 7 bytes"},
		"secret with a blank":   {testhooks.Config{Environment: "test", Secret: "a secret of several words"}, "openssl rand"},
		"endless secret":        {testhooks.Config{Environment: "test", Secret: strings.Repeat("x", 257)}, "16 to 256"},
		"prefix without slash":  {testhooks.Config{Environment: "test", Secret: secret, Prefix: "hooks"}, "testhooks.Config.Prefix"},
		"prefix with one more":  {testhooks.Config{Environment: "test", Secret: secret, Prefix: "/hooks/"}, "testhooks.Config.Prefix"},
		"fault without a name":  {testhooks.Config{Environment: "test", Secret: secret, Faults: []simcity.FaultKind{{Make: made}}}, "testhooks.Config.Faults[0]"},
		"fault that cannot be":  {testhooks.Config{Environment: "test", Secret: secret, Faults: []simcity.FaultKind{{Kind: "FOG"}}}, `"FOG"`},
		"fault named as a hook": {testhooks.Config{Environment: "test", Secret: secret, Hooks: chaos.Hooks{SkewClock: func(context.Context, time.Duration) (func(context.Context) error, error) { return nil, nil }}, Faults: []simcity.FaultKind{{Kind: "CLOCK_SKEW", Make: made}}}, "testhooks.Config.Faults[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := testhooks.New(c.config)
			var field *simcity.FieldError
			require.ErrorAs(t, err, &field)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestAllowListOfEnvironmentsIsTheMachines(t *testing.T) {
	t.Setenv("SIMCITY_ALLOWED_ENVS", "canary,preview")
	_, err := testhooks.New(testhooks.Config{Environment: "canary", Secret: secret})
	require.NoError(t, err)
	_, err = testhooks.New(testhooks.Config{Environment: "staging", Secret: secret})
	require.ErrorContains(t, err, "canary, preview")
}

func TestAnyPrefix(t *testing.T) {
	t.Parallel()
	h := setup(t, func(c *testhooks.Config) { c.Prefix = "/internal/hooks" })
	h.send("GET", "/internal/hooks/login", "", nil).is(200)
	h.send("GET", "/api/test/login", "", nil).is(404)
	standard := setup(t)
	w := httptest.NewRecorder()
	http.StripPrefix("/app", standard.hooks).ServeHTTP(w, httptest.NewRequest("GET", "/app/api/test/login", nil))
	require.Equal(t, 200, w.Code)
}
