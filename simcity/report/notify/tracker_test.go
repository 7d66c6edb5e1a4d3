package notify_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const token = "ghs_secretsecretsecret0123456789"

// An issue of the tracker.
type issue struct {
	Number      int                 `json:"number"`
	Title       string              `json:"title"`
	Body        string              `json:"body"`
	State       string              `json:"state"`
	StateReason *string             `json:"state_reason"`
	Labels      []map[string]string `json:"labels"`
	PullRequest map[string]string   `json:"pull_request,omitempty"`
	comments    []string
}

// A forge answers as GitHub's REST API documents it, and remembers.
type forge struct {
	mu      sync.Mutex
	t       *testing.T
	issues  []*issue
	perPage int
	// trouble is asked first: an answer of its own hides the forge.
	trouble   func(w http.ResponseWriter, r *http.Request) bool
	mayLabel  bool
	calls     []string
	at        []time.Time
	elsewhere bool // the next page is said to be on another host
}

func newForge(t *testing.T) *forge {
	return &forge{t: t, perPage: 100, mayLabel: true}
}

// RoundTrip lets a client reach the forge without a network, also in a bubble.
func (f *forge) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	response := w.Result()
	response.Request = r
	return response, nil
}

func (f *forge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.at = append(f.calls, r.Method+" "+r.URL.Path), append(f.at, time.Now())
	if f.trouble != nil && f.trouble(w, r) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+token {
		refuse(w, 401, "Bad credentials")
		return
	}
	if r.Header.Get("Accept") != "application/vnd.github+json" || r.Header.Get("X-Github-Api-Version") != "2022-11-28" || r.UserAgent() == "" {
		refuse(w, 400, "headers")
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/repos/acme/shop/issues")
	switch {
	case !ok:
		refuse(w, 404, "Not Found")
	case r.Method == "GET" && rest == "":
		f.list(w, r)
	case r.Method == "POST" && rest == "":
		f.open(w, r)
	default:
		f.one(w, r, rest)
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q,"documentation_url":"https://docs.github.com/rest"}`, message)
}

func (f *forge) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("labels") != "simcity" || query.Get("state") != "all" || query.Get("per_page") != "100" {
		refuse(w, 422, "query "+r.URL.RawQuery)
		return
	}
	page, _ := strconv.Atoi(query.Get("page"))
	from := max(page-1, 0) * f.perPage
	found := slices.Clone(f.issues)
	slices.Reverse(found)
	if from+f.perPage < len(found) {
		host := r.URL.Scheme + "://" + r.Host
		if f.elsewhere {
			host = "https://evil.example"
		}
		query.Set("page", strconv.Itoa(max(page, 1)+1))
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next", <%s%s?page=9>; rel="last"`, host, r.URL.Path, query.Encode(), host, r.URL.Path))
	}
	_ = json.NewEncoder(w).Encode(found[min(from, len(found)):min(from+f.perPage, len(found))])
}

func (f *forge) open(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Title, Body string
		Labels      []string
	}
	if json.NewDecoder(r.Body).Decode(&asked) != nil || asked.Title == "" || len(asked.Title) > 256 || len(asked.Body) > 65536 {
		refuse(w, 422, "Validation Failed")
		return
	}
	made := &issue{Number: len(f.issues) + 1, Title: asked.Title, Body: asked.Body, State: "open", Labels: []map[string]string{}}
	for _, name := range asked.Labels {
		if f.mayLabel {
			made.Labels = append(made.Labels, map[string]string{"name": name})
		}
	}
	f.issues = append(f.issues, made)
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(made)
}

func (f *forge) one(w http.ResponseWriter, r *http.Request, rest string) {
	text, comments := strings.CutSuffix(strings.TrimPrefix(rest, "/"), "/comments")
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || number > len(f.issues) {
		refuse(w, 404, "Not Found")
		return
	}
	found := f.issues[number-1]
	var asked struct {
		Body, State string
		Reason      *string `json:"state_reason"`
	}
	if json.NewDecoder(r.Body).Decode(&asked) != nil || len(asked.Body) > 65536 {
		refuse(w, 422, "Validation Failed")
		return
	}
	switch {
	case r.Method == "POST" && comments:
		found.comments = append(found.comments, asked.Body)
		w.WriteHeader(http.StatusCreated)
	case r.Method == "PATCH" && !comments:
		if asked.Body != "" {
			found.Body = asked.Body
		}
		if asked.State != "" {
			found.State, found.StateReason = asked.State, asked.Reason
		}
	default:
		refuse(w, 404, "Not Found")
		return
	}
	_ = json.NewEncoder(w).Encode(found)
}

// inBubble runs f where time is simulated, so that waits take none.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// waited is the time between the first and the last call.
func (f *forge) waited() time.Duration {
	require.NotEmpty(f.t, f.at)
	return f.at[len(f.at)-1].Sub(f.at[0])
}

// once answers with trouble at the given calls, counted from 1.
func once(answer func(w http.ResponseWriter), at ...int) func(http.ResponseWriter, *http.Request) bool {
	call := 0
	return func(w http.ResponseWriter, _ *http.Request) bool {
		if call++; slices.Contains(at, call) {
			answer(w)
			return true
		}
		return false
	}
}
