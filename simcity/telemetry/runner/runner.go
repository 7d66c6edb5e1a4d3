package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// A Store has requests, and keeps the histories of their runs.
type Store interface {
	telemetry.Store
	telemetry.Requests
}

// A Registry makes the simulation that a request asks for. Its error becomes the
// request's message.
type Registry func(request telemetry.RunRequest) (*simcity.Simulation, error)

// Options of a [Runner]. The zero value is what most need.
type Options struct {
	// Name tells runners apart; no two that work at a time may share one. Default
	// the host's name and the process's number.
	Name string
	// Lease is for how long a request belongs to a runner that is not heard of.
	// Default 30 s. It is renewed three times as often.
	Lease time.Duration
	// Poll is how long to wait when there is nothing to do. Default 2 s.
	Poll time.Duration
	// Telemetry is how histories are delivered.
	Telemetry telemetry.Options
	// Log is told in one line what the runner does. Default nobody.
	Log func(line string)
}

// WithDefaults fills in what is zero.
func (o Options) WithDefaults() Options {
	if o.Name == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "runner"
		}
		o.Name = fmt.Sprintf("%s/%d", host, os.Getpid())
	}
	if o.Lease == 0 {
		o.Lease = 30 * time.Second
	}
	if o.Poll == 0 {
		o.Poll = 2 * time.Second
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	return o
}

// leaseMin leaves room for renewals.
const leaseMin = time.Second

// Validate names the first field that cannot work.
func (o Options) Validate() error {
	if o.Lease != 0 && o.Lease < leaseMin {
		return &telemetry.OptionError{Field: "runner.Options.Lease", Fix: fmt.Sprintf("%s is too short to be renewed; give at least %s, or leave it out for 30 s", o.Lease, leaseMin)}
	}
	if o.Poll < 0 {
		return &telemetry.OptionError{Field: "runner.Options.Poll", Fix: fmt.Sprintf("%s is negative; leave it out for 2 s", o.Poll)}
	}
	return o.Telemetry.Validate()
}

// A Runner claims requests and makes their runs, one at a time. Create one with
// [New].
type Runner struct {
	store   Store
	options Options
	start   func(telemetry.RunRequest) (*game, error)
}

// New returns a runner.
func New(store Store, registry Registry, options Options) (*Runner, error) {
	if err := options.Validate(); err != nil {
		return nil, err
	}
	if store == nil || registry == nil {
		return nil, &telemetry.OptionError{Field: "runner.New", Fix: "give a store with requests, and a registry"}
	}
	r := &Runner{store: store, options: options.WithDefaults()}
	r.start = func(request telemetry.RunRequest) (*game, error) { return r.play(registry, request) }
	return r, nil
}

// Run claims and makes runs until ctx ends, and then returns nil. Trouble of the
// store that passes is waited out; an error that lasts is returned.
func (r *Runner) Run(ctx context.Context) error {
	for {
		worked, err := r.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !telemetry.Transient(err):
			return err
		case err != nil:
			r.log("the store is in trouble: %v", err)
		case worked:
			continue
		}
		if !wait(ctx, r.options.Poll) {
			return nil
		}
	}
}

// Next makes the run of one request, or returns false when there is none.
func (r *Runner) Next(ctx context.Context) (worked bool, err error) {
	request, err := r.store.Claim(ctx, r.options.Name, now(), r.options.Lease)
	if err != nil || request == nil {
		return false, err
	}
	return true, r.serve(ctx, *request)
}

func (r *Runner) log(format string, args ...any) { r.options.Log(fmt.Sprintf(format, args...)) }

// wait waits, and returns false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := newTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// lost tells whether the request is not ours any more.
func lost(err error) bool {
	return errors.Is(err, telemetry.ErrLeaseLost) || errors.Is(err, telemetry.ErrNoRequest)
}
