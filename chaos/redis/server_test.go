package redis_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/parts"
)

// TestMain stops the server that tests started.
func TestMain(m *testing.M) {
	code := m.Run()
	if server.stop != nil {
		server.stop()
	}
	os.Exit(code)
}

// server is the throwaway Redis of this process.
var server struct {
	once    sync.Once
	options *redis.Options
	missing bool
	err     error
	stop    func()
}

// realServer is how to reach a real server: the one that REDIS_URL names, or one
// that the first test to ask starts. Tests that use it pause and disconnect
// everybody, so none of them is parallel. It is called outside of bubbles.
func realServer(t *testing.T) *redis.Options {
	t.Helper()
	server.once.Do(startServer)
	if server.missing {
		parts.Demand(t, "redis", exec.ErrNotFound)
		t.Skip("no Redis: redis-server is not in PATH, and REDIS_URL is not set")
	}
	require.NoError(t, server.err)
	options := *server.options
	return &options
}

func startServer() {
	if url := os.Getenv("REDIS_URL"); url != "" {
		server.options, server.err = redis.ParseURL(url)
		return
	}
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		server.missing = true
		return
	}
	home, err := os.MkdirTemp("/tmp", "simcity-redis-")
	if err != nil {
		server.err = err
		return
	}
	socket := filepath.Join(home, "socket")
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, binary, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", home)
	if server.err = command.Start(); server.err != nil {
		stop()
		return
	}
	server.stop = func() {
		stop()
		_ = command.Wait()
		_ = os.RemoveAll(home)
	}
	server.options = &redis.Options{Network: "unix", Addr: socket}
	server.err = awaitServer(ctx)
}

// awaitServer waits until the server answers.
func awaitServer(ctx context.Context) error {
	options := *server.options
	options.MaxRetries, options.MinRetryBackoff, options.MaxRetryBackoff = 100, 20*time.Millisecond, 50*time.Millisecond
	client := redis.NewClient(&options)
	defer func() { _ = client.Close() }()
	if err := client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("redis-server does not answer: %w", err)
	}
	return nil
}
