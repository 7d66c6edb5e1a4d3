package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// A githubIssue is as much of an issue as we need.
// https://docs.github.com/en/rest/issues/issues?apiVersion=2022-11-28
type githubIssue struct {
	Number      int    `json:"number"`
	State       string `json:"state"`        // open or closed
	StateReason string `json:"state_reason"` // completed, not_planned, ... of a closed one
	Body        string `json:"body"`
	PullRequest any    `json:"pull_request"` // not nil: it is none
	Labels      []struct {
		Name string `json:"name"`
	} `json:"labels"`
}

// An issueChange is what is changed of an issue, or a new one.
type issueChange struct {
	Title       string   `json:"title,omitempty"`
	Body        string   `json:"body,omitempty"`
	State       string   `json:"state,omitempty"`
	StateReason string   `json:"state_reason,omitempty"`
	Labels      []string `json:"labels,omitempty"`
}

// pagesMost is how many pages of a hundred issues are looked through.
const pagesMost = 10

// A tracker is the issues of a repository that have our label.
type tracker struct {
	*service
	api        *url.URL
	repository string
	label      string
}

// githubFixes are what to do about what GitHub refuses.
var githubFixes = map[int]string{
	http.StatusMovedPermanently: "the repository has moved: set GITHUB_REPOSITORY to its name of today",
	http.StatusUnauthorized:     "GITHUB_TOKEN is not valid, or has expired",
	http.StatusForbidden:        "give the job the permission issues: write, or the token access to issues",
	http.StatusNotFound:         "the repository of GITHUB_REPOSITORY does not exist, or the token may not see it",
	http.StatusGone:             "issues are switched off for the repository",
}

func githubMessage(body []byte) string {
	var told struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &told) == nil && told.Message != "" {
		return told.Message
	}
	return string(body)
}

func (t *tracker) path(rest string, values ...any) string {
	return t.api.String() + "/repos/" + t.repository + "/issues" + fmt.Sprintf(rest, values...)
}

// list is all issues with our label that have a mark, those that changed last first.
func (t *tracker) list(ctx context.Context) ([]githubIssue, error) {
	var all []githubIssue
	query := url.Values{"labels": {t.label}, "state": {"all"}, "sort": {"updated"}, "direction": {"desc"}, "per_page": {"100"}}
	next := t.path("?%s", query.Encode())
	for page := 1; next != "" && page <= pagesMost; page++ {
		var found []githubIssue
		header, err := t.call(ctx, http.MethodGet, next, nil, &found)
		if err != nil {
			return nil, err
		}
		for _, issue := range found {
			if _, marked := readMark(issue.Body); marked && issue.PullRequest == nil {
				all = append(all, issue)
			}
		}
		if next, err = t.next(header); err != nil {
			return nil, err
		}
	}
	return all, nil
}

var nextLink = regexp.MustCompile(`<([^<>]*)>\s*;[^,]*\brel="?next"?`)

// next is the address of the next page, which must be one of the same service: the
// token goes there.
func (t *tracker) next(header http.Header) (string, error) {
	found := nextLink.FindStringSubmatch(header.Get("Link"))
	if found == nil {
		return "", nil
	}
	address, err := t.api.Parse(found[1])
	if err != nil || address.Host != t.api.Host || address.Scheme != t.api.Scheme {
		return "", &Refusal{Service: t.name, Status: http.StatusOK, Message: "its next page is elsewhere", Fix: "set GITHUB_API_URL to the address that GitHub tells of itself"}
	}
	return address.String(), nil
}

// of is the issue of a failure: one that is open, else the one that changed last.
func of(all []githubIssue, failure mark) *githubIssue {
	var found *githubIssue
	for i := range all {
		m, _ := readMark(all[i].Body)
		switch {
		case m.key != failure.key:
		case found == nil,
			all[i].State == "open" && found.State != "open",
			all[i].State == "open" && all[i].Number < found.Number: // the others are doubles
			found = &all[i]
		}
	}
	return found
}

func (t *tracker) create(ctx context.Context, title, body string) (*githubIssue, error) {
	var made githubIssue
	if _, err := t.call(ctx, http.MethodPost, t.path(""), issueChange{Title: title, Body: body, Labels: []string{t.label}}, &made); err != nil {
		return nil, err
	}
	for _, label := range made.Labels {
		if strings.EqualFold(label.Name, t.label) {
			return &made, nil
		}
	}
	return &made, errNoLabel
}

// errNoLabel: GitHub drops the labels of whoever may not set them, without a word.
var errNoLabel = errors.New("the issue was opened without its label, by which the next report would find it; fix: give the token write access, so that it may set labels")

func (t *tracker) change(ctx context.Context, number int, change issueChange) error {
	_, err := t.call(ctx, http.MethodPatch, t.path("/%d", number), change, nil)
	return err
}

func (t *tracker) comment(ctx context.Context, number int, text string) error {
	_, err := t.call(ctx, http.MethodPost, t.path("/%d/comments", number), map[string]string{"body": text}, nil)
	return err
}
