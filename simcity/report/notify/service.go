package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/bookiji/simcity/simcity"
)

// A service is a web service that is called politely: one call at a time, waits
// that it asks for are kept, and there is an end to them.
type service struct {
	name     string
	client   *resty.Client
	secrets  []string            // never shown
	fixes    map[int]string      // what to do about a status
	mutated  time.Time           // when something was changed last
	pause    time.Duration       // between two changes
	patience time.Duration       // for all calls of one report
	message  func([]byte) string // what an answer says
}

const (
	triesMost  = 5
	answerMost = 8 << 20
)

// newService has a client that follows no redirects, for those would take the
// secret elsewhere, and that says nothing.
func newService(name string, transport http.RoundTripper, patience time.Duration) *service {
	if transport == nil {
		transport = http.DefaultTransport
	}
	client := resty.NewWithClient(&http.Client{Transport: transport}).
		SetRedirectPolicy(resty.NoRedirectPolicy()).
		SetResponseBodyLimit(answerMost).
		SetTimeout(30*time.Second).
		SetDisableWarn(true).SetLogger(silent{}).
		SetHeader("Content-Type", "application/json").
		SetHeader("User-Agent", "simcity")
	return &service{name: name, client: client, patience: patience, message: func(body []byte) string { return string(body) }}
}

// silent is a logger that says nothing: a request shows its secrets.
type silent struct{}

// Errorf says nothing.
func (silent) Errorf(string, ...any) {}

// Warnf says nothing.
func (silent) Warnf(string, ...any) {}

// Debugf says nothing.
func (silent) Debugf(string, ...any) {}

// call makes one request, again where the service asks for patience. What was cut
// off in the middle is tried again only if that cannot do it twice: not a POST.
func (s *service) call(ctx context.Context, method, address string, body, into any) (http.Header, error) {
	for try := 1; ; try++ {
		if err := s.rest(ctx, method); err != nil {
			return nil, err
		}
		response, err := s.send(ctx, method, address, body)
		wait, trouble := s.judge(ctx, response, err, try)
		switch {
		case trouble == nil && into == nil:
			return response.Header(), nil
		case trouble == nil:
			return response.Header(), s.decode(response, into)
		case wait == 0 || try >= triesMost:
			return nil, given(trouble)
		case method == http.MethodPost && !limited(response):
			return nil, trouble
		}
		if err := s.wait(ctx, wait, trouble); err != nil {
			return nil, err
		}
	}
}

// given is an error after which there is no other try.
func given(err error) error {
	var down *Outage
	if errors.As(err, &down) {
		down.final = true
	}
	return err
}

// again tells whether another try makes sense after an error.
func again(err error, try int) bool {
	var down *Outage
	return errors.As(err, &down) && !down.final && try < triesMost
}

func (s *service) send(ctx context.Context, method, address string, body any) (*resty.Response, error) {
	request := s.client.R().SetContext(ctx)
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		request.SetBody(text)
	}
	return request.Execute(method, address)
}

func (s *service) decode(response *resty.Response, into any) error {
	if err := json.Unmarshal(response.Body(), into); err != nil {
		return &Outage{Service: s.name, Err: fmt.Errorf("an answer that is no JSON: %w", err)}
	}
	return nil
}

// rest pauses between two changes, as GitHub asks of whoever makes many.
func (s *service) rest(ctx context.Context, method string) error {
	if method == http.MethodGet || s.pause == 0 {
		return nil
	}
	left := s.pause - now().Sub(s.mutated)
	if !s.mutated.IsZero() && left > 0 {
		if err := sleep(ctx, left); err != nil {
			return &Outage{Service: s.name, Err: err, final: true}
		}
	}
	s.mutated = now()
	return nil
}

// judge is what a request came to: no trouble, or trouble and how long to wait before
// another try, 0 for never.
func (s *service) judge(ctx context.Context, response *resty.Response, err error, try int) (time.Duration, error) {
	status := 0
	if response != nil {
		status = response.StatusCode()
	}
	switch {
	case ctx.Err() != nil:
		return 0, &Outage{Service: s.name, Err: ctx.Err(), final: true}
	case status == 0:
		return backoff(try), &Outage{Service: s.name, Err: s.hide(err)}
	case status >= 200 && status < 300 && err == nil:
		return 0, nil
	case limited(response):
		return limitWait(response, try), &Outage{Service: s.name, Err: fmt.Errorf("it asks us to slow down (%d)", status)}
	case status >= 500 || status == http.StatusRequestTimeout || status < 300:
		return backoff(try), &Outage{Service: s.name, Err: fmt.Errorf("it answered %d", status)}
	}
	return 0, &Refusal{Service: s.name, Status: status, Message: excerpt(s.conceal(s.message(response.Body()))), Fix: s.fixes[status]}
}

// wait waits if there is time for it.
func (s *service) wait(ctx context.Context, d time.Duration, why error) error {
	if deadline, ok := ctx.Deadline(); ok && now().Add(d).After(deadline) {
		return &Outage{Service: s.name, Err: fmt.Errorf("%w; the next try would be in %s, and there is no time for it", errors.Unwrap(why), d.Round(time.Second)), final: true}
	}
	if err := sleep(ctx, d); err != nil {
		return &Outage{Service: s.name, Err: err, final: true}
	}
	return nil
}

// hide takes addresses and secrets out of an error of the network.
func (s *service) hide(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	if err == nil {
		return errors.New("no answer")
	}
	return errors.New(excerpt(s.conceal(err.Error())))
}

func (s *service) conceal(text string) string {
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

// excerpt is the beginning of a text, in one line.
func excerpt(text string) string {
	const most = 200
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text[:min(len(text), most)], "\uFFFD")), " ")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

// checkAddress refuses an address that would carry a secret unprotected or show one.
func checkAddress(field string, address Secret) (*url.URL, error) {
	parsed, err := url.Parse(string(address))
	switch {
	case err != nil || parsed.Host == "" || parsed.User != nil:
		return nil, &simcity.FieldError{Field: field, Value: "no address, or one with a user", Allowed: "https://host/...", Fix: "set it to the whole address"}
	case parsed.Scheme != "https" && !(parsed.Scheme == "http" && loopback(parsed.Hostname())):
		return nil, &simcity.FieldError{Field: field, Value: "an address with " + parsed.Scheme + "://", Allowed: "https://, and http:// on loopback", Fix: "the secret would travel unprotected: write https://"}
	}
	return parsed, nil
}
