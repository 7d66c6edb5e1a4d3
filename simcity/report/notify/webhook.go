package notify

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/report"
)

// EnvWebhook holds the address of the webhook, which is a secret.
const EnvWebhook = "SLACK_WEBHOOK_URL"

// WebhookConfig says where alerts go.
type WebhookConfig struct {
	// URL is an incoming webhook of Slack, or of a service that takes the same shape
	// (Mattermost, Rocket.Chat, Discord with /slack). Default SLACK_WEBHOOK_URL.
	URL Secret
	// Interval is how long, in real time, a failure of the same signature is not
	// told again. Default 1 hour.
	Interval time.Duration
	// Dir keeps when what was told, for all test processes of this machine. Default
	// a folder of the user's cache.
	Dir string
	// Job is the address of the CI job, for readers. Default that of GitHub Actions.
	Job string
	// Patience is how long, in real time, an alert may wait for limits and outages.
	// Default 1 minute.
	Patience time.Duration
	// Transport carries the requests. Default [http.DefaultTransport].
	Transport http.RoundTripper
}

// WithDefaults has the defaults for zero fields.
func (c WebhookConfig) WithDefaults() WebhookConfig {
	c.URL = Secret(first(string(c.URL), os.Getenv(EnvWebhook)))
	if c.Interval == 0 {
		c.Interval = time.Hour
	}
	if c.Dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			cache = os.TempDir()
		}
		c.Dir = filepath.Join(cache, "simcity", "alerts")
	}
	c.Job = IssueConfig{Job: c.Job, Repository: os.Getenv("GITHUB_REPOSITORY")}.WithDefaults().Job
	if c.Patience == 0 {
		c.Patience = time.Minute
	}
	return c
}

type webhookPublisher struct {
	service *service
	config  WebhookConfig
	told    throttle
}

// webhookFixes are what to do about what Slack refuses.
// https://api.slack.com/messaging/webhooks#handling_errors
var webhookFixes = map[int]string{
	http.StatusForbidden: "the webhook may not post there: make a new one",
	http.StatusNotFound:  "the webhook or its channel is gone: make a new one",
	http.StatusGone:      "the channel is archived: make a webhook for another",
}

// Webhook returns a publisher that sends a message for each run or sweep that does
// not pass. A failure of the same signature is sent once per Interval, whichever
// test or process sees it.
func Webhook(c WebhookConfig) (simcity.Publisher, error) {
	c = c.WithDefaults()
	if c.URL == "" {
		return nil, &simcity.FieldError{Field: EnvWebhook, Value: "not set", Allowed: "the address of an incoming webhook", Fix: "in a workflow: env: " + EnvWebhook + ": ${{ secrets." + EnvWebhook + " }}"}
	}
	parsed, err := checkAddress(EnvWebhook, c.URL)
	if err != nil {
		return nil, err
	}
	s := newService("the webhook", c.Transport, c.Patience)
	s.secrets, s.fixes = []string{string(c.URL), parsed.RequestURI()}, webhookFixes
	return &webhookPublisher{service: s, config: c, told: throttle{dir: c.Dir, interval: c.Interval}}, nil
}

// Publish sends an alert.
func (p *webhookPublisher) Publish(ctx context.Context, r simcity.Report) error {
	s := report.Of(r)
	if s.Verdict == string(simcity.Pass) && (s.Sweep == nil || s.Sweep.Failed == 0) {
		return nil
	}
	signature := s.Signature
	if s.Sweep != nil && len(s.Sweep.Groups) > 0 {
		signature = s.Sweep.Groups[0].Signature
	}
	id := key(string(p.config.URL), signature)
	if held := p.told.claim(id); held != nil {
		return held
	}
	ctx, cancel := context.WithTimeout(ctx, p.config.Patience)
	defer cancel()
	if err := p.send(ctx, alert(s, p.config.Job)); err != nil {
		p.told.release(id)
		return err
	}
	return nil
}

// send posts the message. One that got no answer is sent again: twice is better than
// never.
func (p *webhookPublisher) send(ctx context.Context, m message) error {
	for try := 1; ; try++ {
		_, err := p.service.call(ctx, http.MethodPost, string(p.config.URL), m, nil)
		if !again(err, try) {
			return err
		}
		if err := p.service.wait(ctx, backoff(try), err); err != nil {
			return err
		}
	}
}

// A message in Slack's shape.
type message struct {
	Text        string `json:"text"`
	Mrkdwn      bool   `json:"mrkdwn"`
	UnfurlLinks bool   `json:"unfurl_links"`
	UnfurlMedia bool   `json:"unfurl_media"`
}

var alertMarks = map[string]string{"FAIL": ":x:", "INCONCLUSIVE": ":warning:", "STOPPED": ":black_square_for_stop:"}

// alert is what a message says of a run that did not pass.
func alert(s *report.Summary, job string) message {
	var b strings.Builder
	fmt.Fprintf(&b, "%s *%s*: %s, seed %d\n%s in %s\n", alertMarks[s.Verdict], s.Verdict, slackText(s.Scenario), s.Seed, slackText(s.Test), slackText(s.Package))
	if s.Sweep != nil {
		fmt.Fprintf(&b, "%d of %d seeds passed\n", s.Sweep.Passed, s.Sweep.Seeds)
		for _, g := range s.Sweep.Groups[:min(len(s.Sweep.Groups), 3)] {
			fmt.Fprintf(&b, "> %d× %s\n", g.Seeds, slackText(g.Signature))
		}
	} else {
		for _, reason := range s.Reasons[:min(len(s.Reasons), 3)] {
			fmt.Fprintf(&b, "> %s\n", slackText(reason))
		}
	}
	if s.Repro != "" {
		fmt.Fprintf(&b, "```%s```\n", slackText(s.Repro))
	}
	if job != "" {
		fmt.Fprintf(&b, "<%s|the job>\n", slackText(job))
	}
	return message{Text: b.String(), Mrkdwn: true}
}

// slackText is a text in one line in which nothing is a link, a mention or markup.
// https://api.slack.com/reference/surfaces/formatting#escaping
func slackText(text string) string {
	const most = 600
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return slackEscapes.Replace(text)
}

var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "ˋ", "*", "∗", "~", "∼", "@", "@\u200b")
