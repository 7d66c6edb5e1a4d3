package telemetry

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// A Reporter hands the history of runs to a sink. It is a [simcity.Reporter] for
// any number of runs, also at a time.
type Reporter struct {
	sink    Sink
	options Options
	create  func(path string) (spoolFile, error) // nil but in tests of full disks
}

// NewReporter returns a reporter over a sink. The sink stays open when a run
// ends; Close closes it.
func NewReporter(sink Sink, options Options) *Reporter {
	return &Reporter{sink: sink, options: options}
}

// Begin announces a run to the sink and starts its delivery. A sink that refuses,
// or that does not answer for BeginTimeout, refuses the run.
func (r *Reporter) Begin(info simcity.RunInfo) (simcity.Recorder, error) {
	if err := r.options.Validate(); err != nil {
		return nil, err
	}
	if r.sink == nil {
		return nil, &OptionError{Field: "Sink", Fix: "nil is none; give telemetry.NewMemory() or a store"}
	}
	o := r.options.WithDefaults()
	run := begunRun(info, o)
	backoff := newBackoff(o, run.ID)
	if err := announce(r.sink, run, o, backoff); err != nil {
		return nil, err
	}
	rec := newRecorder(r.sink, run, o, r.create)
	rec.backoff, rec.duration = backoff, info.Duration
	if rec.journaling {
		if err := rec.spool.start(0, nil); err != nil {
			return nil, fmt.Errorf("telemetry: the run's journal: %w; set Options.SpillDir to a folder that can be written, or Options.Journal to JournalOnOutage", err)
		}
		rec.spool.tail = newTail(rec.spool.path)
	}
	rec.begin()
	return rec, nil
}

// Close closes the sink if it can be closed.
func (r *Reporter) Close() error {
	if closer, ok := r.sink.(Closer); ok {
		return closer.Close()
	}
	return nil
}

// announce tries to begin the run until BeginTimeout.
func announce(sink Sink, run Run, o Options, b *backoff) error {
	ctx, cancel := context.WithTimeout(context.Background(), o.BeginTimeout)
	defer cancel()
	for {
		err := sink.BeginRun(ctx, run)
		if err == nil {
			b.reset()
			return nil
		}
		if !Transient(err) {
			return err
		}
		if !b.wait(ctx, o.BackoffMax, nil, nil) {
			return fmt.Errorf("telemetry: the store did not take the run for %s: %w", o.BeginTimeout, err)
		}
	}
}

// Register makes a store available to SIMCITY_TELEMETRY under the word before its
// colon. open gets what follows: the path of sqlite:path, and //host/db of
// postgres://host/db. Packages of stores call it when they are imported.
func Register(scheme string, open func(rest string) (Store, error)) {
	simcity.RegisterTelemetry(scheme, func(dsn string) (simcity.Reporter, error) {
		rest := ""
		if len(dsn) > len(scheme) {
			rest = dsn[len(scheme)+1:]
		}
		store, err := open(rest)
		if err != nil {
			return nil, err
		}
		return NewReporter(store, Options{}), nil
	})
}

// A backoff is the wait before another try: it doubles, and is drawn between its
// half and its whole, so that those who failed together do not return together.
type backoff struct {
	least, most, next time.Duration
	dice              *rand.Rand
}

func newBackoff(o Options, runID string) *backoff {
	h := fnv.New64a()
	_, _ = h.Write([]byte(runID)) // never fails
	return &backoff{least: o.BackoffMin, most: o.BackoffMax, next: o.BackoffMin, dice: rand.New(rand.NewPCG(h.Sum64(), 1))}
}

func (b *backoff) reset() { b.next = b.least }

// wait waits for most at most and returns false when ctx ended first. Either hurry
// ends the wait early.
func (b *backoff) wait(ctx context.Context, most time.Duration, hurry, held <-chan struct{}) bool {
	next := min(b.next, most)
	d := next/2 + time.Duration(b.dice.Int64N(int64(next/2)+1))
	b.next = min(2*b.next, b.most)
	timer := newTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-hurry:
	case <-held:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// errFlush is why a delivery ends that takes too long.
var errFlush = errors.New("the store did not take the rest in time (Options.FlushTimeout)")
