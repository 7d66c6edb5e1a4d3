package redis

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// DropConnections ends all connections of ordinary clients from the server's
// side, as a failover does (CLIENT KILL). Pools connect anew. It touches the
// connections that it ended.
type DropConnections struct {
	// Every is the simulated time from one drop to the next while the fault lasts,
	// 100 ms or more. Default: it drops once.
	Every time.Duration `json:"everyMs" range:"100..86400000" unit:"ms" doc:"from one drop to the next; none: it drops once"`
	// Client is where. Default: the one that the host offers.
	Client redis.UniversalClient `json:"-"`
}

// Fault is the fault DROP_REDIS_CONNECTIONS.
func (d DropConnections) Fault() simcity.Fault {
	fault := chaos.Declare("DROP_REDIS_CONNECTIONS", &d)
	fault.Ready = func(w *simcity.World) error { return ready(w, d.Client) }
	fault.Inject = d.inject
	return fault
}

func (d DropConnections) inject(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
	client, err := clientOf(w, d.Client)
	if err != nil {
		return nil, err
	}
	if err := drop(client, touched); err != nil || d.Every == 0 {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	w.Go(ctx, "drop", func(ctx context.Context) {
		for simcity.Sleep(ctx, d.Every) == nil {
			if err := drop(client, touched); err != nil {
				w.Note("DROP_REDIS_CONNECTIONS could not strike again: %v", err)
				return
			}
		}
	})
	return func(context.Context) error { cancel(); return nil }, nil
}

func drop(client redis.UniversalClient, touched *simcity.Touched) error {
	var dropped atomic.Int64
	err := visit(client, func(ctx context.Context, server *redis.Client) error {
		n, err := server.ClientKillByFilter(ctx, "TYPE", "normal", "SKIPME", "yes").Result()
		dropped.Add(n)
		return err
	})
	touched.Add(dropped.Load())
	return err
}
