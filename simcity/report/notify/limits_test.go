package notify_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity/report/notify"
)

// answer makes an answer with headers in pairs.
func answer(status int, message string, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		refuse(w, status, message)
	}
}

// GitHub says how long to wait, in four ways, and is obeyed to the second.
func TestLimitsAreWaitedFor(t *testing.T) {
	t.Parallel()
	reset := func() string { return strconv.FormatInt(time.Now().Add(50*time.Second).Unix(), 10) }
	for name, c := range map[string]struct {
		answer func() func(http.ResponseWriter)
		want   time.Duration
	}{
		"primary, 403": {func() func(http.ResponseWriter) {
			return answer(403, "API rate limit exceeded", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset())
		}, 51 * time.Second},
		"primary, 429": {func() func(http.ResponseWriter) {
			return answer(429, "", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset())
		}, 51 * time.Second},
		"secondary with Retry-After": {func() func(http.ResponseWriter) {
			return answer(403, "You have exceeded a secondary rate limit", "Retry-After", "30", "X-RateLimit-Remaining", "4000")
		}, 30 * time.Second},
		"secondary with a date": {func() func(http.ResponseWriter) {
			return answer(429, "", "Retry-After", time.Now().Add(20*time.Second).UTC().Format(http.TimeFormat))
		}, 20 * time.Second},
		"secondary, in words alone": {func() func(http.ResponseWriter) {
			return answer(403, "You have exceeded a secondary rate limit. Please wait.", "X-RateLimit-Remaining", "4000")
		}, time.Minute},
		"a server that is down": {func() func(http.ResponseWriter) { return answer(502, "Bad Gateway") }, time.Second},
		"nonsense in the limit's words": {func() func(http.ResponseWriter) {
			return answer(429, "", "Retry-After", "-7", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "soon")
		}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T) {
				f := newForge(t)
				f.trouble = once(c.answer(), 1)
				require.NoError(t, newDesk(t, f).tell(failing(7)))
				require.Len(t, f.issues, 1)
				require.Equal(t, c.want, f.at[1].Sub(f.at[0]))
			})
		})
	}
}

func TestChangesAreASecondApart(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		f := newForge(t)
		d := newDesk(t, f)
		require.NoError(t, d.tell(failing(7)))
		require.NoError(t, d.tell(failing(7)))
		require.Equal(t, []string{"GET /repos/acme/shop/issues", "POST /repos/acme/shop/issues", "GET /repos/acme/shop/issues", "GET /repos/acme/shop/issues", "PATCH /repos/acme/shop/issues/1"}, f.calls)
		require.Equal(t, time.Second, f.waited())
	})
}

// What passes by itself is a note, with an end to the waiting.
func TestOutagesPass(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		want   string
		calls  int
	}{
		"a limit that ends too late": {answer(403, "API rate limit exceeded", "Retry-After", "3600"), "GitHub: it asks us to slow down (403); the next try would be in 1h0m0s, and there is no time for it", 1},
		"limits without end":         {answer(429, "", "Retry-After", "5"), "GitHub: it asks us to slow down (429)", 5},
		"down":                       {answer(503, "unavailable"), "GitHub: it answered 503", 5},
		"no JSON":                    {func(w http.ResponseWriter) { fmt.Fprint(w, "<html>") }, "GitHub: an answer that is no JSON", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T) {
				f := newForge(t)
				f.trouble = func(w http.ResponseWriter, _ *http.Request) bool { c.answer(w); return true }
				err := newDesk(t, f).tell(failing(7))
				require.ErrorContains(t, err, c.want)
				var down *notify.Outage
				require.ErrorAs(t, err, &down)
				require.True(t, down.Transient())
				require.Len(t, f.calls, c.calls)
			})
		})
	}
}

// What the next report would meet again fails the test, and says what to do; the
// token is in none of it.
func TestRefusalsDoNotPass(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		301: "GitHub answered 301; fix: the repository has moved",
		401: "GitHub answered 401: Bad credentials ***; fix: GITHUB_TOKEN is not valid, or has expired",
		403: "fix: give the job the permission issues: write",
		404: "fix: the repository of GITHUB_REPOSITORY does not exist, or the token may not see it",
		410: "fix: issues are switched off for the repository",
		422: "GitHub answered 422: Validation Failed ***",
		451: strings.Repeat("x", 190) + " ***",
	} {
		inBubble(t, func(t *testing.T) {
			f := newForge(t)
			messages := map[int]string{301: "Moved Permanently", 401: "Bad credentials", 422: "Validation Failed", 451: strings.Repeat("x", 190)}
			f.trouble = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Location", "https://evil.example/")
				refuse(w, status, messages[status]+" "+token)
				return true
			}
			err := newDesk(t, f).tell(failing(7))
			require.ErrorContains(t, err, want)
			var refusal *notify.Refusal
			require.ErrorAs(t, err, &refusal)
			require.NotContains(t, err.Error(), token)
			require.Len(t, f.calls, 1)
		})
	}
}

// broken is a network that fails with the request in its error.
type broken struct{}

func (broken) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, errors.New("dial " + r.URL.String() + " with " + r.Header.Get("Authorization") + "\x1b[31m\n::error::x")
}

func TestNoErrorShowsTheTokenOrTheWebhook(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		err := newDesk(t, newForge(t), func(c *notify.IssueConfig) { c.Transport = broken{} }).tell(failing(7))
		require.ErrorContains(t, err, "GitHub: dial https://api.github.example/repos/acme/shop/issues")
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), token)
		require.NotContains(t, err.Error(), "\n")
		require.NotContains(t, err.Error(), "\x1b")

		err = newAlarm(t, func(c *notify.WebhookConfig) { c.Transport = broken{} }).tell(failing(7))
		require.ErrorContains(t, err, "the webhook: dial ***")
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "T0/B0/secret")
	})
	require.Equal(t, "*** *** ***", fmt.Sprintf("%v %s %#v", notify.Secret(token), notify.Secret(token), notify.Secret(token)))
	require.NotContains(t, fmt.Sprintf("%+v", notify.IssueConfig{Token: token}), token)
}

// The same over a real connection.
func TestIssuesOverLoopback(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	server := httptest.NewServer(f)
	defer server.Close()
	d := newDesk(t, f, func(c *notify.IssueConfig) { c.API, c.Transport = server.URL, nil })
	require.NoError(t, d.tell(failing(7)))
	require.Len(t, f.issues, 1)
}

func TestIssueSettingsThatCannotBe(t *testing.T) {
	for _, name := range []string{"GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN", "GITHUB_RUN_ID"} {
		t.Setenv(name, "")
	}
	good := notify.IssueConfig{Repository: "acme/shop", Token: token}
	for want, change := range map[string]func(*notify.IssueConfig){
		`GITHUB_REPOSITORY is ""; allowed: owner/name`:             func(c *notify.IssueConfig) { c.Repository = "" },
		`GITHUB_REPOSITORY is "a/b/../c"; allowed`:                 func(c *notify.IssueConfig) { c.Repository = "a/b/../c" },
		"GITHUB_TOKEN is not set":                                  func(c *notify.IssueConfig) { c.Token = "" },
		"issue is delete; allowed: issue, issue:comment":           func(c *notify.IssueConfig) { c.Resolved = "delete" },
		"GITHUB_API_URL is an address with http://; allowed: http": func(c *notify.IssueConfig) { c.API = "http://ghe.example/api/v3" },
		"GITHUB_API_URL is no address, or one with a user":         func(c *notify.IssueConfig) { c.API = "https://me:pw@ghe.example" },
	} {
		c := good
		change(&c)
		_, err := notify.Issues(c)
		require.ErrorContains(t, err, want)
	}
	_, err := notify.Issues(good)
	require.NoError(t, err)
}
