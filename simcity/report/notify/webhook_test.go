package notify_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/report/notify"
)

const hook = "https://hooks.slack.example/services/T0/B0/secret"

// golden compares text with a file of testdata; SIMCITY_UPDATE=1 rewrites it.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("SIMCITY_UPDATE") == "1" {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "SIMCITY_UPDATE=1 writes it")
	require.Equal(t, string(want), text, "SIMCITY_UPDATE=1 rewrites %s", path)
}

// An alarm is a publisher over a webhook that remembers, and answers as Slack does.
type alarm struct {
	*testing.T
	publisher simcity.Publisher
	mu        sync.Mutex
	trouble   func(w http.ResponseWriter, r *http.Request) bool
	calls     []time.Time
	texts     []string
}

func newAlarm(t *testing.T, change ...func(*notify.WebhookConfig)) *alarm {
	t.Helper()
	a := &alarm{T: t}
	c := notify.WebhookConfig{URL: hook, Dir: t.TempDir(), Job: "https://github.example/acme/shop/actions/runs/1", Transport: a}
	for _, f := range change {
		f(&c)
	}
	var err error
	a.publisher, err = notify.Webhook(c)
	require.NoError(t, err)
	return a
}

func (a *alarm) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := httptest.NewRecorder()
	a.calls = append(a.calls, time.Now())
	if a.trouble == nil || !a.trouble(w, r) {
		a.take(w, r)
	}
	response := w.Result()
	response.Request = r
	return response, nil
}

func (a *alarm) take(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var told struct{ Text string }
	if r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &told) != nil || told.Text == "" {
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	}
	a.texts = append(a.texts, told.Text)
	_, _ = io.WriteString(w, "ok")
}

func (a *alarm) tell(res *simcity.Result) error {
	return a.publisher.Publish(a.Context(), simcity.Report{Test: "TestSimCityBaseline", Package: "./shop", Result: res, Output: &bytes.Buffer{}})
}

func TestAlert(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		a := newAlarm(t)
		require.NoError(t, a.tell(passing(7)))
		require.Empty(t, a.calls, "a run that passes is no alarm")
		require.NoError(t, a.tell(failing(7)))
		swept := failing(7)
		swept.Sweep = &simcity.Sweep{Seeds: 100, Passed: 86, Failed: 14, Groups: []simcity.FailureGroup{{Signature: "rule_a", Seeds: 13}, {Signature: "rule_b", Seeds: 1}}}
		require.NoError(t, a.tell(swept))
		hostile := failing(7)
		hostile.Scenario, hostile.Violations = "<!channel> @everyone <http://evil.example|x> `a` *b* &amp;", nil
		hostile.Reasons = []string{"\x1b[31mred\n> quote ```x``` <@U123> " + strings.Repeat("long ", 1000), "two"}
		hostile.Repro = "```` <script> ghp_0123456789abcdef"
		require.NoError(t, a.tell(hostile))
		golden(t, "alerts.txt", strings.Join(a.texts, "---\n"))
		for _, never := range []string{"<!channel", "<@U", "@everyone", "<http://evil", "\x1b", "0123456789abcdef"} {
			require.NotContains(t, a.texts[2], never)
		}
		require.Equal(t, 2, strings.Count(a.texts[2], "```"))
		require.Less(t, len(a.texts[2]), 4000)
	})
}

// The same failure is told once per interval, by whichever process sees it.
func TestSameFailureIsToldOncePerInterval(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one := func(c *notify.WebhookConfig) { c.Dir = dir }
	inBubble(t, func(t *testing.T) {
		a, b := newAlarm(t, one), newAlarm(t, one)
		require.NoError(t, a.tell(failing(7)))
		time.Sleep(10 * time.Minute)
		err := b.tell(failing(8))
		require.EqualError(t, err, "not sent: the same failure was told 10m0s ago, and is again after 1h0m0s")
		var held *notify.Held
		require.ErrorAs(t, err, &held)
		require.True(t, held.Transient())
		other := failing(7)
		other.Violations[0].Invariant = "money_conservation"
		require.NoError(t, b.tell(other))
		time.Sleep(50 * time.Minute)
		require.NoError(t, b.tell(failing(7)))
		require.Len(t, a.texts, 1)
		require.Len(t, b.texts, 2)
	})
}

func TestAlertThatCouldNotBeSentIsNotHeldBackNextTime(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		a := newAlarm(t)
		a.trouble = func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "", http.StatusServiceUnavailable)
			return true
		}
		require.ErrorContains(t, a.tell(failing(7)), "the webhook: it answered 503")
		require.Len(t, a.calls, 5)
		a.trouble = nil
		require.NoError(t, a.tell(failing(7)))
		require.Len(t, a.texts, 1)
	})
}

func TestWebhookLimitsAreWaitedFor(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		a := newAlarm(t)
		a.trouble = once(answer(429, "", "Retry-After", "30"), 1)
		require.NoError(t, a.tell(failing(7)))
		require.Equal(t, 30*time.Second, a.calls[1].Sub(a.calls[0]))

		b := newAlarm(t)
		b.trouble = once(answer(429, "", "Retry-After", "600"), 1)
		require.ErrorContains(t, b.tell(failing(7)), "there is no time for it")
		require.Len(t, b.calls, 1, "who asks for ten minutes is not asked again after one second")
	})
}

func TestWebhookRefusals(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		400: "the webhook answered 400: invalid_payload",
		403: "the webhook answered 403: action_prohibited; fix: the webhook may not post there: make a new one",
		404: "the webhook answered 404: no_service; fix: the webhook or its channel is gone",
		410: "the webhook answered 410: channel_is_archived; fix: the channel is archived",
	} {
		inBubble(t, func(t *testing.T) {
			a := newAlarm(t)
			a.trouble = func(w http.ResponseWriter, _ *http.Request) bool {
				http.Error(w, map[int]string{400: "invalid_payload", 403: "action_prohibited", 404: "no_service", 410: "channel_is_archived"}[status], status)
				return true
			}
			require.ErrorContains(t, a.tell(failing(7)), want)
			require.Len(t, a.calls, 1)
		})
	}
}

func TestWebhookSettingsThatCannotBe(t *testing.T) {
	t.Setenv("SLACK_WEBHOOK_URL", "")
	_, err := notify.Webhook(notify.WebhookConfig{})
	require.ErrorContains(t, err, "SLACK_WEBHOOK_URL is not set")
	for _, address := range []notify.Secret{"hooks.slack.example/secret", "https://me:secret@hooks.example/", "http://hooks.slack.example/secret", "://secret"} {
		_, err := notify.Webhook(notify.WebhookConfig{URL: address})
		require.ErrorContains(t, err, "SLACK_WEBHOOK_URL is ")
		require.NotContains(t, err.Error(), "secret@")
		require.NotContains(t, err.Error(), "/secret")
	}
}
