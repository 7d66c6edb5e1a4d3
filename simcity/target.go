package simcity

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
)

// A Target is the system under test and how to reach it.
type Target interface {
	// open makes the way to the target. It is called once per run, inside the
	// bubble of a Virtual run.
	open(r *run) (http.RoundTripper, error)
	baseURL() string
	validate(clock Clock, scenario *Scenario) error
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
	if isNil(handler) {
		return &inProcess{}
	}
	return &inProcess{
		factory: func(*World) (http.Handler, error) { return handlerOnly{handler}, nil },
	}
}

// isNil tells whether a handler is none, or a pointer or a function that is nil.
func isNil(handler http.Handler) bool {
	v := reflect.ValueOf(handler)
	return handler == nil || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil()
}

// handlerOnly hides other methods, such as Close, of a handler that runs share.
type handlerOnly struct{ http.Handler }

type inProcess struct {
	factory func(*World) (http.Handler, error)
}

func (p *inProcess) baseURL() string { return "http://host.simcity.invalid" }

func (p *inProcess) validate(Clock, *Scenario) error {
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
	if isNil(handler) {
		return nil, fmt.Errorf("simcity: the target's factory returned a nil handler (%T) and no error: let it return the handler that it built", handler)
	}
	if closer, ok := handler.(io.Closer); ok {
		r.world.OnClose(func(context.Context) error { return closer.Close() })
	}
	return &handlerTransport{run: r, handler: handler}, nil
}
