package telemetry

import (
	"context"
	"fmt"
)

// A Chain checks that events follow one another: no index is missing or there
// twice, and each event's digest before is the digest after the one before it.
// The zero value expects event 0.
type Chain struct {
	next   int64
	digest string
}

// Add checks the next events.
func (c *Chain) Add(events ...Event) error {
	for i := range events {
		e := &events[i]
		if e.Index != c.next {
			return fmt.Errorf("telemetry: event %d comes where %d should", e.Index, c.next)
		}
		if c.next > 0 && e.Before != c.digest {
			return fmt.Errorf("telemetry: event %d begins with digest %s, but the one before it ended with %s", e.Index, e.Before, c.digest)
		}
		c.next, c.digest = e.Index+1, e.After
	}
	return nil
}

// Events is how many events were checked, and Digest where their chain ends.
func (c *Chain) Events() int64 { return c.next }

// Digest is where the chain ends.
func (c *Chain) Digest() string { return c.digest }

// Verify reads the whole history of a run and tells whether it is whole: every
// event once and in order, their chain of digests unbroken and, if the run has
// ended with a digest, up to that one.
func Verify(ctx context.Context, store Store, id string) (*Chain, error) {
	run, err := store.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	chain := new(Chain)
	for {
		page, err := store.Events(ctx, id, chain.next, LimitMax)
		if err != nil {
			return chain, err
		}
		if len(page) == 0 {
			break
		}
		if err := chain.Add(page...); err != nil {
			return chain, err
		}
	}
	if run.Digest != "" && (run.Digest != chain.digest || run.EventCount != chain.next) {
		return chain, fmt.Errorf("telemetry: run %s ended with %d events and digest %s, but the store has %d and %s",
			id, run.EventCount, run.Digest, chain.next, chain.digest)
	}
	return chain, nil
}
