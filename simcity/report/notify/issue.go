package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/report"
)

// IssueConfig says where issues are kept. Its zero fields mean what GitHub Actions
// tells in the environment.
type IssueConfig struct {
	// API is the address of GitHub's REST API. Default GITHUB_API_URL, else
	// https://api.github.com.
	API string
	// Repository is owner/name. Default GITHUB_REPOSITORY.
	Repository string
	// Token may read and write issues. Default GITHUB_TOKEN.
	Token Secret
	// Label marks our issues. Default simcity.
	Label string
	// Resolved is what happens to an issue when its failure has gone: nothing by
	// default, "comment", or "close", which comments as well.
	Resolved string
	// Job is the address of the CI job, for readers. Default that of GitHub Actions.
	Job string
	// Patience is how long, in real time, a report may wait for GitHub's limits and
	// outages. Default 3 minutes.
	Patience time.Duration
	// Transport carries the requests. Default [http.DefaultTransport].
	Transport http.RoundTripper
}

var (
	repositoryForm = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)
	resolutions    = []string{"", "comment", "close"}
)

// WithDefaults has the defaults for zero fields.
func (c IssueConfig) WithDefaults() IssueConfig {
	c.API = strings.TrimRight(first(c.API, os.Getenv("GITHUB_API_URL"), "https://api.github.com"), "/")
	c.Repository = first(c.Repository, os.Getenv("GITHUB_REPOSITORY"))
	c.Token = Secret(first(string(c.Token), os.Getenv("GITHUB_TOKEN")))
	c.Label = first(c.Label, "simcity")
	if id := os.Getenv("GITHUB_RUN_ID"); c.Job == "" && id != "" {
		c.Job = fmt.Sprintf("%s/%s/actions/runs/%s", first(os.Getenv("GITHUB_SERVER_URL"), "https://github.com"), c.Repository, id)
	}
	if c.Patience == 0 {
		c.Patience = 3 * time.Minute
	}
	return c
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func (c *IssueConfig) validate() error {
	if !repositoryForm.MatchString(c.Repository) {
		return &simcity.FieldError{Field: "GITHUB_REPOSITORY", Value: fmt.Sprintf("%q", c.Repository), Allowed: "owner/name", Fix: "GitHub Actions sets it; elsewhere set it yourself"}
	}
	if c.Token == "" {
		return &simcity.FieldError{Field: "GITHUB_TOKEN", Value: "not set", Allowed: "a token that may write issues", Fix: "in a workflow: env: GITHUB_TOKEN: ${{ github.token }}, with permissions: issues: write"}
	}
	for _, known := range resolutions {
		if c.Resolved == known {
			return nil
		}
	}
	return &simcity.FieldError{Field: "issue", Value: c.Resolved, Allowed: "issue, issue:comment, issue:close", Fix: "it is what happens when a failure has gone"}
}

// An issuePublisher keeps one issue per way of failing.
type issuePublisher struct {
	tracker  *tracker
	config   IssueConfig
	patience time.Duration
	mu       sync.Mutex // one call at a time, as GitHub asks
}

// Issues returns a publisher that keeps one issue for each way in which a test
// fails, told apart by test, scenario and [simcity.Result.Signature]. The first time
// it opens one; later ones bring the issue's text up to date and count, without
// disturbing anybody; when it was closed it is opened again, with a comment, unless
// people closed it as not planned. Of a sweep the five most frequent ways are told.
//
// A failure has gone when the seed that showed it passes (any seed on a paced clock,
// which does not repeat), or when a sweep says so.
func Issues(c IssueConfig) (simcity.Publisher, error) {
	c = c.WithDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	api, err := checkAddress("GITHUB_API_URL", Secret(c.API))
	if err != nil {
		return nil, err
	}
	s := newService("GitHub", c.Transport, c.Patience)
	s.client.SetHeader("Authorization", "Bearer "+string(c.Token)).
		SetHeader("Accept", "application/vnd.github+json").SetHeader("X-GitHub-Api-Version", "2022-11-28")
	s.secrets, s.fixes, s.message, s.pause = []string{string(c.Token)}, githubFixes, githubMessage, time.Second
	return &issuePublisher{tracker: &tracker{service: s, api: api, repository: c.Repository, label: c.Label}, config: c, patience: c.Patience}, nil
}

// failuresMost is how many ways of failing of a sweep become issues.
const failuresMost = 5

// A failure is one way in which a test failed.
type failure struct {
	mark
	title string
	text  string
}

// Publish brings the issues up to date.
func (p *issuePublisher) Publish(ctx context.Context, r simcity.Report) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	s := report.Of(r)
	failures := p.failures(s)
	if len(failures) == 0 && p.config.Resolved == "" {
		return nil
	}
	all, err := p.tracker.list(ctx)
	if err != nil {
		return err
	}
	var troubles []error
	for _, f := range failures {
		troubles = append(troubles, p.keep(ctx, f, all, r.Output))
	}
	for _, issue := range p.gone(s, all) {
		troubles = append(troubles, p.resolve(ctx, issue, s))
	}
	return worst(troubles)
}

// worst is the first error that does not pass, or else the first of all.
func worst(all []error) error {
	var found error
	for _, err := range all {
		var passing *Outage
		if err != nil && (found == nil || errors.As(found, &passing)) {
			found = err
		}
	}
	return found
}

// failures are the ways in which the run or the sweep failed.
func (p *issuePublisher) failures(s *report.Summary) (all []failure) {
	if s.Sweep == nil {
		if s.Signature != "" {
			all = append(all, p.failure(s, s.Signature, s.Seed, s.Markdown(bodyMost)))
		}
		return all
	}
	for i, g := range s.Sweep.Groups[:min(len(s.Sweep.Groups), failuresMost)] {
		one := *s
		one.Sweep, one.Seed, one.Verdict, one.Repro = nil, g.First, g.Verdict, g.Repro
		if i > 0 || g.First != s.Seed { // the rest of the summary is of the first group
			one = report.Summary{Test: s.Test, Package: s.Package, Scenario: s.Scenario, Clock: s.Clock, Seed: g.First, Verdict: g.Verdict, Repro: g.Repro, Reasons: []string{g.Reason}}
		}
		all = append(all, p.failure(s, g.Signature, g.First, fmt.Sprintf("%d of %d seeds of a sweep, this one first:\n\n%s", g.Seeds, s.Sweep.Seeds, one.Markdown(bodyMost))))
	}
	return all
}

// bodyMost is how long our part of an issue may be; GitHub takes 65536 characters.
const bodyMost = 40 << 10

func (p *issuePublisher) failure(s *report.Summary, signature string, seed uint64, text string) failure {
	title := fmt.Sprintf("SimCity: %s: %s", s.Scenario, signature)
	const most = 200
	if len(title) > most {
		title = strings.ToValidUTF8(title[:most], "") + "…"
	}
	return failure{mark: markOf(s, signature, seed), title: quiet(title), text: text}
}

// quiet keeps a text from calling people.
func quiet(text string) string { return strings.ReplaceAll(text, "@", "@\u200b") }

// keep opens, updates or reopens the issue of a failure. A POST that got no answer may
// have been obeyed, so before another the issues are looked through again.
func (p *issuePublisher) keep(ctx context.Context, f failure, all []githubIssue, output io.Writer) error {
	for try := 1; ; try++ {
		err := p.keepOnce(ctx, f, all, output)
		if !again(err, try) {
			return err
		}
		if err := p.tracker.wait(ctx, backoff(try), err); err != nil {
			return err
		}
		if all, err = p.tracker.list(ctx); err != nil {
			return err
		}
	}
}

func (p *issuePublisher) keepOnce(ctx context.Context, f failure, all []githubIssue, output io.Writer) error {
	issue := of(all, f.mark)
	if issue == nil {
		return p.open(ctx, f)
	}
	before, _ := readMark(issue.Body)
	f.seen = before.seen + 1
	change := issueChange{Body: f.into(issue.Body, p.text(f))}
	switch {
	case issue.State == "open":
		return p.tracker.change(ctx, issue.Number, change)
	case issue.StateReason == "not_planned":
		fmt.Fprintf(output, "simcity note: issue #%d tells of this failure and is closed as not planned\n", issue.Number)
		return nil
	}
	change.State, change.StateReason = "open", "reopened"
	if err := p.tracker.change(ctx, issue.Number, change); err != nil {
		return err
	}
	return p.tracker.comment(ctx, issue.Number, "It is back"+p.job()+".")
}

// open opens an issue. If another process did so at the same time, the older one stays.
func (p *issuePublisher) open(ctx context.Context, f failure) error {
	made, err := p.tracker.create(ctx, f.title, f.section(p.text(f)))
	if err != nil {
		return err
	}
	all, err := p.tracker.list(ctx)
	if err != nil {
		return nil //nolint:nilerr // the issue is there; that it is the only one is not known
	}
	if oldest := of(all, f.mark); oldest != nil && oldest.State == "open" && oldest.Number < made.Number {
		return p.tracker.change(ctx, made.Number, issueChange{State: "closed", StateReason: "not_planned", Body: fmt.Sprintf("The same as #%d, opened at the same time.", oldest.Number)})
	}
	return nil
}

// text is what an issue says.
func (p *issuePublisher) text(f failure) string {
	return fmt.Sprintf("Seen %s, last on %s%s.\n\n%s", times(f.seen), now().UTC().Format("2006-01-02 15:04 MST"), p.job(), f.text)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// job is where readers find the run.
func (p *issuePublisher) job() string {
	if p.config.Job == "" {
		return ""
	}
	return " in " + p.config.Job
}

// gone are the open issues whose failure has gone.
func (p *issuePublisher) gone(s *report.Summary, all []githubIssue) (gone []githubIssue) {
	if p.config.Resolved == "" {
		return nil
	}
	resolved := map[string]bool{}
	if s.Sweep != nil {
		for _, g := range s.Sweep.Resolved {
			resolved[markOf(s, g.Signature, 0).key] = true
		}
	}
	test := markOf(s, "", 0).test
	for _, issue := range all {
		m, _ := readMark(issue.Body)
		passed := s.Sweep == nil && s.Verdict == string(simcity.Pass) && (m.seed == s.Seed || s.Clock == "paced")
		if issue.State == "open" && m.test == test && (passed || resolved[m.key]) {
			gone = append(gone, issue)
		}
	}
	return gone
}

func (p *issuePublisher) resolve(ctx context.Context, issue githubIssue, s *report.Summary) error {
	m, _ := readMark(issue.Body)
	text := fmt.Sprintf("It has gone: seed %d passes%s.", m.seed, p.job())
	if p.config.Resolved == "comment" {
		const said = "<!-- simcity gone -->"
		if strings.Contains(issue.Body, said) {
			return nil // once is enough
		}
		if err := p.tracker.change(ctx, issue.Number, issueChange{Body: issue.Body + "\n" + said}); err != nil {
			return err
		}
		return p.tracker.comment(ctx, issue.Number, text)
	}
	if err := p.tracker.comment(ctx, issue.Number, text); err != nil {
		return err
	}
	return p.tracker.change(ctx, issue.Number, issueChange{State: "closed", StateReason: "completed"})
}
