package redis

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
)

// Pause makes the server keep its clients waiting (CLIENT PAUSE), as a fork or a
// swapping machine does. They wait in a socket read, so it needs a Stepped or
// Paced clock. It touches the commands that came to the host's seams meanwhile.
type Pause struct {
	// WritesOnly lets reads through. Such a pause ends with the fault; one of all
	// commands holds up its own end too, and lasts for Longest.
	WritesOnly bool `json:"writesOnly" doc:"reads go on"`
	// Longest is after how much real time the server goes on by itself. Default 5
	// seconds, at most a minute, which a test's patience outlasts.
	Longest time.Duration `json:"longestMs" default:"5000" range:"1..60000" unit:"ms" doc:"after how much real time the server goes on by itself"`
	// Client is where. Default: the one that the host offers.
	Client redis.UniversalClient `json:"-"`
}

// Fault is the fault PAUSE_REDIS.
func (p Pause) Fault() simcity.Fault {
	fault := chaos.Declare("PAUSE_REDIS", &p)
	fault.Ready = func(w *simcity.World) error {
		if !w.HostTimeIsReal() {
			return errors.New("under a Virtual clock simulated time stands still while somebody waits for the server in a socket read: add .Clock(simcity.Stepped())")
		}
		return ready(w, p.Client)
	}
	fault.Inject = p.inject
	return fault
}

func (p Pause) inject(_ context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
	client, err := clientOf(w, p.Client)
	if err != nil {
		return nil, err
	}
	mode := "all"
	if p.WritesOnly {
		mode = "write"
	}
	off := w.OnSeam(func(_ context.Context, seam string) (time.Duration, error) {
		if strings.HasPrefix(seam, "redis ") {
			touched.Add(1)
		}
		return 0, nil
	})
	err = visit(client, func(ctx context.Context, server *redis.Client) error {
		return server.Do(ctx, "client", "pause", p.Longest.Milliseconds(), mode).Err()
	})
	if err != nil {
		off()
		return nil, err
	}
	return func(context.Context) error {
		off()
		return visit(client, func(ctx context.Context, server *redis.Client) error { return server.ClientUnpause(ctx).Err() })
	}, nil
}
