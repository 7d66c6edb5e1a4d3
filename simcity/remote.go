package simcity

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bookiji/simcity/internal/staging"
)

// Headers of every request to a target elsewhere: which run it belongs to and
// who makes it, a citizen or an actor of the engine.
const (
	HeaderRun     = "X-SimCity-Run"
	HeaderCitizen = "X-SimCity-Citizen"
	// HeaderSecret carries the secret that test hooks share, to /api/test/ alone.
	HeaderSecret = "X-SimCity-Secret"
)

// The same, as keys of an http.Header.
var (
	keyRun     = http.CanonicalHeaderKey(HeaderRun)
	keyCitizen = http.CanonicalHeaderKey(HeaderCitizen)
	keySecret  = http.CanonicalHeaderKey(HeaderSecret)
)

// remote is the way of one run to a target elsewhere.
type remote struct {
	run      *run
	target   *URLTarget
	guard    *staging.Guard
	limits   Limits
	identity staging.Identity

	transport *http.Transport
	governor  governor
	phases    *phases
	runHeader []string
	inFlight  atomic.Int64
	requests  atomic.Int64
	refusal   atomic.Bool // of the secret, told once
	off       func()      // of the limit of time
}

func newRemote(r *run, u *URLTarget, guard *staging.Guard) *remote {
	l := &remote{run: r, target: u, guard: guard, limits: u.limitsFor(guard), phases: newPhases(), runHeader: []string{r.id}}
	l.governor.rate = l.limits.Rate
	l.phases.watch(guard)
	l.transport = &http.Transport{
		Proxy:               u.proxy,
		DialContext:         l.dial(guard),
		TLSClientConfig:     &tls.Config{RootCAs: u.roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 1024,
		IdleConnTimeout:     90 * time.Second,
		WriteBufferSize:     1 << 10, // for each of the idle connections that many citizens leave
		ReadBufferSize:      2 << 10,
		DisableCompression:  true, // bodies are bounded as they come
	}
	return l
}

// allowed are the limits in force, none for a target in process.
func (l *remote) allowed() Limits {
	if l == nil {
		return Limits{}
	}
	return l.limits
}

// dial connects through the guard. Behind a proxy, whose address is no target's,
// others are dialled as well.
func (l *remote) dial(guard *staging.Guard) func(ctx context.Context, network, address string) (net.Conn, error) {
	if l.target.proxy == nil {
		return guard.DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if guard.Is(address) {
			return guard.DialContext(ctx, network, address)
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

// outOfTime ends a run that has reached its limit of real time.
func (l *remote) outOfTime() {
	l.run.find(Finding{Kind: FindingTarget, Severity: InconclusiveFinding, Text: fmt.Sprintf("the target's limit of %s of real time was reached: the run was ended", l.limits.Duration)})
	l.run.steering.stop("limit")
}

// open begins the time that the run may take, and asks the target who it is.
func (l *remote) open() error {
	l.off = endAfter(l.limits.Duration, l.outOfTime)
	ctx, cancel := context.WithTimeout(l.run.ctx, l.run.scenario.RequestTimeout)
	defer cancel()
	header := http.Header{keyRun: {l.run.id}, keyCitizen: {"run"}}
	identity, err := l.guard.Identify(ctx, l.transport, header, l.target.environment)
	l.identity = identity
	return refused(err)
}

// A badge is what a citizen's requests carry, made once.
type badge struct {
	id     []string
	token  string // of its login
	bearer []string
}

// dress makes a request ready to leave: who sends it, and what lets it in.
//
// A run to a target in process has no way there, and its requests stay as they are.
func (l *remote) dress(request *http.Request, c *Citizen) (*http.Request, error) {
	if l == nil {
		return request, nil
	}
	if err := l.guard.Allowed(request.URL); err != nil {
		return nil, refused(err)
	}
	request = request.WithContext(request.Context())
	request.Header = maps.Clone(request.Header)
	if request.Header == nil {
		request.Header = make(http.Header)
	}
	request.Header[keyRun] = l.runHeader
	if c != nil {
		if c.badge.id == nil {
			c.badge.id = []string{c.id}
		}
		request.Header[keyCitizen] = c.badge.id
		if c.badge.bearer != nil && request.Header["Authorization"] == nil {
			request.Header["Authorization"] = c.badge.bearer
		}
	}
	delete(request.Header, keySecret)
	if l.target.secret != "" && l.mayKnowSecret(request, c) {
		request.Header[keySecret] = []string{l.target.secret}
	}
	if l.target.decorate == nil {
		return request, nil
	}
	return request, l.target.decorate(request.Context(), c, request)
}

// mayKnowSecret tells whether the secret goes with a request: with a citizen's to
// log in, and with those of faults and probes to the test hooks.
func (l *remote) mayKnowSecret(request *http.Request, c *Citizen) bool {
	path, ours := strings.CutPrefix(request.URL.Path, l.guard.Path())
	switch {
	case !ours || strings.Contains(path, ".."):
		return false
	case c != nil:
		return request.Method == http.MethodPost && path == staging.LoginPath
	}
	return strings.HasPrefix(path, "/api/test/")
}

// login lets a citizen in, before its life begins.
func (l *remote) login(ctx context.Context, c *Citizen) error {
	c.entering = true
	defer func() { c.entering = false }()
	body, err := json.Marshal(map[string]string{"citizen": c.id, "email": c.Email()})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL()+staging.LoginPath, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.Client().Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return l.admitted(c, response)
}

// admitted takes the answer to a login.
func (l *remote) admitted(c *Citizen, response *http.Response) error {
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return l.shutOut(status)
	case status != http.StatusOK:
		return fmt.Errorf("simcity: POST %s answered %d", staging.LoginPath, status)
	}
	var said struct{ Token string }
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) > 0 && json.Unmarshal(body, &said) != nil {
		return fmt.Errorf("simcity: POST %s answered something that is not JSON", staging.LoginPath)
	}
	if said.Token == "" && len(response.Cookies()) == 0 {
		return fmt.Errorf("simcity: POST %s answered neither a token nor a cookie", staging.LoginPath)
	}
	if c.badge.token = said.Token; said.Token != "" {
		c.badge.bearer = []string{"Bearer " + said.Token}
	}
	return nil
}

// shutOut ends the run: without the right secret nobody gets in.
func (l *remote) shutOut(status int) error {
	err := &FieldError{Field: "Target.Login", Value: fmt.Sprintf("refused by the target with %d", status), Allowed: "the secret of its test hooks", Fix: "give the secret that simcity/testhooks was mounted with, by .Login(os.Getenv(...))"}
	if l.refusal.CompareAndSwap(false, true) {
		l.run.find(Finding{Kind: FindingTarget, Text: err.Error()})
		l.run.endEarly()
	}
	return err
}

// queryOf finds the queries of URLs in texts, where tokens end, and keyOf what is
// called a secret in any other query.
var (
	queryOf = regexp.MustCompile(`(https?://[^\s"?#]*)\?[^\s"]*`)
	keyOf   = regexp.MustCompile(`(?i)([?&][^=&\s"]*(?:key|token|secret|pass|auth|sig|session)[^=&\s"]*=)[^&\s"]*`)
)

const hidden = "[hidden]"

// scrub takes secrets out of a text that is told.
func (l *remote) scrub(text string, c *Citizen) string {
	if l == nil {
		return text
	}
	if strings.ContainsAny(text, "?&") {
		text = queryOf.ReplaceAllString(text, "$1?"+hidden)
		text = keyOf.ReplaceAllString(text, "$1"+hidden)
	}
	text = hide(text, l.target.secret)
	if c != nil {
		text = hide(text, c.badge.token)
	}
	return text
}

func hide(text, secret string) string {
	if secret == "" {
		return text
	}
	return strings.ReplaceAll(text, secret, hidden)
}

// scrubbed is scrub for an operation's input, if that is a text.
func (l *remote) scrubbed(input any, c *Citizen) any {
	if text, ok := input.(string); ok {
		if clean := l.scrub(text, c); clean != text {
			return clean
		}
	}
	return input
}

// close lets go of the connections. A request that is still under way then was
// never answered for.
func (l *remote) close(context.Context) error {
	l.off()
	l.transport.CloseIdleConnections()
	if n := l.inFlight.Load(); n > 0 {
		return errors.New(counted(int(n), "request") + " still under way")
	}
	return nil
}

// doubt says why the target was not loaded as the scenario wants.
func (l *remote) doubt() string {
	if l == nil || l.governor.held.Load() == 0 {
		return ""
	}
	return fmt.Sprintf("%s held back by the target's limit of %g requests per second, so that the load was less than the scenario's; lower it, or raise .Limit(simcity.Limits{Rate: ...})",
		counted(int(l.governor.held.Load()), "request"), l.governor.rate)
}

// A RemoteResult tells of the way to a target elsewhere. Durations are real.
type RemoteResult struct {
	// Target is scheme and host, Environment what it said that it is.
	Target      string `json:"target"`
	Environment string `json:"environment,omitempty"`
	Requests    int64  `json:"requests"`
	// HeldBack counts requests that waited for Limits.Rate, Dropped arrivals that
	// found the city full.
	HeldBack int64 `json:"heldBack"`
	Dropped  int64 `json:"dropped"`
	// InFlight counts requests that were under way when the run ended: always 0,
	// unless something is wrong.
	InFlight int64 `json:"inFlight"`
	// Opened counts connections, Reused the requests that took an old one, and
	// Protocols the answers by protocol.
	Opened    int64            `json:"opened"`
	Reused    int64            `json:"reused"`
	Protocols map[string]int64 `json:"protocols,omitempty"`
	// Phases are those of the requests: dns, connect, tls, firstByte (from the
	// request's last byte to the answer's first) and body.
	Phases map[string]TrendSummary `json:"phases"`
}

// result of a run to a target elsewhere.
func (l *remote) result() *RemoteResult {
	if l == nil {
		return nil
	}
	res := &RemoteResult{
		Target: l.guard.String(), Environment: l.identity.Environment,
		Dropped: l.run.census.dropped(), Requests: l.requests.Load(), HeldBack: l.governor.held.Load(), InFlight: l.inFlight.Load(),
	}
	l.phases.into(res)
	return res
}
