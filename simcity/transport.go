package simcity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"github.com/bookiji/simcity/internal/conductor"
)

// maxBody is how much of a response body a citizen reads. A longer one is an
// error of the operation.
const maxBody = 8 << 20

// ErrBodyTooLong is the error of a response whose body exceeds 8 MiB.
var ErrBodyTooLong = errors.New("simcity: response body longer than 8 MiB")

// clientFor makes the HTTP client of a citizen, or of the run if c is nil.
func (r *run) clientFor(c *Citizen) *http.Client {
	client := &http.Client{
		Transport:     &citizenTransport{run: r, citizen: c},
		CheckRedirect: r.sameHost,
	}
	if r.remote != nil {
		client.Jar = &cookies{}
	}
	return client
}

// sameHost lets redirects through within the target only.
func (r *run) sameHost(request *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= 10:
		return errors.New("simcity: more than 10 redirects")
	case request.URL.Host != via[0].URL.Host:
		return fmt.Errorf("simcity: redirect to another host, %s, refused", request.URL.Host)
	}
	return nil
}

// citizenTransport is the outermost layer: it knows who asks, and tells the
// operation under way what was answered.
type citizenTransport struct {
	run     *run
	citizen *Citizen
}

func (t *citizenTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if c := t.citizen; c != nil && handsOf(request.Context()) == nil {
		request = request.WithContext(t.run.withActor(request.Context(), c.actor))
	} else if a := t.run.prober.Load(); c == nil && a != nil && handsOf(request.Context()) == nil {
		request = request.WithContext(t.run.withActor(request.Context(), a))
	}
	transport := t.run.seams.transport()
	if transport == nil {
		return nil, errors.New("simcity: the target is not built yet: send no request from its factory")
	}
	request, err := t.run.remote.dress(request, t.citizen)
	if err != nil {
		return nil, err
	}
	response, err := transport.RoundTrip(request)
	if t.citizen == nil || t.citizen.entering {
		return response, err
	}
	op := t.citizen.operation
	if op == nil {
		if !t.citizen.leaving {
			t.run.census.happened(&t.citizen.population.outside, t.run.remote.scrub(request.Method+" "+request.URL.Path, t.citizen))
		}
		return response, err
	}
	if err != nil {
		if errors.Is(err, ErrOver) {
			op.cut = true
		} else {
			op.answered(0, Failed)
		}
		return nil, err
	}
	whole, ok := response.Body.(*wholeBody)
	if !ok { // a fault has answered, or changed the answer
		whole = readWhole(response.Body)
		response.Body = whole
	}
	op.brokeOff = op.brokeOff || whole.broken != nil
	outcome := t.run.classify(response, whole.content)
	op.answered(response.StatusCode, outcome)
	if outcome != OK {
		op.said = t.run.remote.scrub(excerpt(whole.content), t.citizen)
	}
	return response, nil
}

// excerpt is the beginning of what a target answered, in one line.
func excerpt(body []byte) string {
	const most = 200
	return strings.Join(strings.Fields(string(body[:min(len(body), most)])), " ")
}

// readWhole reads what a fault has made of a body. How the reading ended is told
// to whoever reads on.
func readWhole(body io.ReadCloser) *wholeBody {
	content, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	_ = body.Close()
	if len(content) > maxBody {
		content, err = content[:maxBody], ErrBodyTooLong
	}
	whole := &wholeBody{broken: err}
	whole.set(content)
	return whole
}

// wholeBody is a response body that is all there.
type wholeBody struct {
	bytes.Reader
	content []byte
	broken  error // what comes in place of the end
}

func (b *wholeBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF && b.broken != nil {
		err = b.broken
	}
	return n, err
}

func (b *wholeBody) WriteTo(w io.Writer) (int64, error) {
	n, err := b.Reader.WriteTo(w)
	if err == nil {
		err = b.broken
	}
	return n, err
}

func (b *wholeBody) set(content []byte) {
	b.content = content
	b.Reset(content)
}

func (*wholeBody) Close() error { return nil }

// handlerTransport calls the handler directly, in the run's conductor: the call
// begins when the schedule says so and the answer arrives when the handler has
// returned, however much simulated time it took.
type handlerTransport struct {
	run     *run
	handler http.Handler

	mu     sync.Mutex
	idle   []*worker
	closed bool
}

func (t *handlerTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	h := handsOf(request.Context())
	if h == nil {
		return nil, errors.New("simcity: a request without an actor: make it with the context that the agent, collector or fault was given")
	}
	if err := request.Context().Err(); err != nil {
		return nil, t.run.overOr(err)
	}
	if err := h.actor.BeginHostCode(request.Method + " " + request.URL.Path); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(h.host)
	x := &exchange{transport: t, request: serverRequest(ctx, request, h.from)}
	x.answer.header = make(http.Header)
	h.actor.Begin(&x.call)
	t.work(x)
	answered, err := t.run.await(request.Context(), h.actor, &x.call)
	if !answered {
		if err == nil {
			err = fmt.Errorf("simcity: no answer to %s %s within the deadline of %s: %w",
				request.Method, request.URL.Path, t.run.scenario.RequestTimeout, context.DeadlineExceeded)
		}
		cancel(err)
		return nil, t.run.overOr(err)
	}
	cancel(nil)
	return x.result(request)
}

// serverRequest is the request as a server would see it: its own URL, header
// and context.
func serverRequest(ctx context.Context, request *http.Request, address string) *http.Request {
	r := request.WithContext(ctx)
	r.URL = &url.URL{Path: request.URL.Path, RawPath: request.URL.RawPath, RawQuery: request.URL.RawQuery}
	if r.URL.Path == "" {
		r.URL.Path = "/"
	}
	r.Header = maps.Clone(request.Header)
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if r.Host == "" {
		r.Host = request.URL.Host
	}
	if request.URL.User != nil && r.Header.Get("Authorization") == "" {
		password, _ := request.URL.User.Password()
		r.SetBasicAuth(request.URL.User.Username(), password)
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	if r.ContentLength > 0 {
		r.Header["Content-Length"] = []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	r.RequestURI = r.URL.RequestURI()
	r.RemoteAddr = address
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	r.GetBody = nil
	return r
}

// An exchange is one request on its way through the handler, and its answer. It
// is one piece of memory, because a run makes millions of them.
type exchange struct {
	transport *handlerTransport
	request   *http.Request
	answer    answer
	call      conductor.Call
	failure   error // the connection broke, as the client sees it
	response  http.Response
	body      wholeBody
}

// serve runs the handler as net/http's server would: a panic breaks the
// connection, and it becomes a finding.
func (x *exchange) serve() {
	defer x.call.Answer()
	defer x.call.Enter()()
	returned := false
	defer func() {
		switch value := recover(); value {
		case nil:
			if !returned {
				x.failure = errors.New("simcity: the handler ended its goroutine without an answer")
				break
			}
			x.answer.finish(x.request)
		case http.ErrAbortHandler:
			x.failure = errors.New("simcity: the handler aborted the connection")
		case errRunaway:
			x.failure = fmt.Errorf("%w, and the handler wrote on and on", ErrBodyTooLong)
		default:
			x.failure = fmt.Errorf("simcity: the handler panicked: %v", value)
			x.transport.run.panicked(handsOf(x.request.Context()).actor.ID+" in "+x.request.Method+" "+x.request.URL.Path, value, debug.Stack())
		}
		_ = x.request.Body.Close()
	}()
	x.transport.handler.ServeHTTP(&x.answer, x.request)
	returned = true
}

// result is the answer as the client gets it.
func (x *exchange) result(request *http.Request) (*http.Response, error) {
	a := &x.answer
	switch {
	case x.failure != nil:
		return nil, x.failure
	case a.tooLong:
		return nil, fmt.Errorf("%w: %s %s", ErrBodyTooLong, request.Method, request.URL.Path)
	}
	x.body.set(a.body)
	x.response = http.Response{
		Status:     statusLine(a.status),
		StatusCode: a.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        a.sent,
		Body:          &x.body,
		ContentLength: int64(len(a.body)),
		Request:       request,
	}
	return &x.response, nil
}

// statusLine is the status as in "200 OK", without an allocation for the usual.
func statusLine(status int) string {
	switch status {
	case http.StatusOK:
		return "200 OK"
	case http.StatusCreated:
		return "201 Created"
	case http.StatusConflict:
		return "409 Conflict"
	}
	return strconv.Itoa(status) + " " + http.StatusText(status)
}

// A worker is a goroutine that runs handlers, kept for the next call: its stack
// has grown to what handlers need.
type worker struct{ jobs chan *exchange }

const maxIdleWorkers = 64

func (t *handlerTransport) work(x *exchange) {
	t.mu.Lock()
	last := len(t.idle) - 1
	if last < 0 {
		t.mu.Unlock()
		w := &worker{jobs: make(chan *exchange)}
		go t.serveAll(w, x)
		return
	}
	w := t.idle[last]
	t.idle = t.idle[:last]
	t.mu.Unlock()
	w.jobs <- x
}

func (t *handlerTransport) serveAll(w *worker, x *exchange) {
	conductor.GrowStack()
	for ok := true; ok; x, ok = <-w.jobs {
		x.serve()
		t.mu.Lock()
		keep := len(t.idle) < maxIdleWorkers && !t.closed
		if keep {
			t.idle = append(t.idle, w)
		}
		t.mu.Unlock()
		if !keep {
			return
		}
	}
}

// close ends the idle workers.
func (t *handlerTransport) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, w := range t.idle {
		close(w.jobs)
	}
	t.idle = nil
}
