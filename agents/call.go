package agents

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	json "github.com/go-json-experiment/json/v1"
)

const (
	answerMax  = 4 << 20 // bytes of a response that are read
	excerptMax = 120     // bytes of a bad response that are shown
)

// buffers are reused: an answer is decoded, which copies, before the next.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Call sends one request and decodes the answer; it is what REST's methods
// are made of, for ports of other apps. route is "METHOD /path?query",
// in is encoded as JSON unless nil, out receives the JSON of a 2xx answer
// unless nil. Errors are *[Refusal] and *[BadAnswer].
func (r REST) Call(ctx context.Context, u *User, route string, in, out any) error {
	return r.call(ctx, u, route, "", in, out)
}

func (r REST) call(ctx context.Context, u *User, route, key string, in, out any) error {
	request, err := r.request(ctx, u, route, key, in)
	if err != nil {
		return err
	}
	route = routeOf(route)
	response, err := send(u, request)
	if err != nil {
		return &BadAnswer{Route: route, Reason: "was not answered", Err: err}
	}
	defer response.Body.Close()

	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	buffer.Reset()
	if _, err := buffer.ReadFrom(io.LimitReader(response.Body, answerMax+1)); err != nil {
		return &BadAnswer{Route: route, Status: response.StatusCode, Reason: "with a body that breaks off", Err: err}
	}
	return judge(route, response, buffer.Bytes(), out)
}

// send is what a client's Do is, without the copies of headers that Do makes for a
// redirect of which there seldom is one: it is asked when there is, or cookies are kept.
func send(u *User, request *http.Request) (*http.Response, error) {
	client := *u.Client()
	if client.Jar == nil {
		response, err := u.Send(request)
		if err != nil || response.Header.Get("Location") == "" {
			return response, err
		}
		client.Transport = &begun{response, client.Transport}
	}
	response, err := client.Do(request)
	return response, cause(err)
}

// begun is a transport that has answered its first request already.
type begun struct {
	first *http.Response
	next  http.RoundTripper
}

func (b *begun) RoundTrip(request *http.Request) (*http.Response, error) {
	if first := b.first; first != nil {
		b.first = nil
		return first, nil
	}
	return b.next.RoundTrip(request)
}

func (r REST) request(ctx context.Context, u *User, route, key string, in any) (*http.Request, error) {
	method, path, ok := strings.Cut(route, " ")
	if !ok || !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("agents: route %q is not \"METHOD /path\"", route)
	}
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("agents: body of %s: %w", route, err)
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(u.BaseURL(), "/")+path, body)
	if err != nil {
		return nil, fmt.Errorf("agents: %s: %w", route, err)
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if u.Token != "" {
		request.Header.Set("Authorization", "Bearer "+u.Token)
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	maps.Copy(request.Header, r.Headers)
	if r.Decorate != nil {
		r.Decorate(request, u.Citizen)
	}
	return request, nil
}

// judge says what an answer is worth.
func judge(route string, response *http.Response, body []byte, out any) error {
	bad := func(reason string, err error) error {
		return &BadAnswer{Route: route, Status: response.StatusCode, Reason: reason, Err: err}
	}
	switch status := response.StatusCode; {
	case len(body) > answerMax:
		return bad(fmt.Sprintf("with more than %d bytes", answerMax), nil)
	case status >= 400 && status < 500:
		return refusal(route, response, body)
	case status < 200 || status > 299:
		return bad("with "+excerpt(body), nil)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return bad(fmt.Sprintf("with %s of type %q, which is not the JSON it should be",
			excerpt(body), response.Header.Get("Content-Type")), err)
	}
	return nil
}

// refusal reads {"error":{"code","message"}}, {"error":"text"} and
// {"code","message"}; from any other body it takes nothing.
func refusal(route string, response *http.Response, body []byte) *Refusal {
	r := &Refusal{Route: route, Status: response.StatusCode}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.RetryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
	type problem struct{ Code, Message string }
	var outer struct {
		problem
		Error json.RawMessage
	}
	if json.Unmarshal(body, &outer) != nil {
		return r
	}
	var inner problem
	switch {
	case json.Unmarshal(outer.Error, &inner) == nil && inner != (problem{}):
		outer.problem = inner
	case outer.Code == "":
		_ = json.Unmarshal(outer.Error, &outer.Message)
	}
	r.Code, r.Message = outer.Code, shorten(outer.Message)
	return r
}

// routeOf leaves the query out: errors and reports speak of routes.
func routeOf(route string) string {
	path, _, _ := strings.Cut(route, "?")
	return path
}

// cause takes away http.Client's own wrapping, which repeats the address.
func cause(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

func excerpt(body []byte) string {
	if len(body) == 0 {
		return "an empty body"
	}
	return strconv.Quote(shorten(string(body[:min(len(body), 2*excerptMax)])))
}

func shorten(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > excerptMax {
		return strings.ToValidUTF8(text[:excerptMax], "") + "..."
	}
	return text
}
