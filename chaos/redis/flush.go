package redis

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// Flush deletes a share of the keys, as an eviction storm or a restart without a
// dump does. Which ones depends on their names alone: the keys in order, and
// with a share of 0.25 every fourth. There is nothing to undo: a cache fills
// again. It touches the keys that it deleted.
type Flush struct {
	// Share of the keys, above 0 to 1. Default 1.
	Share float64 `json:"share" default:"1" range:">0..1" doc:"share of the keys"`
	// Match is a pattern of names, as SCAN takes it. Default: all keys of the
	// client's database.
	Match string `json:"match" doc:"pattern of the keys' names, as SCAN takes it; empty: all"`
	// Client is where. Default: the one that the host offers.
	Client redis.UniversalClient `json:"-"`
}

// Fault is the fault FLUSH_REDIS.
func (f Flush) Fault() simcity.Fault {
	fault := f.declare()
	fault.Ready = func(w *simcity.World) error { return ready(w, f.Client) }
	fault.Inject = func(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		client, err := clientOf(w, f.Client)
		if err != nil {
			return nil, err
		}
		dropped, err := f.flush(client)
		touched.Add(dropped)
		return nil, err
	}
	return fault
}

// declare gives the fault its defaults and says what cannot work.
func (f *Flush) declare() simcity.Fault { return chaos.Declare("FLUSH_REDIS", f) }

// FlushHook is the same fault as a function, for hosts that are asked to
// invalidate a share of their cache: chaos.Hooks takes it as InvalidateCache. A
// share of 0 drops nothing.
func FlushHook(client redis.UniversalClient) func(ctx context.Context, share float64) (dropped int64, err error) {
	return func(_ context.Context, share float64) (int64, error) {
		if share == 0 {
			return 0, nil
		}
		f := Flush{Share: share}
		if err := f.declare().Err; err != nil {
			return 0, err
		}
		return f.flush(client)
	}
}

// flush deletes the keys on each server.
func (f Flush) flush(client redis.UniversalClient) (dropped int64, err error) {
	var mu sync.Mutex // the servers of a cluster are visited together
	err = visit(client, func(ctx context.Context, server *redis.Client) error {
		keys, err := f.keys(ctx, server)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(f.chosen(keys), keysPerCall) {
			n, err := server.Unlink(ctx, chunk...).Result()
			mu.Lock()
			dropped += n
			mu.Unlock()
			if err != nil {
				return err
			}
		}
		return nil
	})
	return dropped, err
}

// keysPerCall is how many keys a server is asked for or told at once.
const keysPerCall = 1000

// keys lists the keys in order, each once.
func (f Flush) keys(ctx context.Context, server *redis.Client) ([]string, error) {
	var keys []string
	for cursor := uint64(0); ; {
		found, next, err := server.Scan(ctx, cursor, f.Match, keysPerCall).Result()
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
		if cursor = next; cursor == 0 {
			break
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// rounding makes up for shares such as a third that have no exact number.
const rounding = 1e-9

// chosen are those keys with which the share of the keys so far reaches the next
// whole number.
func (f Flush) chosen(keys []string) []string {
	upTo := func(n int) float64 { return math.Floor(float64(n)*f.Share + rounding) }
	var chosen []string
	for i, key := range keys {
		if upTo(i+1) > upTo(i) {
			chosen = append(chosen, key)
		}
	}
	return chosen
}
