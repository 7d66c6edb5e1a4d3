package simcity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// A Target is the system under test and how to reach it.
type Target interface {
	// open makes the way to the target. It is called once per run, inside the
	// bubble of a Virtual run.
	open(r *run) (http.RoundTripper, error)
	baseURL() string
	validate(clock Clock) error
}

// InProcess is a target whose handler is built anew for each run by factory,
// inside the bubble of a Virtual run, so that all of the host lives on
// simulated time. If the handler has a Close() error method, or the factory
// registers [World.OnClose], it is closed at the end; an error from Close fails
// the run, and so do goroutines that a host with a Close leaves behind.
func InProcess(factory func(*World) (http.Handler, error)) Target {
	return &inProcess{factory: factory}
}

// Handler is [InProcess] for a handler that needs no building. It is shared by
// all runs, so a run may depend on what earlier ones left in it: prefer
// InProcess for anything that keeps state.
func Handler(handler http.Handler) Target {
	if handler == nil {
		return &inProcess{}
	}
	return &inProcess{
		factory: func(*World) (http.Handler, error) { return handlerOnly{handler}, nil },
	}
}

// handlerOnly hides other methods, such as Close, of a handler that runs share.
type handlerOnly struct{ http.Handler }

type inProcess struct {
	factory func(*World) (http.Handler, error)
}

func (p *inProcess) baseURL() string { return "http://host.simcity.invalid" }

func (p *inProcess) validate(Clock) error {
	if p.factory == nil {
		return &FieldError{Field: "Target", Value: "nil", Allowed: "a factory or a handler", Fix: "give simcity.InProcess(func(*simcity.World) (http.Handler, error) { ... })"}
	}
	return nil
}

func (p *inProcess) open(r *run) (http.RoundTripper, error) {
	handler, err := p.factory(r.world)
	if err != nil {
		return nil, fmt.Errorf("simcity: the target's factory failed: %w", err)
	}
	if handler == nil {
		return nil, errors.New("simcity: the target's factory returned no handler and no error")
	}
	if closer, ok := handler.(io.Closer); ok {
		r.world.OnClose(func(context.Context) error { return closer.Close() })
	}
	return &handlerTransport{run: r, handler: handler}, nil
}

// URL is a target that serves HTTP elsewhere. It needs a Stepped or Paced
// clock. For now only loopback addresses are accepted; everything else fails
// closed.
func URL(base string) Target { return &urlTarget{base: strings.TrimSuffix(base, "/")} }

type urlTarget struct{ base string }

func (u *urlTarget) baseURL() string { return u.base }

func (u *urlTarget) validate(clock Clock) error {
	parsed, err := url.Parse(u.base)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return &FieldError{Field: "Target", Value: "an URL that does not parse", Allowed: "http://host:port", Fix: "give scheme and host"}
	}
	if parsed.User != nil {
		return &FieldError{Field: "Target", Value: parsed.Redacted(), Allowed: "an URL without user and password", Fix: "send credentials by a header of the binding"}
	}
	if host := parsed.Hostname(); host != "127.0.0.1" && host != "::1" && host != "localhost" {
		return &FieldError{Field: "Target", Value: u.base, Allowed: "loopback addresses", Fix: "start the system under test on 127.0.0.1"}
	}
	if !clock.inner.HostTimeIsReal() {
		return &FieldError{Field: "Target", Value: u.base, Allowed: "a Stepped or Paced clock", Fix: "a server elsewhere lives on real time: add .Clock(simcity.Stepped()) or .Clock(simcity.Paced(100))"}
	}
	return nil
}

func (u *urlTarget) open(r *run) (http.RoundTripper, error) {
	transport := &http.Transport{
		MaxIdleConnsPerHost: 64,
		DisableCompression:  true,
	}
	r.world.OnClose(func(context.Context) error { transport.CloseIdleConnections(); return nil })
	return &networkTransport{run: r, inner: transport}, nil
}
