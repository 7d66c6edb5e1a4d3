package redis

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/bookiji/simcity/simcity"
)

// AddSeams puts a seam before every command of a client: "redis get", "redis
// set", and "redis pipeline" or "redis multi" before a pipeline as a whole, since
// its commands go to the server together. Call it before the client is used.
//
// A seam keeps nobody waiting: Redis holds no locks between commands, and a WATCH
// is no lock. So the same seams serve every clock.
func AddSeams(client redis.UniversalClient) { client.AddHook(hook{}) }

// hook yields before commands.
type hook struct{}

func (hook) DialHook(next redis.DialHook) redis.DialHook {
	return next
}

func (hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, command redis.Cmder) error {
		if err := yield(ctx, command.Name()); err != nil {
			command.SetErr(err)
			return err
		}
		return next(within(ctx), command)
	}
}

func (hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, commands []redis.Cmder) error {
		name := "pipeline"
		if len(commands) > 0 && commands[0].Name() == "multi" {
			name = "multi"
		}
		if err := yield(ctx, name); err != nil {
			for _, command := range commands {
				command.SetErr(err)
			}
			return err
		}
		return next(within(ctx), commands)
	}
}

// withinKey marks what a command does itself. The first one on a new connection
// also greets the server, by commands that come to the hook as well, but with the
// client's locks held: nobody may be parked there.
type withinKey struct{}

func within(ctx context.Context) context.Context { return context.WithValue(ctx, withinKey{}, true) }

func yield(ctx context.Context, name string) error {
	if ctx.Value(withinKey{}) != nil {
		return nil
	}
	return simcity.Yield(ctx, "redis "+name)
}
