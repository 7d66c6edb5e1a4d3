// Package redis breaks Redis for real under a simulated city, and puts seams
// before the commands of hosts that use go-redis: places where other citizens may
// go first, which is how races between a read and a write are found, and where
// faults delay a command or fail it.
//
//	simcity.InProcess(func(w *simcity.World) (http.Handler, error) {
//		client := redis.NewClient(options)    // github.com/redis/go-redis/v9
//		chaosredis.AddSeams(client)           // this package
//		chaosredis.Offer(w, client)           // for the faults
//		w.OnClose(func(context.Context) error { return client.Close() })
//		return newApp(client), nil
//	})
//
// # Faults
//
//   - [Flush] (FLUSH_REDIS) deletes a share of the keys; [FlushHook] is the same
//     as a function, for a host's own chaos hook
//   - [DropConnections] (DROP_REDIS_CONNECTIONS) ends everybody's connections,
//     once or again and again
//   - [Pause] (PAUSE_REDIS) keeps everybody waiting, under a Stepped or Paced
//     clock
//
// [Kinds] makes them known to commands.
//
// They work through a connection of their own, made from the options of the
// host's client, so that they work while its pool is broken, and pass no seams.
// Clusters and rings are visited server by server.
//
// # Seams
//
// They are named "redis " and the command: "redis get", "redis set"; a pipeline
// is one seam, "redis pipeline", or "redis multi" with a transaction around it.
// What a client says on a new connection passes none. A fault that fails a seam
// gives its error to the host as it is, on every command of a pipeline; nothing
// was sent then.
//
// A command needs the context of its request: it carries the citizen for whom the
// command runs. Commands that block (BLPOP, XREAD BLOCK, subscriptions) sit in a
// socket read, where a Virtual clock stands still: run such hosts Stepped.
//
// # Time
//
// Under a Virtual clock go-redis counts idle time and lifetimes in simulated
// time: set ConnMaxIdleTime to -1, and leave ConnMaxLifetime alone, if a
// connection is to survive a quiet night. Keys expire on the server's clock, which
// is real: a minute's TTL outlives a simulated day. Tests of expiry need a fake
// server whose clock they turn.
//
// # Limits
//
// A fault strikes the server, with everybody who uses it: give each test its own,
// or its own keys with [Flush].Match. A pause of all commands cannot be lifted
// before its time, since the server keeps that command waiting too.
package redis
