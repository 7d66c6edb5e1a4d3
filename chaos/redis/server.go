package redis

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/bookiji/simcity/simcity"
)

// clientKey finds the host's client in its world.
type clientKey struct{}

// Offer tells faults which server the host uses, by its client. Call it in the
// factory of [simcity.InProcess], where the client is made.
func Offer(w *simcity.World, client redis.UniversalClient) { w.SetValue(clientKey{}, client) }

// clientOf is the client of a fault in a world: its own, or the host's.
func clientOf(w *simcity.World, own redis.UniversalClient) (redis.UniversalClient, error) {
	if own != nil {
		return own, nil
	}
	if offered, ok := w.Value(clientKey{}).(redis.UniversalClient); ok && offered != nil {
		return offered, nil
	}
	return nil, errors.New("the host offers no Redis: call redis.Offer(w, client) in its factory, or set the fault's Client")
}

// visit runs do for each server that holds data, with a client of our own, which
// has one connection and no seams. Its context carries neither an actor nor an
// end: faults pass no seams and leave nothing half undone.
func visit(client redis.UniversalClient, do func(ctx context.Context, server *redis.Client) error) error {
	ctx := context.Background()
	switch client := client.(type) {
	case *redis.Client:
		return alone(ctx, client, do)
	case *redis.ClusterClient:
		return client.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error { return alone(ctx, master, do) })
	case *redis.Ring:
		return client.ForEachShard(ctx, func(ctx context.Context, shard *redis.Client) error { return alone(ctx, shard, do) })
	}
	return fmt.Errorf("faults know no client of type %T: give a *redis.Client, *redis.ClusterClient or *redis.Ring", client)
}

func alone(ctx context.Context, client *redis.Client, do func(ctx context.Context, server *redis.Client) error) error {
	options := *client.Options()
	options.PoolSize, options.MinIdleConns, options.MaxIdleConns = 1, 0, 0
	options.MaxRetries = -1
	options.ReadTimeout = -1 // a paused server answers in the end
	options.PushNotificationProcessor = nil
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	server := redis.NewClient(&options)
	return errors.Join(do(ctx, server), server.Close())
}

// ready reports why the host's servers cannot be reached.
func ready(w *simcity.World, own redis.UniversalClient) error {
	client, err := clientOf(w, own)
	if err != nil {
		return err
	}
	return visit(client, func(ctx context.Context, server *redis.Client) error {
		if err := server.Ping(ctx).Err(); err != nil {
			return fmt.Errorf("the server does not answer: %w", err)
		}
		return nil
	})
}
